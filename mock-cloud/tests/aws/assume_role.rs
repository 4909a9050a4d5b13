//! `AssumeRole`: sessions that sessions open, asked for by the SDK's signer.

use mock_cloud::World;
use mock_cloud::aws::AwsWorld;
use serde_json::Value;

use crate::instance::Instance;
use crate::question::{For, Question, credentials, element, error, form};
use crate::wire::Answer;

pub(crate) const TARGET: &str = "arn:aws:iam::111122223333:role/teams/pull/target";
pub(crate) const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0";
const CROSS: &str = "arn:aws:iam::444455556666:role/cross-account-pull";

const WORLD: &str = "
aws:
  otherRoles:
    - name: target
      path: /teams/pull/
      maxSessionDuration: 43200
      trust: &trust
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/artifactory-pull}
          Action: sts:AssumeRole
    - name: brief
      trust: *trust
    - name: next
      maxSessionDuration: 43200
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/teams/pull/target}
          Action: sts:AssumeRole
";

pub(crate) fn world(yaml: &str) -> AwsWorld {
    World::from_yaml(yaml).unwrap().aws
}

/// What `AssumeRole` answers to these parameters.
pub(crate) fn assume_as(credentials: &Value, instance: &Instance, parameters: &[(&str, &str)]) -> Answer {
    let call = [("Action", "AssumeRole"), ("Version", "2011-06-15")];
    let body = form(&[call.as_slice(), parameters].concat());
    let content_type = Some("application/x-www-form-urlencoded");
    let question = Question { method: "POST", query: "", content_type, body: &body, ..Question::default() };
    question.ask_as(credentials, instance)
}

pub(crate) fn assume(instance: &Instance, parameters: &[(&str, &str)]) -> Answer {
    assume_as(&instance.credentials(), instance, parameters)
}

fn opened(instance: &Instance, role_arn: &str) -> Value {
    let answer = assume(instance, &[("RoleArn", role_arn), ("RoleSessionName", "pull-1")]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    credentials(&answer)
}

fn denial(caller: &str, action: &str, role_arn: &str) -> String {
    format!("User: {caller} is not authorized to perform: {action} on resource: {role_arn}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_role_opens_a_session_whichever_way_it_asks() {
    let instance = Instance::start(world(WORLD)).await;
    let parameters = form(&[
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", TARGET),
        ("RoleSessionName", "pull-1"),
    ]);
    let form = Some("application/x-www-form-urlencoded");
    let get = Question { query: &parameters, ..Question::default() };
    let post = Question { method: "POST", query: "", content_type: form, body: &parameters, ..Question::default() };
    for signed_for in [For::Region("us-east-1"), For::Regions("us-*")] {
        for question in [Question { signed_for, ..get }, Question { signed_for, ..post }] {
            let answer = question.ask(&instance);
            assert_eq!(answer.status, 200, "{}", answer.body);
            let id = answer.header("x-amzn-requestid").unwrap();
            let [role_id, key, secret, token, end] =
                ["AssumedRoleId", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]
                    .map(|name| element(&answer, name));
            assert_eq!(
                answer.body,
                format!(
                    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
                     <AssumeRoleResult>\n    <AssumedRoleUser>\n      \
                     <AssumedRoleId>{role_id}</AssumedRoleId>\n      \
                     <Arn>arn:aws:sts::111122223333:assumed-role/target/pull-1</Arn>\n    </AssumedRoleUser>\n    \
                     <Credentials>\n      <AccessKeyId>{key}</AccessKeyId>\n      \
                     <SecretAccessKey>{secret}</SecretAccessKey>\n      <SessionToken>{token}</SessionToken>\n      \
                     <Expiration>{end}</Expiration>\n    </Credentials>\n  </AssumeRoleResult>\n  \
                     <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n\
                     </AssumeRoleResponse>\n"
                )
            );
            assert!(key.starts_with("ASIA") && key.len() == 20 && secret.len() == 40 && token.len() > 100);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_session_is_known_by_its_own_name_until_it_ends() {
    let instance = Instance::start(world(WORLD)).await;
    let answer =
        assume(&instance, &[("RoleArn", TARGET), ("RoleSessionName", "p_+=,.@-1"), ("DurationSeconds", "900")]);
    let session = credentials(&answer);
    let identity = Question::default().ask_as(&session, &instance);
    assert_eq!(element(&identity, "Arn"), "arn:aws:sts::111122223333:assumed-role/target/p_+=,.@-1");
    assert_eq!(element(&identity, "UserId"), element(&answer, "AssumedRoleId"));
    assert_eq!(element(&identity, "Account"), "111122223333");
    let (role_id, name) = element(&identity, "UserId").split_once(':').unwrap();
    assert!(role_id.starts_with("AROA") && role_id.len() == 21);
    assert_eq!(name, "p_+=,.@-1");
    instance.advance(890);
    assert_eq!(Question::default().ask_as(&session, &instance).status, 200);
    instance.advance(10);
    let answer = Question::default().ask_as(&session, &instance);
    assert_eq!(error(&answer), (403, "ExpiredToken", "The security token included in the request is expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_one_session_and_the_token_of_another_are_unknown() {
    let instance = Instance::start(world(WORLD)).await;
    let (mut mixed, other) = (opened(&instance, TARGET), opened(&instance, TARGET));
    mixed["Token"] = other["Token"].clone();
    let answer = Question::default().ask_as(&mixed, &instance);
    assert_eq!(error(&answer).1, "InvalidClientTokenId");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_is_looked_at_before_anything_else() {
    let instance = Instance::start(world(WORLD)).await;
    let query = form(&[("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", "x")]);
    let question = Question { query: &query, ..Question::default() };
    assert_eq!(error(&question.send(&instance, &[])).1, "MissingAuthenticationToken");
    let mut guessed = instance.credentials();
    guessed["SecretAccessKey"] = "guess".into();
    assert_eq!(error(&question.ask_as(&guessed, &instance)).1, "SignatureDoesNotMatch");
    guessed["Token"] = "guess".into();
    assert_eq!(error(&question.ask_as(&guessed, &instance)).1, "InvalidClientTokenId");
    let stale = instance.credentials();
    instance.advance(7 * 3600);
    assert_eq!(error(&question.ask_as(&stale, &instance)).1, "ExpiredToken");
    assert_eq!(error(&question.ask(&instance)).1, "ValidationError");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_denial_answers_a_role_that_does_not_exist_and_one_that_trusts_others() {
    let instance = Instance::start(world(WORLD)).await;
    for role_arn in [
        "arn:aws:iam::111122223333:role/nobody",
        "arn:aws:iam::111122223333:role/target",
        "arn:aws:iam::111122223333:role/next",
        "arn:aws:iam::999999999999:role/teams/pull/target",
        "arn:aws-cn:iam::111122223333:role/teams/pull/target",
    ] {
        let answer = assume(&instance, &[("RoleArn", role_arn), ("RoleSessionName", "pull-1")]);
        assert_eq!(error(&answer), (403, "AccessDenied", denial(CALLER, "sts:AssumeRole", role_arn).as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_the_next_one_as_the_role_that_it_is() {
    let instance = Instance::start(world(WORLD)).await;
    let session = opened(&instance, TARGET);
    let ask = |role_arn| assume_as(&session, &instance, &[("RoleArn", role_arn), ("RoleSessionName", "pull-2")]);
    let answer = ask("arn:aws:iam::111122223333:role/next");
    assert_eq!(element(&answer, "Arn"), "arn:aws:sts::111122223333:assumed-role/next/pull-2");
    let caller = "arn:aws:sts::111122223333:assumed-role/target/pull-1";
    assert_eq!(error(&ask(TARGET)).2, denial(caller, "sts:AssumeRole", TARGET));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_as_long_as_the_role_and_the_chain_allow() {
    let instance = Instance::start(world(WORLD)).await;
    let brief = "arn:aws:iam::111122223333:role/brief";
    let range = "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member \
                 must have value less than or equal to 43200";
    let role = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    let chain = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    for (role_arn, seconds, expected) in [
        (TARGET, None, Ok(3600)),
        (TARGET, Some("900"), Ok(900)),
        (TARGET, Some("3600"), Ok(3600)),
        (TARGET, Some("+900"), Ok(900)),
        (TARGET, Some("0900"), Ok(900)),
        (TARGET, Some("3601"), Err(chain)),
        (TARGET, Some("43200"), Err(chain)),
        (TARGET, Some("43201"), Err(range)),
        (brief, Some("3600"), Ok(3600)),
        (brief, Some("3601"), Err(role)),
        (brief, Some("43201"), Err(range)),
    ] {
        let duration = seconds.map(|seconds| ("DurationSeconds", seconds));
        let parameters = [("RoleArn", role_arn), ("RoleSessionName", "pull-1")].into_iter().chain(duration);
        let before = instance.kit.clock.unix();
        let answer = assume(&instance, &parameters.collect::<Vec<_>>());
        match expected {
            Ok(lifetime) => {
                let end = crate::renewal::unix(element(&answer, "Expiration"));
                assert!((lifetime..lifetime + 3).contains(&(end - before)), "{seconds:?}");
            }
            Err(message) => assert_eq!(error(&answer), (400, "ValidationError", message), "{seconds:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_wants_the_external_id_that_was_agreed_upon() {
    let instance = Instance::start(AwsWorld::default()).await;
    let ask = |external_ids: &[&str]| {
        let ids = external_ids.iter().map(|id| ("ExternalId", *id));
        let parameters = [("RoleArn", CROSS), ("RoleSessionName", "pull-1")].into_iter().chain(ids);
        assume(&instance, &parameters.collect::<Vec<_>>())
    };
    for ids in [&["artifactory-external-id"][..], &["artifactory-external-id", "wrong"]] {
        let answer = ask(ids);
        assert_eq!(element(&answer, "Arn"), "arn:aws:sts::444455556666:assumed-role/cross-account-pull/pull-1");
        assert!(!answer.body.contains("artifactory-external-id"));
        let identity = Question::default().ask_as(&credentials(&answer), &instance);
        assert_eq!(element(&identity, "Account"), "444455556666");
    }
    for ids in [&[][..], &["wrong"], &["wrong", "artifactory-external-id"], &["Artifactory-External-Id"]] {
        let answer = ask(ids);
        assert_eq!(error(&answer), (403, "AccessDenied", denial(CALLER, "sts:AssumeRole", CROSS).as_str()), "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_policy_is_not_passed_over_in_silence() {
    let instance = Instance::start(world(WORLD)).await;
    for parameter in ["Policy", "PolicyArns.member.1.arn", "SerialNumber", "TokenCode", "ProvidedContexts.member.1.x"] {
        let answer = assume(&instance, &[("RoleArn", TARGET), ("RoleSessionName", "pull-1"), (parameter, "{}")]);
        assert_eq!(error(&answer).0, 501, "{parameter}");
    }
}
