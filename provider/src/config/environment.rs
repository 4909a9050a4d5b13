//! Configuration by environment: the incumbent's names, so that replacing the binary is enough.
//!
//! Source: jfrog-credentials-provider 1.4.0, README and `internal/provider/config.go`.

use std::time::Duration;

use super::{Config, ConfigError, DEFAULT_DEADLINE, Environment, Route};
use crate::access::Access;
use crate::artifactory::{GENERIC_PROVIDER_TYPE, OidcProvider, TokenForm};
use crate::cloud::{CLOUDS, Cloud};
use crate::identity::kubernetes::{Expected, OptIn, ServiceAccountToken};
use crate::identity::{Detected, Identities, IdentityOrder, IdentitySource};
use crate::image::{ImagePattern, Images};
use crate::response::ResponsePolicy;

mod aws;
mod azure;
mod fixed;
mod google;
pub mod incumbent;
mod names;

pub(super) use aws::{region, role_name, token_lifetime};
pub(super) use names::{is_known, looks_like_ours, nearest};

/// The order of the route's identities; the incumbent's is the first that applies.
const IDENTITY_ORDER: &str = "ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER";

/// Reads one route from the environment; it serves the registry that `artifactory_url` names and no other host.
pub(super) fn parse(environment: &Environment) -> Result<Config, ConfigError> {
    if fixed::is_meant(environment) {
        return fixed::parse(environment);
    }
    let address = environment.required("artifactory_url", "says which Artifactory the proof is exchanged at")?;
    let artifactory = super::artifactory_url("artifactory_url", address)?;
    if artifactory.is_exposed() {
        return Err(ConfigError::Exposed { name: "artifactory_url" });
    }
    let images = Images::Matching(vec![ImagePattern::parse(artifactory.host()).map_err(ConfigError::Pattern)?]);
    let identities = identities(environment)?;
    let order = identity_order(environment)?;
    let transport = environment.transport(artifactory.scheme())?;
    let access = Access::Exchange { artifactory, transport, identities, order };
    Config::of(vec![Route { images, access, response: ResponsePolicy::default() }], deadline(environment), environment)
}

/// Whether the environment says whose identity is proved: by a cloud's name, or by an Artifactory where the cloud is found.
pub(super) fn names_an_identity(environment: &Environment) -> bool {
    let is_set = |name| environment.value(name).is_some();
    is_set("cloud_provider") || (is_set("artifactory_url") && !fixed::is_meant(environment))
}

/// The order of identities that the environment names.
pub(super) fn identity_order(environment: &Environment) -> Result<IdentityOrder, ConfigError> {
    super::identity_order(IDENTITY_ORDER, environment.value(IDENTITY_ORDER))
}

/// The identities of the cloud that `cloud_provider` names, else of each, of which the pull takes the one it is on.
pub(super) fn identities(environment: &Environment) -> Result<Identities, ConfigError> {
    let name = "cloud_provider";
    let Some(word) = environment.value(name) else { return Ok(Identities::Detected(Box::new(detected(environment)))) };
    let cloud =
        Cloud::parse(word).ok_or_else(|| ConfigError::Choice { name, value: word.to_owned(), choices: CLOUDS })?;
    identities_on(cloud, environment).map(Identities::Named)
}

fn detected(environment: &Environment) -> Detected {
    Detected {
        system: environment.system_root(),
        aws: identities_on(Cloud::Aws, environment),
        azure: identities_on(Cloud::Azure, environment),
        google: identities_on(Cloud::Google, environment),
    }
}

/// The node's identity, and before it the pod's own where its service account has opted in by annotation.
fn identities_on(cloud: Cloud, environment: &Environment) -> Result<Vec<IdentitySource>, ConfigError> {
    match cloud {
        Cloud::Aws => aws::identities(environment),
        Cloud::Azure => azure::identities(environment),
        Cloud::Google => google::identities(environment),
    }
}

fn opted_in(audience: Option<&str>, provider: &OidcProvider) -> IdentitySource {
    IdentitySource::ServiceAccountToken(ServiceAccountToken {
        opt_in: OptIn::Annotated,
        expected: Expected { audience: audience.map(str::to_owned), issuer: None },
        provider: provider.clone(),
    })
}

fn provider(environment: &Environment, audience: &str) -> Result<OidcProvider, ConfigError> {
    Ok(OidcProvider { audience: Some(audience.to_owned()), ..provider_without_audience(environment)? })
}

fn provider_without_audience(environment: &Environment) -> Result<OidcProvider, ConfigError> {
    Ok(OidcProvider {
        name: environment.required("jfrog_oidc_provider_name", "names Artifactory's OIDC provider")?.to_owned(),
        provider_type: GENERIC_PROVIDER_TYPE.to_owned(),
        audience: None,
        identity_mapping_name: None,
        project_key: None,
        token_form: TokenForm::AccessToken,
    })
}

/// `http_timeout_seconds` may shorten the deadline; beyond the kubelet's minute it has no meaning.
///
/// Why no error for what is no number of seconds? The incumbent takes its default then, so that set-ups work with `30s`.
pub(super) fn deadline(environment: &Environment) -> Duration {
    let limit = environment.value("http_timeout_seconds").and_then(number_of_seconds);
    limit.map_or(DEFAULT_DEADLINE, |limit| limit.min(DEFAULT_DEADLINE))
}

fn seconds(environment: &Environment, name: &'static str) -> Result<Option<Duration>, ConfigError> {
    let Some(value) = environment.value(name) else { return Ok(None) };
    let expected = "a number of seconds from 1 to 4294967295";
    let seconds = number_of_seconds(value);
    seconds.map(Some).ok_or_else(|| ConfigError::Number { name, value: value.to_owned(), expected })
}

/// A whole number of seconds, from one on.
fn number_of_seconds(value: &str) -> Option<Duration> {
    let seconds: u32 = value.parse().ok().or_else(|| in_scientific_notation(value))?;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

/// A number as a chart writes it from a million on: Helm reads numbers as floats, and Go prints 1209600 as `1.2096e+06`.
///
/// Source: Go `fmt`, the verb `%v` for floating-point numbers.
fn in_scientific_notation(value: &str) -> Option<u32> {
    let (mantissa, exponent) = value.split_once("e+")?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let zeros = usize::from(exponent.parse::<u8>().ok()?).checked_sub(fraction.len())?;
    format!("{whole}{fraction}{}", "0".repeat(zeros)).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::endpoints::AzureCloud;
    use crate::identity::{aws, azure};

    fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        parse(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// The node's identity, behind the pod's own.
    fn identity_of(config: Config) -> IdentitySource {
        match config.routes.into_iter().next().expect("a route").access {
            Access::Exchange { identities, .. } => {
                let Identities::Named(identities) = identities else { panic!("named identities") };
                let [own, node] = <[_; 2]>::try_from(identities).expect("two identities");
                assert!(matches!(own.name(), "awsWebIdentity" | "serviceAccountToken"), "{}", own.name());
                node
            }
            Access::Static(_) => panic!("no static route in the environment"),
        }
    }

    const AWS: [(&str, &str); 2] = [("artifactory_url", "acme.jfrog.io"), ("cloud_provider", "aws")];
    const COGNITO: [(&str, &str); 8] = [
        ("artifactory_url", "acme.jfrog.io"),
        ("cloud_provider", "aws"),
        ("aws_auth_method", "cognito_oidc"),
        ("secret_name", "artifactory/cognito"),
        ("user_pool_name", "artifactory-pool"),
        ("resource_server_name", "artifactory"),
        ("user_pool_resource_scope", "pull"),
        ("jfrog_oidc_provider_name", "cognito"),
    ];
    const AZURE: [(&str, &str); 6] = [
        ("artifactory_url", "acme.jfrog.io"),
        ("cloud_provider", "azure"),
        ("azure_auth_method", "imds_direct"),
        ("azure_app_client_id", "app"),
        ("azure_nodepool_client_id", "pool"),
        ("jfrog_oidc_provider_name", "azure"),
    ];
    const FEDERATED: [(&str, &str); 6] = [
        ("artifactory_url", "acme.jfrog.io"),
        ("cloud_provider", "azure"),
        ("azure_tenant_id", "tenant"),
        ("azure_app_client_id", "app"),
        ("azure_nodepool_client_id", "pool"),
        ("jfrog_oidc_provider_name", "azure"),
    ];
    const GOOGLE: [(&str, &str); 4] = [
        ("artifactory_url", "acme.jfrog.io"),
        ("cloud_provider", "google"),
        ("jfrog_oidc_audience", "artifactory"),
        ("jfrog_oidc_provider_name", "google"),
    ];

    #[test]
    fn aws_needs_two_variables_and_takes_the_incumbents_defaults() {
        let config = with(&AWS).expect("a configuration");
        assert_eq!(config.deadline, DEFAULT_DEADLINE);
        let role = aws::InstanceRole {
            role_name: None,
            caller: aws::CallerIdentity { region: None, token_lifetime: Duration::from_secs(18_000) },
        };
        assert_eq!(identity_of(config), IdentitySource::AwsInstanceRole(role));
    }

    #[test]
    fn aws_region_wins_over_the_sdks_variable() {
        let both =
            [&AWS[..], &[("aws_region", "eu-central-1"), ("AWS_REGION", "us-east-1"), ("aws_role_name", "node")]]
                .concat();
        let IdentitySource::AwsInstanceRole(role) = identity_of(with(&both).expect("a configuration")) else {
            panic!("aws")
        };
        assert_eq!(role.caller.region.expect("a region").as_str(), "eu-central-1");
        assert_eq!(role.role_name.as_deref(), Some("node"));
    }

    #[test]
    fn cognito_honours_the_region_and_asks_for_no_audience() {
        let all = [&COGNITO[..], &[("aws_region", "eu-central-1"), ("aws_role_name", "node")]].concat();
        let IdentitySource::AwsCognito(cognito) = identity_of(with(&all).expect("a configuration")) else {
            panic!("cognito")
        };
        assert_eq!(cognito.region.expect("a region").as_str(), "eu-central-1");
        assert_eq!(cognito.base, aws::BaseCredentials::InstanceRole(Some("node".to_owned())));
        assert_eq!(cognito.provider.audience, None);
    }

    #[test]
    fn cognito_takes_the_sdks_chain_where_a_variable_of_its_own_is_set() {
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_CONFIG_FILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ] {
            let result = with(&[&COGNITO[..], &[(name, "http://127.0.0.1:81")]].concat());
            match aws::Sdk::linked() {
                Some(sdk) => {
                    let IdentitySource::AwsCognito(cognito) = identity_of(result.expect(name)) else {
                        panic!("{name}")
                    };
                    assert_eq!(cognito.base, aws::BaseCredentials::Chain(sdk), "{name}");
                }
                None => assert!(matches!(result, Err(ConfigError::NoSdk { name: named }) if named == name), "{name}"),
            }
        }
    }

    #[test]
    fn azure_asks_for_the_applications_uri() {
        let IdentitySource::AzureManagedIdentity(identity) = identity_of(with(&AZURE).expect("a configuration")) else {
            panic!("azure")
        };
        assert_eq!(identity.resource, "api://app");
        assert_eq!(identity.identity, azure::IdentityChoice::ClientId("pool".to_owned()));
        assert_eq!(identity.provider.audience.as_deref(), Some("*@*"));
    }

    #[test]
    fn azure_is_federated_unless_told_otherwise() {
        let IdentitySource::AzureFederated(identity) = identity_of(with(&FEDERATED).expect("a configuration")) else {
            panic!("azure")
        };
        assert_eq!((identity.tenant.as_str(), identity.client_id.as_str()), ("tenant", "app"));
        assert_eq!(identity.identity, azure::IdentityChoice::ClientId("pool".to_owned()));
        assert_eq!((identity.audience, identity.resource, identity.cloud), (None, None, None));
        let told = [("azure_app_audience", "api://x"), ("azure_cloud_name", "AzureChinaCloud")];
        let IdentitySource::AzureFederated(identity) =
            identity_of(with(&[&FEDERATED[..], &told].concat()).expect("a configuration"))
        else {
            panic!("azure")
        };
        assert_eq!((identity.audience.as_deref(), identity.cloud), (Some("api://x"), Some(AzureCloud::China)));
    }

    #[test]
    fn google_sends_one_audience_to_both() {
        let IdentitySource::GcpMetadata(metadata) = identity_of(with(&GOOGLE).expect("a configuration")) else {
            panic!("google")
        };
        assert_eq!(metadata.service_account, None);
        assert_eq!(metadata.foreign_account, crate::identity::gcp::ForeignAccount::Impersonated);
        assert_eq!(metadata.audience, "artifactory");
        assert_eq!(metadata.provider.audience.as_deref(), Some("artifactory"));
    }

    #[test]
    fn without_a_cloud_the_identities_of_each_are_read_and_what_one_lacks_is_no_error() {
        let detected = |variables: &[(&str, &str)]| {
            let variables: Vec<_> = variables.iter().copied().filter(|(name, _)| *name != "cloud_provider").collect();
            let access = with(&variables).expect("a configuration").routes.remove(0).access;
            let Access::Exchange { identities: Identities::Detected(detected), .. } = access else {
                panic!("detected")
            };
            *detected
        };
        let named = |identities: Result<Vec<IdentitySource>, ConfigError>| identities.expect("identities")[1].name();
        let Detected { system, aws, azure, google } = detected(&GOOGLE);
        assert_eq!((system.as_path(), named(aws), named(google)), (Path::new("/"), "awsInstanceRole", "gcpMetadata"));
        assert!(matches!(azure, Err(ConfigError::MissingVariable { variable: "azure_tenant_id", .. })));
        let elsewhere = ("ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT", "/tmp/node");
        let Detected { system, aws, azure, google } =
            detected(&[&AZURE[..], &[elsewhere, ("aws_region", "moon")]].concat());
        assert_eq!((system.as_path(), named(azure)), (Path::new("/tmp/node"), "azureManagedIdentity"));
        assert!(matches!(aws, Err(ConfigError::Region { .. })));
        assert!(matches!(google, Err(ConfigError::MissingVariable { variable: "jfrog_oidc_audience", .. })));
    }

    #[test]
    fn each_missing_variable_is_named() {
        for (complete, needed) in [
            (&AWS[..], &["artifactory_url"][..]),
            (&AZURE[..], &["azure_app_client_id", "azure_nodepool_client_id", "jfrog_oidc_provider_name"][..]),
            (
                &COGNITO[..],
                &[
                    "secret_name",
                    "user_pool_name",
                    "resource_server_name",
                    "user_pool_resource_scope",
                    "jfrog_oidc_provider_name",
                ][..],
            ),
            (
                &FEDERATED[..],
                &["azure_tenant_id", "azure_app_client_id", "azure_nodepool_client_id", "jfrog_oidc_provider_name"][..],
            ),
            (&GOOGLE[..], &["jfrog_oidc_audience", "jfrog_oidc_provider_name"][..]),
        ] {
            for missing in needed {
                let rest: Vec<_> = complete.iter().copied().filter(|(name, _)| name != missing).collect();
                let error = with(&rest).expect_err(missing);
                assert!(
                    matches!(&error, ConfigError::MissingVariable { variable, .. } if variable == missing),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn words_and_numbers_that_are_none_are_refused() {
        for (name, value) in [
            ("cloud_provider", "gcp"),
            ("aws_auth_method", "magic"),
            ("secret_ttl_seconds", "5h"),
            ("secret_ttl_seconds", "0"),
            ("secret_ttl_seconds", "-1"),
            ("aws_region", "*"),
            ("aws_role_name", "arn:aws:iam::1:role/x"),
        ] {
            let mut variables: Vec<_> = AWS.into_iter().filter(|(known, _)| *known != name).collect();
            variables.push((name, value));
            let error = with(&variables).expect_err(name);
            assert!(error.to_string().contains(&format!("`{name}` is `{value}`")), "{error}");
        }
    }

    #[test]
    fn an_azure_cloud_or_tenant_that_is_none_is_refused() {
        for (name, value) in
            [("azure_cloud_name", "AzureGermanCloud"), ("azure_tenant_id", "a/b"), ("azure_auth_method", "magic")]
        {
            let error = with(&[&FEDERATED[..], &[(name, value)]].concat()).expect_err(name);
            assert!(error.to_string().contains(&format!("`{name}` is `{value}`")), "{error}");
        }
    }

    #[test]
    fn the_deadline_can_only_be_shortened() {
        let limit = |seconds| {
            with(&[&AWS[..], &[("http_timeout_seconds", seconds)]].concat()).expect("a configuration").deadline
        };
        assert_eq!(limit("10"), Duration::from_secs(10));
        for default in ["600", "0", "-1", "30s", ""] {
            assert_eq!(limit(default), DEFAULT_DEADLINE, "{default}");
        }
    }

    #[test]
    fn a_number_of_seconds_may_be_written_as_helm_writes_large_ones() {
        for (text, seconds) in [("14400", 14_400), ("1e+06", 1_000_000), ("1.2096e+06", 1_209_600), ("1.5e+1", 15)] {
            assert_eq!(number_of_seconds(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "0e+06", "-1", "5h", "1.5", "1.55e+1", "1e+10", "1e+999", "e+06", "1e-06", "1.2.3e+06"] {
            assert_eq!(number_of_seconds(text), None, "{text}");
        }
    }
}
