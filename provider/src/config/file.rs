//! Configuration by file: several routes, in YAML or JSON, with the kubelet's way of writing keys.
//!
//! What a route leaves out is the environment's, where a variable means the same: the file wins.

use std::time::Duration;

use super::{
    Config, ConfigError, DEFAULT_DEADLINE, Environment, Route, RouteProblem, environment, identity_order, similar,
};
use crate::access::Access;
use crate::artifactory::OidcProvider;
use crate::http::Transport;
use crate::identity::Identities;
use crate::image::{ImagePattern, Images};
use crate::kubelet::parse_go_duration;
use crate::response::ResponsePolicy;

mod aws;
mod azure;
mod combined;
mod gcp;
mod identity;
mod kubernetes;
mod proxy;
mod response;
#[cfg(test)]
mod schema;
mod shape;
mod static_route;
mod telemetry;
mod tls;

pub(super) use proxy::KEY as PROXY_KEY;

use response::ResponseShape;
use shape::{FileShape, IdentityShape, OidcProviderShape, RouteShape};

/// Reads a configuration file.
pub(super) fn parse(text: &str, environment: &Environment) -> Result<Config, ConfigError> {
    let shape: FileShape = serde_saphyr::from_str(text).map_err(|error| syntax(&error))?;
    if shape.routes.is_empty() {
        return Err(ConfigError::NoRoute);
    }
    let routes =
        shape.routes.into_iter().enumerate().map(|(index, route)| route.into_route(Place(index + 1), environment));
    let routes = routes.collect::<Result<Vec<_>, _>>()?;
    super::routing::refuse_overlap(&routes)?;
    let deadline = match shape.deadline {
        Some(text) => duration("deadline", &text)?.min(DEFAULT_DEADLINE),
        None => environment::deadline(environment),
    };
    let telemetry = telemetry::settings(shape.telemetry, environment)?;
    Ok(Config { telemetry, ..Config::of(routes, deadline, environment)? })
}

/// The parser's words with the place, without the excerpt of the file: it may hold a password.
fn syntax(error: &serde_saphyr::Error) -> ConfigError {
    use serde_saphyr::Error::{SerdeUnknownField, SerdeUnknownVariant};
    let error = error.without_snippet();
    let (word, known) = match error {
        SerdeUnknownField { field, expected, .. } => (field, expected),
        SerdeUnknownVariant { variant, expected, .. } => (variant, expected),
        other => return ConfigError::Syntax { cause: other.to_string() },
    };
    let line = error.location().map_or(0, |location| location.line());
    ConfigError::UnknownWord {
        word: shown(word),
        line,
        similar: similar(word, known.iter().copied()),
        known: known.join(", "),
    }
}

/// A word of the file, unless it does not look like one: what stands in a key's place may be a password without its
/// key.
fn shown(word: &str) -> String {
    let is_word = word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if is_word { format!("`{word}`") } else { "what stands as a key".to_owned() }
}

fn duration(name: &'static str, text: &str) -> Result<Duration, ConfigError> {
    let number =
        || ConfigError::Number { name, value: text.to_owned(), expected: "a positive duration such as `30s` or `5h`" };
    parse_go_duration(text).ok().filter(|length| length.as_secs() > 0).ok_or_else(number)
}

/// A route's place in the file, from 1, as errors name it.
#[derive(Clone, Copy)]
struct Place(usize);

impl Place {
    fn wrong(self, problem: RouteProblem) -> ConfigError {
        ConfigError::Route { route: self.0, problem }
    }

    fn filled(self, key: &'static str, value: String) -> Result<String, ConfigError> {
        if value.is_empty() { Err(self.wrong(RouteProblem::Empty(key))) } else { Ok(value) }
    }
}

impl RouteShape {
    fn into_route(mut self, place: Place, environment: &Environment) -> Result<Route, ConfigError> {
        let provider = self.oidc_provider.take();
        let identities = match (self.identity.take(), self.identities.take(), self.fixed.take()) {
            (Some(identity), None, None) => own_identities(vec![identity], provider, place, environment)?,
            (None, Some(identities), None) => own_identities(identities, provider, place, environment)?,
            (None, None, Some(fixed)) => {
                self.oidc_provider = provider;
                return fixed.into_route(self, place);
            }
            (None, None, None) if environment::names_an_identity(environment) => {
                combined::identities(provider, place, environment)?
            }
            _ => return Err(place.wrong(RouteProblem::Access)),
        };
        self.into_exchange(identities, place, environment)
    }

    fn into_exchange(
        self,
        identities: Identities,
        place: Place,
        environment: &Environment,
    ) -> Result<Route, ConfigError> {
        let artifactory = match (&self.artifactory_url, environment.value("artifactory_url")) {
            (Some(address), _) => super::artifactory_url("artifactoryUrl", address)?,
            (None, Some(address)) => super::artifactory_url("artifactory_url", address)?,
            (None, None) => return Err(place.wrong(RouteProblem::ArtifactoryUrl)),
        };
        match (artifactory.is_exposed(), self.insecure.unwrap_or_default()) {
            (true, false) => return Err(place.wrong(RouteProblem::Exposed)),
            (false, true) => return Err(place.wrong(RouteProblem::Unused("insecure"))),
            _ => {}
        }
        let images = patterns(&self.match_images.unwrap_or_else(|| vec![artifactory.host().to_owned()]), place)?;
        let order = match &self.identity_order {
            Some(word) => identity_order("identityOrder", Some(word))?,
            None => environment::identity_order(environment)?,
        };
        let tls = tls::tls(self.tls, artifactory.scheme(), place, environment)?;
        let proxies = proxy::proxies(self.proxy, artifactory.scheme(), environment)?;
        let transport = Transport { tls, proxies };
        let access = Access::Exchange { artifactory, transport, identities, order };
        let response = response_policy(self.response)?;
        Ok(Route { images: Images::Matching(images), access, response })
    }
}

fn response_policy(shape: Option<ResponseShape>) -> Result<ResponsePolicy, ConfigError> {
    shape.map_or_else(|| Ok(ResponsePolicy::default()), ResponseShape::into_policy)
}

/// The identities that the route itself names.
fn own_identities(
    shapes: Vec<IdentityShape>,
    provider: Option<OidcProviderShape>,
    place: Place,
    environment: &Environment,
) -> Result<Identities, ConfigError> {
    if shapes.is_empty() {
        return Err(place.wrong(RouteProblem::Empty("identities")));
    }
    if provider.is_some() && !shapes.iter().any(IdentityShape::needs_provider) {
        return Err(place.wrong(RouteProblem::Unused("oidcProvider")));
    }
    let provider = combined::provider(provider, place, environment)?;
    let context = RouteContext { place, provider: provider.as_ref(), environment };
    let identities = shapes.into_iter().map(|shape| shape.into_source(&context));
    identities.collect::<Result<_, _>>().map(Identities::Named)
}

fn patterns(entries: &[String], place: Place) -> Result<Vec<ImagePattern>, ConfigError> {
    if entries.is_empty() {
        return Err(place.wrong(RouteProblem::Empty("matchImages")));
    }
    let hub = |entry: &String| entry.trim_start_matches("https://").starts_with("index.docker.io");
    if entries.iter().any(hub) {
        return Err(place.wrong(RouteProblem::DockerHub));
    }
    entries.iter().map(|entry| ImagePattern::parse(entry).map_err(ConfigError::Pattern)).collect()
}

/// What the identities of one route share.
struct RouteContext<'a> {
    place: Place,
    provider: Option<&'a OidcProvider>,
    environment: &'a Environment,
}

impl RouteContext<'_> {
    /// The OIDC provider, for an identity whose proof is an ID token.
    fn provider(&self) -> Result<OidcProvider, ConfigError> {
        self.provider.cloned().ok_or_else(|| self.place.wrong(RouteProblem::OidcProvider))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifactory::TokenForm;
    use crate::endpoints::AzureCloud;
    use crate::identity::IdentitySource;
    use crate::identity::azure::{ClientChoice, IdentityChoice};

    fn read(text: &str) -> Result<Config, ConfigError> {
        parse(text, &Environment::default())
    }

    const EVERYTHING: &str = r#"
deadline: 40s
routes:
  - artifactoryUrl: aws.example.com
    identity:
      awsInstanceRole: {roleName: node, region: eu-central-1, tokenLifetime: 2h}
  - matchImages: ["azure.example.com", "*.azure.example.com:5000/team"]
    artifactoryUrl: azure.example.com
    tls: {caFile: /etc/ssl/private-ca.pem}
    identity:
      azureManagedIdentity: {resource: "api://app", clientId: pool}
    oidcProvider: {name: azure, type: Azure, audience: "jfrt@*", identityMappingName: nodes, projectKey: p1, includeReferenceToken: true}
  - artifactoryUrl: google.example.com
    identity:
      gcpMetadata: {audience: artifactory, serviceAccount: puller@demo.iam.gserviceaccount.com}
    oidcProvider: {name: google}
  - matchImages: ["static.example.com"]
    static: {username: robot, passwordFile: /etc/robot}
"#;

    #[test]
    fn every_key_reaches_the_configuration() {
        let config = read(EVERYTHING).expect("a configuration");
        assert_eq!(config.deadline, Duration::from_secs(40));
        let served = |image: &str| {
            config.routes.iter().position(|route| route.serves(&crate::image::ImageRef::parse(image).expect(image)))
        };
        assert_eq!(served("aws.example.com/x"), Some(0));
        assert_eq!(served("a.azure.example.com:5000/team/x"), Some(1));
        assert_eq!(served("google.example.com/x"), Some(2));
        assert_eq!(served("static.example.com/x"), Some(3));
        assert_eq!(served("evil.example.com/x"), None);
        let Access::Exchange { transport, identities: Identities::Named(identities), .. } = &config.routes[1].access
        else {
            panic!("an exchange")
        };
        assert_eq!(transport.tls.roots, crate::http::Roots::file("/etc/ssl/private-ca.pem".into()));
        let IdentitySource::AzureManagedIdentity(identity) = &identities[0] else { panic!("azure") };
        assert_eq!(identity.provider.provider_type, "Azure");
        assert_eq!(identity.provider.identity_mapping_name.as_deref(), Some("nodes"));
        assert_eq!(identity.provider.project_key.as_deref(), Some("p1"));
        assert_eq!(identity.provider.token_form, TokenForm::ReferenceToken);
    }

    #[test]
    fn the_azure_identities_are_read_with_every_key() {
        let route = |identity: &str| {
            let text =
                format!("routes: [{{artifactoryUrl: a.b, identity: {{{identity}}}, oidcProvider: {{name: p}}}}]");
            let access = read(&text).expect(identity).routes.remove(0).access;
            let Access::Exchange { identities: Identities::Named(mut identities), .. } = access else {
                panic!("an exchange")
            };
            identities.remove(0)
        };
        for (keys, choice) in [
            ("", IdentityChoice::Default),
            ("clientId: c", IdentityChoice::ClientId("c".to_owned())),
            ("objectId: o", IdentityChoice::ObjectId("o".to_owned())),
            ("resourceId: /r", IdentityChoice::ResourceId("/r".to_owned())),
        ] {
            let federated = format!(
                "azureFederated: {{tenantId: t, clientId: app, managedIdentity: {{{keys}}}, audience: a, resource: r, cloud: AzureUSGovernment}}"
            );
            let IdentitySource::AzureFederated(identity) = route(&federated) else { panic!("federated") };
            assert_eq!((identity.tenant.as_str(), identity.client_id.as_str()), ("t", "app"));
            assert_eq!((identity.audience.as_deref(), identity.resource.as_deref()), (Some("a"), Some("r")));
            assert_eq!((identity.identity, identity.cloud), (choice, Some(AzureCloud::UsGovernment)));
        }
        let workload = "azureWorkloadIdentity: {tenantId: t, clientId: app, resource: r, cloud: AzureCloud}";
        let IdentitySource::AzureWorkloadIdentity(identity) = route(workload) else { panic!("workload identity") };
        assert_eq!(identity.client, ClientChoice::Route("app".to_owned()));
        assert_eq!((identity.resource.as_deref(), identity.cloud), (Some("r"), Some(AzureCloud::Public)));
    }

    #[test]
    fn json_is_read_as_well() {
        let text = r#"{"routes":[{"matchImages":["r.example.com"],"static":{"username":"u","token":"t"}}]}"#;
        assert_eq!(read(text).expect("a configuration").routes.len(), 1);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = read("routes:\n  - artifactoryUrl: a.example.com\n    identty: {}\n").expect_err("a misspelt key");
        let text = error.to_string();
        assert!(text.contains("identty") && text.contains("line 3"), "{text}");
    }

    #[test]
    fn a_syntax_error_does_not_show_the_file() {
        let error = read("routes:\n  - matchImages: [a]\n    static: {username: u, password: hunter2, : }\n")
            .expect_err("bad YAML");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_route_that_cannot_work_is_refused_with_its_place() {
        let oidc = "oidcProvider: {name: p}";
        let aws = "artifactoryUrl: a.example.com, identity: {awsInstanceRole: {}}";
        let fixed = "static: {username: u, password: p}";
        let table = [
            ("{}".to_owned(), RouteProblem::Access),
            (format!("{{{aws}, {fixed}}}"), RouteProblem::Access),
            (format!("{{{aws}, {oidc}}}"), RouteProblem::Unused("oidcProvider")),
            ("{identity: {awsInstanceRole: {}}}".to_owned(), RouteProblem::ArtifactoryUrl),
            (format!("{{{aws}, matchImages: []}}"), RouteProblem::Empty("matchImages")),
            (
                "{artifactoryUrl: a.example.com, identity: {gcpMetadata: {audience: x}}}".to_owned(),
                RouteProblem::OidcProvider,
            ),
            (
                format!("{{artifactoryUrl: a.example.com, identity: {{gcpMetadata: {{audience: ''}}}}, {oidc}}}"),
                RouteProblem::Empty("audience"),
            ),
            (
                format!(
                    "{{artifactoryUrl: a.b, identity: {{azureManagedIdentity: {{resource: r, clientId: c, objectId: o}}}}, {oidc}}}"
                ),
                RouteProblem::ManagedIdentity,
            ),
            (
                format!(
                    "{{artifactoryUrl: a.b, identity: {{azureFederated: {{tenantId: t, clientId: c, managedIdentity: {{objectId: ''}}}}}}, {oidc}}}"
                ),
                RouteProblem::Empty("objectId"),
            ),
            (
                "{artifactoryUrl: a.b, identity: {azureWorkloadIdentity: {tenantId: t}}}".to_owned(),
                RouteProblem::OidcProvider,
            ),
            (format!("{{{fixed}}}"), RouteProblem::MatchImages),
            (format!("{{matchImages: [a.b], artifactoryUrl: a.b, {fixed}}}"), RouteProblem::Unused("artifactoryUrl")),
            (format!("{{matchImages: [a.b], tls: {{caFile: /x}}, {fixed}}}"), RouteProblem::Unused("tls")),
            (
                "{artifactoryUrl: 'http://127.0.0.1:1', tls: {pins: []}, identity: {awsInstanceRole: {}}}".to_owned(),
                RouteProblem::Unused("tls"),
            ),
            ("{matchImages: [a.b], static: {username: u}}".to_owned(), RouteProblem::Password),
            ("{matchImages: [a.b], static: {username: u, password: ''}}".to_owned(), RouteProblem::Password),
            (
                "{matchImages: [a.b], static: {username: u, password: p, tokenFile: /x}}".to_owned(),
                RouteProblem::Password,
            ),
            ("{matchImages: [a.b], static: {username: '', password: p}}".to_owned(), RouteProblem::Username),
        ];
        for (route, problem) in table {
            let good = "{matchImages: [good.example.com], static: {username: u, password: p}}";
            let error = read(&format!("routes: [{good}, {route}]")).expect_err(&route);
            assert!(
                matches!(error, ConfigError::Route { route: 2, problem: found } if found == problem),
                "{route}: {error}"
            );
        }
    }

    #[test]
    fn a_configuration_without_routes_is_refused() {
        assert!(matches!(read("routes: []"), Err(ConfigError::NoRoute)));
        assert!(matches!(read(""), Err(ConfigError::Syntax { .. })));
        assert!(matches!(read("{}"), Err(ConfigError::Syntax { .. })));
    }

    #[test]
    fn durations_and_patterns_are_checked() {
        let with = |what: &str| read(&format!("routes: [{{artifactoryUrl: a.example.com, {what}}}]"));
        assert!(matches!(
            with("identity: {awsInstanceRole: {tokenLifetime: 5}}"),
            Err(ConfigError::Number { .. } | ConfigError::Syntax { .. })
        ));
        assert!(matches!(with("identity: {awsInstanceRole: {tokenLifetime: 0s}}"), Err(ConfigError::Number { .. })));
        assert!(matches!(with("identity: {awsInstanceRole: {region: '*'}}"), Err(ConfigError::Region { .. })));
        assert!(matches!(
            with("matchImages: ['a.b:*'], identity: {awsInstanceRole: {}}"),
            Err(ConfigError::Pattern(_))
        ));
    }
}
