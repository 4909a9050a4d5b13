//! The API: what pools there are, what a pool's domain is and which scopes its resource servers have.
//!
//! [API reference](https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_Operations.html).

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use serde::Deserialize;
use serde_json::{Value, json};

use super::page::{Limit, constraint_error};
use super::pool::{self, Pool};
use super::{Account, Cognito, ResourceServer};
use crate::aws::json::{Api, Call, Failure, epoch};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Question {
    #[serde(default)]
    user_pool_id: Option<String>,
    #[serde(default)]
    max_results: Option<i64>,
    #[serde(default)]
    next_token: Option<String>,
}

pub(super) fn router(cognito: Cognito) -> Router {
    Router::new().route("/", any(answer)).with_state(cognito)
}

async fn answer(State(cognito): State<Cognito>, request: Request) -> Response {
    let account = &*cognito.0;
    let perform = |call: &Call| match call.operation.as_str() {
        "ListUserPools" => account.list_user_pools(call),
        "DescribeUserPool" => account.describe_user_pool(call),
        "ListResourceServers" => account.list_resource_servers(call),
        _ => Err(Failure::UnknownOperation),
    };
    Api::CognitoIdp.answer(&account.facts, request, perform).await
}

impl Account {
    fn list_user_pools(&self, call: &Call) -> Result<Value, Failure> {
        let question: Question = call.input()?;
        let size = Limit::UserPools.size(question.max_results)?;
        call.is_allowed("cognito-idp:ListUserPools", "*")?;
        let pools = if call.is_at_home(&self.facts) { &self.pools[..] } else { &[] };
        let (page, next) = self.pages.page("user pools", pools, size, question.next_token.as_deref())?;
        let made = epoch(self.facts.started);
        let describe = |pool: &Pool| {
            let (id, name) = (&pool.facts.id, &pool.facts.name);
            json!({"Id": id, "Name": name, "LambdaConfig": {}, "CreationDate": made, "LastModifiedDate": made})
        };
        Ok(listing("UserPools", &page.iter().map(describe).collect::<Vec<_>>(), next))
    }

    fn describe_user_pool(&self, call: &Call) -> Result<Value, Failure> {
        let question: Question = call.input()?;
        let pool = self.asked(call, "cognito-idp:DescribeUserPool", question.pool()?)?;
        let made = epoch(self.facts.started);
        let mut document = json!({
            "Id": pool.facts.id,
            "Name": pool.facts.name,
            "Arn": pool.arn,
            "LambdaConfig": {},
            "MfaConfiguration": "OFF",
            "EstimatedNumberOfUsers": 0,
            "CreationDate": made,
            "LastModifiedDate": made,
        });
        for (field, domain) in [("Domain", &pool.facts.domain), ("CustomDomain", &pool.facts.custom_domain)] {
            if let Some(domain) = domain {
                document[field] = json!(domain);
            }
        }
        Ok(json!({"UserPool": document}))
    }

    fn list_resource_servers(&self, call: &Call) -> Result<Value, Failure> {
        let question: Question = call.input()?;
        let id = question.pool()?;
        let size = Limit::ResourceServers.size(question.max_results)?;
        let servers = &self.asked(call, "cognito-idp:ListResourceServers", id)?.facts.resource_servers;
        let (page, next) = self.pages.page(id, servers, size, question.next_token.as_deref())?;
        let describe = |server: &ResourceServer| {
            let scopes = server.scopes.iter().map(|name| json!({"ScopeName": name, "ScopeDescription": name}));
            json!({
                "UserPoolId": id,
                "Identifier": server.identifier,
                "Name": server.name,
                "Scopes": scopes.collect::<Vec<_>>(),
            })
        };
        Ok(listing("ResourceServers", &page.iter().map(describe).collect::<Vec<_>>(), next))
    }

    fn asked(&self, call: &Call, action: &str, id: &str) -> Result<&Pool, Failure> {
        let arn = pool::arn(&call.region, &call.caller.role.account, id);
        call.is_allowed(action, &arn)?;
        let pool = self.pool(id).filter(|_| call.is_at_home(&self.facts));
        pool.ok_or_else(|| Failure::exception("ResourceNotFoundException", format!("User pool {id} does not exist.")))
    }
}

impl Question {
    // botocore, data/cognito-idp/2016-04-18/service-2.json, `UserPoolIdType`.
    fn pool(&self) -> Result<&str, Failure> {
        let complaint = match self.user_pool_id.as_deref() {
            None => "Value null at 'userPoolId' failed to satisfy constraint: Member must not be null".to_owned(),
            Some(id) if id.len() > 55 => {
                let constraint = "Member must have length less than or equal to 55";
                format!("Value '{id}' at 'userPoolId' failed to satisfy constraint: {constraint}")
            }
            Some(id) if !is_pool_id(id) => {
                let constraint = r"Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+";
                format!("Value '{id}' at 'userPoolId' failed to satisfy constraint: {constraint}")
            }
            Some(id) => return Ok(id),
        };
        Err(constraint_error(&complaint))
    }
}

/// Whether a text is `[\w-]+_[0-9a-zA-Z]+`.
pub(super) fn is_pool_id(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    text.rsplit_once('_').is_some_and(|(region, name)| {
        let filled = !region.is_empty() && !name.is_empty();
        filled && region.bytes().all(is_word) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn listing(name: &str, page: &[Value], next: Option<String>) -> Value {
    let mut document = json!({name: page});
    if let Some(next) = next {
        document["NextToken"] = next.into();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_id_is_a_region_and_a_name() {
        for (text, is_one) in [
            ("us-east-1_Artifacts", true),
            ("a_b", true),
            ("us-east-1", false),
            ("_abc", false),
            ("us-east-1_", false),
            ("us-east-1_a-b", false),
            ("us east_1", false),
        ] {
            assert_eq!(is_pool_id(text), is_one, "{text}");
        }
    }
}
