//! Each variable that fills a key: alone, the key alone, and both, where the file wins. README's table has the same rows.

use std::time::Duration;

use crate::access::Access;
use crate::artifactory::OidcProvider;
use crate::config::{Config, ConfigError, DEFAULT_DEADLINE, Environment, RouteProblem, file};
use crate::identity::aws::{BaseCredentials, InstanceRole};
use crate::identity::{Identities, IdentityOrder, IdentitySource};

const README: &str = include_str!("../../../../../README.md");

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    file::parse(text, &variables.collect::<Environment>())
}

/// What a configuration has in a key's place.
type Seen = fn(&Config) -> Option<String>;

/// The first route's Artifactory, identities and order.
fn exchange(config: &Config) -> (&str, &[IdentitySource], IdentityOrder) {
    match &config.routes[0].access {
        Access::Exchange { artifactory, identities: Identities::Named(identities), order, .. } => {
            (artifactory.host(), identities, *order)
        }
        other => panic!("{other:?}"),
    }
}

fn provider(config: &Config) -> OidcProvider {
    match exchange(config).1 {
        [IdentitySource::ServiceAccountToken(identity)] => identity.provider.clone(),
        other => panic!("{other:?}"),
    }
}

fn instance_role(config: &Config) -> &InstanceRole {
    match exchange(config).1 {
        [IdentitySource::AwsInstanceRole(role)] => role,
        other => panic!("{other:?}"),
    }
}

fn audience(config: &Config) -> Option<String> {
    match exchange(config).1 {
        [IdentitySource::GcpMetadata(identity)] => Some(identity.audience.clone()),
        [IdentitySource::GcpImpersonation(identity)] => Some(identity.audience.clone()),
        [IdentitySource::GcpWorkloadIdentity(identity)] => Some(identity.audience.clone()),
        [IdentitySource::GcpApplicationDefault(identity)] => Some(identity.audience.clone()),
        [IdentitySource::AzureFederated(identity)] => identity.audience.clone(),
        other => panic!("{other:?}"),
    }
}

fn cognito_role(config: &Config) -> Option<String> {
    match exchange(config).1 {
        [IdentitySource::AwsCognito(cognito)] => match &cognito.base {
            BaseCredentials::InstanceRole(name) => name.clone(),
            BaseCredentials::Chain(_) => None,
        },
        other => panic!("{other:?}"),
    }
}

/// A file with `KEY` where the key may stand, the key as it is written there, the variable with its value, what is seen with
/// the variable, with the key, and with neither (`None`: there is no configuration).
struct Row {
    key: &'static str,
    file: &'static str,
    written: &'static str,
    variable: (&'static str, &'static str),
    seen: Seen,
    by_variable: &'static str,
    by_key: &'static str,
    by_neither: Option<&'static str>,
}

const TOKEN: &str = "{artifactoryUrl: a.b, identity: {serviceAccountToken: {}}, oidcProvider: {KEY}}";
const ROLE: &str = "{artifactoryUrl: a.b, identity: {awsInstanceRole: {KEY}}}";
/// What stands for a key that has no value.
const NOTHING: &str = "nothing";

fn rows() -> Vec<Row> {
    vec![
        Row {
            key: "artifactoryUrl",
            file: "{KEY, identity: {awsInstanceRole: {}}}",
            written: "artifactoryUrl: key.b",
            variable: ("artifactory_url", "variable.b"),
            seen: |config| Some(exchange(config).0.to_owned()),
            by_variable: "variable.b",
            by_key: "key.b",
            by_neither: None,
        },
        Row {
            key: "oidcProvider.name",
            file: TOKEN,
            written: "name: key",
            variable: ("jfrog_oidc_provider_name", "variable"),
            seen: |config| Some(provider(config).name),
            by_variable: "variable",
            by_key: "key",
            by_neither: None,
        },
        Row {
            key: "oidcProvider.audience",
            file: "{artifactoryUrl: a.b, identity: {serviceAccountToken: {}}, oidcProvider: {name: p, KEY}}",
            written: "audience: key",
            variable: ("jfrog_token_audience", "variable"),
            seen: |config| provider(config).audience.or_else(|| Some(NOTHING.to_owned())),
            by_variable: "variable",
            by_key: "key",
            by_neither: Some(NOTHING),
        },
        Row {
            key: "identityOrder",
            file: "{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}, KEY}",
            written: "identityOrder: strict",
            variable: ("ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER", "firstThatWorks"),
            seen: |config| Some(exchange(config).2.as_str().to_owned()),
            by_variable: "firstThatWorks",
            by_key: "strict",
            by_neither: Some("firstThatApplies"),
        },
        Row {
            key: "tokenLifetime",
            file: ROLE,
            written: "tokenLifetime: 1h",
            variable: ("secret_ttl_seconds", "600"),
            seen: |config| Some(instance_role(config).caller.token_lifetime.as_secs().to_string()),
            by_variable: "600",
            by_key: "3600",
            by_neither: Some("18000"),
        },
        Row {
            key: "region",
            file: ROLE,
            written: "region: eu-central-1",
            variable: ("aws_region", "us-west-2"),
            seen: |config| {
                let region = instance_role(config).caller.region.as_ref();
                Some(region.map_or(NOTHING, |region| region.as_str()).to_owned())
            },
            by_variable: "us-west-2",
            by_key: "eu-central-1",
            by_neither: Some(NOTHING),
        },
        Row {
            key: "roleName",
            file: ROLE,
            written: "roleName: key",
            variable: ("aws_role_name", "variable"),
            seen: |config| instance_role(config).role_name.clone().or_else(|| Some(NOTHING.to_owned())),
            by_variable: "variable",
            by_key: "key",
            by_neither: Some(NOTHING),
        },
        Row {
            key: "roleName",
            file: "{artifactoryUrl: a.b, identity: {awsCognito: {secretName: s, userPoolId: u, resourceServerName: r, scope: c, KEY}}, oidcProvider: {name: p}}",
            written: "roleName: key",
            variable: ("aws_role_name", "variable"),
            seen: |config| cognito_role(config).or_else(|| Some(NOTHING.to_owned())),
            by_variable: "variable",
            by_key: "key",
            by_neither: Some(NOTHING),
        },
        Row {
            key: "`audience` of `azureFederated`",
            file: "{artifactoryUrl: a.b, identity: {azureFederated: {tenantId: t, clientId: c, KEY}}, oidcProvider: {name: p}}",
            written: "audience: key",
            variable: ("azure_app_audience", "variable"),
            seen: |config| audience(config).or_else(|| Some(NOTHING.to_owned())),
            by_variable: "variable",
            by_key: "key",
            by_neither: Some(NOTHING),
        },
    ]
}

/// The four identities of Google Cloud, whose audience is the same variable.
fn google() -> impl Iterator<Item = Row> {
    [
        "{artifactoryUrl: a.b, identity: {gcpMetadata: {KEY}}, oidcProvider: {name: p}}",
        "{artifactoryUrl: a.b, identity: {gcpImpersonation: {serviceAccount: s@p.iam, KEY}}, oidcProvider: {name: p}}",
        "{artifactoryUrl: a.b, identity: {gcpWorkloadIdentity: {serviceAccount: s@p.iam, workloadIdentityProvider: \
         projects/1/locations/global/workloadIdentityPools/c/providers/d, KEY}}, oidcProvider: {name: p}}",
        "{artifactoryUrl: a.b, identity: {gcpApplicationDefault: {KEY}}, oidcProvider: {name: p}}",
    ]
    .into_iter()
    .map(|file| Row {
        key: "`audience` of the `gcp` identities",
        file,
        written: "audience: key",
        variable: ("jfrog_oidc_audience", "variable"),
        seen: audience,
        by_variable: "variable",
        by_key: "key",
        by_neither: None,
    })
}

#[test]
fn a_variable_fills_what_the_file_leaves_out_and_the_file_wins() {
    for row in rows().into_iter().chain(google()) {
        let file = |written: &str| {
            let text = format!("routes: [{}]", row.file.replace("KEY", written));
            text.replace("{, ", "{").replace(", }", "}")
        };
        let seen =
            |written, variables: &[(&str, &str)]| read(&file(written), variables).map(|config| (row.seen)(&config));
        let by = |outcome: Result<Option<String>, ConfigError>| {
            outcome.unwrap_or_else(|error| panic!("{}: {error}", row.key))
        };
        assert_eq!(by(seen("", &[row.variable])).as_deref(), Some(row.by_variable), "{} by variable", row.key);
        assert_eq!(by(seen(row.written, &[])).as_deref(), Some(row.by_key), "{} by key", row.key);
        assert_eq!(by(seen(row.written, &[row.variable])).as_deref(), Some(row.by_key), "{} by both", row.key);
        assert_eq!(seen("", &[]).ok().flatten().as_deref(), row.by_neither, "{} by neither", row.key);
    }
}

#[test]
fn the_readme_has_each_row() {
    let section = README.split("\n## Configuration by file\n").nth(1).expect("a section");
    let section = section.split("\n## ").next().expect("its text");
    for row in rows().into_iter().chain(google()) {
        let key = if row.key.contains('`') { row.key.to_owned() } else { format!("`{}`", row.key) };
        let has =
            |line: &&str| line.starts_with(&format!("| {key} | ")) && line.contains(&format!("`{}`", row.variable.0));
        assert!(section.lines().any(|line| has(&line)), "README has no row for {key} and {}", row.variable.0);
    }
}

#[test]
fn the_deadline_is_the_files_else_the_environments_else_the_default() {
    let with = |deadline: &str, variables: &[(&str, &str)]| {
        let text = format!("{deadline}routes: [{{artifactoryUrl: a.b, identity: {{awsInstanceRole: {{}}}}}}]");
        read(&text, variables).expect("a configuration").deadline
    };
    let variable = ("http_timeout_seconds", "20");
    assert_eq!(with("", &[]), DEFAULT_DEADLINE);
    assert_eq!(with("", &[variable]), Duration::from_secs(20));
    assert_eq!(with("deadline: 10s\n", &[variable]), Duration::from_secs(10));
    assert_eq!(with("deadline: 2m\n", &[variable]), DEFAULT_DEADLINE);
}

const AWS: [(&str, &str); 4] = [
    ("artifactory_url", "acme.jfrog.io"),
    ("cloud_provider", "aws"),
    ("aws_region", "us-west-2"),
    ("aws_role_name", "node"),
];
const GOOGLE: [(&str, &str); 4] = [
    ("artifactory_url", "acme.jfrog.io"),
    ("cloud_provider", "google"),
    ("jfrog_oidc_audience", "artifactory"),
    ("jfrog_oidc_provider_name", "google"),
];

#[test]
fn a_route_that_only_adds_to_the_environments_is_the_environments_route() {
    let detected = [AWS[0], AWS[2], AWS[3], ("jfrog_oidc_provider_name", "provider")];
    for variables in [AWS, GOOGLE, detected] {
        let environment: Environment =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut own = Config::load(None, &environment).expect("a configuration");
        assert_eq!(read("routes: [{}]", &variables).expect("a configuration"), own);
        let added = read("routes: [{tls: {caFile: /ca.pem}}]", &variables).expect("a configuration");
        assert_ne!(added, own);
        let Access::Exchange { transport, .. } = &mut own.routes[0].access else { panic!("an exchange") };
        transport.tls.roots = crate::http::Roots::file("/ca.pem".into());
        assert_eq!(added, own);
    }
}

#[test]
fn the_route_refines_the_environments_provider() {
    let text = "routes: [{oidcProvider: {name: other, type: Azure, projectKey: k, identityMappingName: m, includeReferenceToken: true}}]";
    let config = read(text, &GOOGLE).expect("a configuration");
    let [IdentitySource::ServiceAccountToken(own), IdentitySource::GcpMetadata(node)] = exchange(&config).1 else {
        panic!("two identities")
    };
    for provider in [&own.provider, &node.provider] {
        let OidcProvider { name, provider_type, audience, identity_mapping_name, project_key, token_form } = provider;
        assert_eq!(
            (name.as_str(), provider_type.as_str(), audience.as_deref()),
            ("other", "Azure", Some("artifactory"))
        );
        assert_eq!((identity_mapping_name.as_deref(), project_key.as_deref()), (Some("m"), Some("k")));
        assert_eq!(*token_form, crate::artifactory::TokenForm::ReferenceToken);
    }
    let without_a_name: Vec<_> = GOOGLE.into_iter().filter(|(name, _)| *name != "jfrog_oidc_provider_name").collect();
    assert!(read(text, &without_a_name).is_ok(), "the file names it");
    let problem = |outcome: Result<Config, ConfigError>| match outcome {
        Err(ConfigError::Route { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem(read(text, &AWS)), RouteProblem::Unused("oidcProvider"));
    assert_eq!(problem(read("routes: [{tls: {caFile: /ca.pem}}]", &AWS[2..])), RouteProblem::Access);
}

#[test]
fn a_static_route_takes_nothing_from_the_environment() {
    let text = "routes: [{matchImages: [quay.io], static: {username: u, password: p}}]";
    let with = |variables| read(text, variables).expect("a configuration").routes;
    assert_eq!(
        with(&[]),
        with(&[AWS.to_vec(), vec![("KSCP_REGISTRY_PASSWORD", "q"), ("KSCP_CACHE_DURATION", "8h")]].concat())
    );
    assert!(matches!(
        read("routes: [{static: {username: u, password: p}}]", &AWS),
        Err(ConfigError::Route { problem: RouteProblem::MatchImages, .. })
    ));
}
