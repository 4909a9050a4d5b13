//! What is printed and read again is the same configuration.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::REDACTED;
use crate::config::{Config, Environment, file};

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    variables.collect::<Environment>().on_node("node-1")
}

/// The configuration of a text, and of what is printed of it, in one environment.
fn twice(text: &str, environment: &Environment) -> (Config, Config) {
    let once = file::parse(text, environment).unwrap_or_else(|error| panic!("{error}: {text}"));
    let printed = once.to_yaml();
    let again = file::parse(&printed, environment).unwrap_or_else(|error| panic!("{error}: {printed}"));
    (once, again)
}

/// Some of these keys, each with its value.
fn some(keys: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let entries = keys.into_iter().map(|(key, value)| {
        proptest::option::of(value).prop_map(move |value| value.map(|value| (key.to_owned(), value)))
    });
    entries.collect::<Vec<_>>().prop_map(|entries| Value::Object(entries.into_iter().flatten().collect())).boxed()
}

/// An object with all of one's keys and some of another's.
fn with(needed: BoxedStrategy<Value>, optional: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let merged = |(needed, optional): (Value, Value)| {
        let objects = [needed, optional].into_iter().filter_map(|value| value.as_object().cloned());
        Value::Object(objects.flatten().collect())
    };
    (needed, optional).prop_map(merged).boxed()
}

/// Exactly these keys.
fn all(keys: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let entries = keys.into_iter().map(|(key, value)| value.prop_map(move |value| (key.to_owned(), value)));
    entries.collect::<Vec<_>>().prop_map(|entries| Value::Object(entries.into_iter().collect())).boxed()
}

fn text() -> BoxedStrategy<Value> {
    "[ -~é\u{85}\u{2028}\t]{1,12}|yes|null|0x1f|1e3|12:30|- a|# b|~".prop_map(Value::from).boxed()
}

fn of(pattern: &'static str) -> BoxedStrategy<Value> {
    pattern.prop_map(Value::from).boxed()
}

fn words(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    proptest::sample::select(words).prop_map(Value::from).boxed()
}

fn region() -> BoxedStrategy<Value> {
    words(&["eu-central-1", "us-gov-west-1", "cn-north-1"])
}

fn length() -> BoxedStrategy<Value> {
    of("[1-9][0-9]{0,3}(s|m|h|\\.5s)")
}

fn account() -> BoxedStrategy<Value> {
    of("[a-z]{1,8}@[a-z]{1,8}\\.iam\\.gserviceaccount\\.com")
}

fn accounts() -> BoxedStrategy<Value> {
    proptest::collection::vec(account(), 0..3).prop_map(Value::from).boxed()
}

fn arn() -> BoxedStrategy<Value> {
    of("arn:aws(-cn)?:iam::[0-9]{12}:role/(path/)?[A-Za-z0-9+=,.@_-]{1,12}")
}

fn called() -> Vec<(&'static str, BoxedStrategy<Value>)> {
    vec![("region", region()), ("tokenLifetime", length())]
}

fn role(mut keys: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    keys.extend(called());
    some(keys)
}

/// One of the three keys that name a managed identity, or none.
fn choice() -> BoxedStrategy<Value> {
    let one = |key: &'static str| some(vec![(key, text())]);
    prop_oneof![one("clientId"), one("objectId"), one("resourceId")].boxed()
}

fn cloud() -> BoxedStrategy<Value> {
    words(&["AzureCloud", "AzurePublicCloud", "AzureUSGovernment", "AzureChinaCloud"])
}

fn aws() -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let pool = prop_oneof![all(vec![("userPoolName", text())]), all(vec![("userPoolId", text())])].boxed();
    let server = |key| all(vec![(key, text())]);
    let server = prop_oneof![server("resourceServerName"), server("resourceServerIdentifier")].boxed();
    let endpoint =
        all(vec![("tokenEndpoint", of("https://[a-z]{1,8}\\.example/t")), ("resourceServerIdentifier", text())]);
    let base = prop_oneof![
        some(vec![("credentials", words(&["instanceRole"])), ("roleName", of("[A-Za-z0-9+=,.@_-]{1,12}"))]),
        all(vec![(
            "credentials",
            words(if cfg!(feature = "aws-sdk") { &["defaultChain"] } else { &["instanceRole"] })
        )]),
    ];
    let cognito = with(
        with(all(vec![("secretName", text()), ("scope", text())]), some(vec![("region", region())])),
        with(base.boxed(), prop_oneof![with(pool, server), endpoint].boxed()),
    );
    let mut identities = vec![
        ("awsInstanceRole", role(vec![("roleName", of("[A-Za-z0-9+=,.@_-]{1,12}"))])),
        ("awsWebIdentity", role(vec![("roleArn", arn())])),
        ("awsPodIdentity", role(Vec::new())),
        ("awsCognito", cognito),
    ];
    if cfg!(feature = "aws-sdk") {
        let tags = proptest::collection::btree_map("[a-z]{1,4}", "[A-Za-z0-9 ]{0,8}", 0..3);
        let optional = role(vec![
            ("externalId", of("[A-Za-z0-9+=,.@:/_-]{2,12}")),
            ("sessionName", of("[A-Za-z0-9+=,.@_-]{2,12}")),
            ("sessionDuration", of("(1[5-9]|[2-9][0-9])m|[1-9]h|1000s")),
            ("sessionTags", tags.prop_map(|tags| json!(tags)).boxed()),
        ]);
        identities.push(("awsExternalRole", with(all(vec![("roleArn", arn())]), optional)));
    }
    identities
}

fn azure() -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let resources = || vec![("resource", text()), ("cloud", cloud())];
    let federated = [vec![("managedIdentity", choice()), ("audience", text())], resources()];
    let workload = [vec![("clientId", text())], resources()];
    vec![
        ("azureManagedIdentity", with(all(vec![("resource", text())]), choice())),
        (
            "azureFederated",
            with(
                all(vec![("tenantId", of("[a-z0-9]{1,8}(\\.[a-z]{2,4})?")), ("clientId", text())]),
                some(federated.into_iter().flatten().collect()),
            ),
        ),
        (
            "azureWorkloadIdentity",
            with(all(vec![("tenantId", of("[a-z0-9-]{1,8}"))]), some(workload.into_iter().flatten().collect())),
        ),
    ]
}

fn google() -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let audience = || all(vec![("audience", text())]);
    let target = || with(all(vec![("serviceAccount", account())]), some(vec![("delegates", accounts())]));
    let pool = "(//iam\\.googleapis\\.com/)?projects/[0-9]{1,4}/locations/global/workloadIdentityPools/[a-z]{1,4}/providers/[a-z]{1,4}";
    let metadata = some(vec![("serviceAccount", account()), ("foreignAccount", words(&["refused", "impersonated"]))]);
    let federation = with(all(vec![("workloadIdentityProvider", of(pool))]), some(vec![("tokenFile", text())]));
    vec![
        ("gcpMetadata", with(audience(), metadata)),
        ("gcpImpersonation", with(audience(), target())),
        ("gcpWorkloadIdentity", with(with(audience(), target()), federation)),
        ("gcpApplicationDefault", audience()),
    ]
}

fn kubernetes() -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let expected = || vec![("audience", text()), ("issuer", text())];
    let mut token = expected();
    token.push(("optIn", words(&["everyToken", "annotated"])));
    vec![
        ("serviceAccountToken", some(token)),
        ("serviceAccountTokenFile", with(all(vec![("path", text())]), some(expected()))),
    ]
}

/// An identity of any kind, by its name.
fn identity() -> BoxedStrategy<Value> {
    let kinds = [aws(), azure(), google(), kubernetes()].into_iter().flatten().map(|kind| all(vec![kind]));
    proptest::strategy::Union::new(kinds).boxed()
}

fn response() -> BoxedStrategy<Value> {
    some(vec![
        ("cacheKeyType", words(&["Image"])),
        ("cacheType", words(&["ServiceAccount", "Token"])),
        ("margin", of("[1-5][0-9]s")),
        ("jitter", of("[0-9]s")),
        ("minimumCacheDuration", of("[0-9]s")),
        ("maximumCacheDuration", of("[1-9]m")),
    ])
}

fn exchange() -> BoxedStrategy<Value> {
    let provider = with(
        all(vec![("name", text())]),
        some(vec![
            ("type", text()),
            ("audience", text()),
            ("identityMappingName", text()),
            ("projectKey", text()),
            ("includeReferenceToken", any::<bool>().prop_map(Value::from).boxed()),
        ]),
    );
    // A route with roles of AWS alone has no use for a provider: a token's identity stands beside them.
    let own = json!({ "serviceAccountToken": {} });
    let identities = proptest::collection::vec(identity(), 0..3).prop_map(move |mut identities| {
        identities.push(own.clone());
        Value::from(identities)
    });
    let client = prop_oneof![some(Vec::new()), all(vec![("clientCertificateFile", text()), ("clientKeyFile", text())])];
    let bundle = with(all(vec![("caFile", text())]), some(vec![("caMode", words(&["replace", "add"]))]));
    let pins = proptest::collection::vec(of("sha256/[A-Za-z0-9+/]{42}A="), 1..3).prop_map(Value::from);
    let tls = with(
        with(prop_oneof![some(Vec::new()), bundle].boxed(), client.boxed()),
        some(vec![
            ("minimumVersion", words(&["1.2", "1.3"])),
            ("serverName", of("[a-z]{1,8}\\.example")),
            ("pins", pins.boxed()),
        ]),
    );
    let named = with(
        all(vec![("url", of("https?://(https://)?[a-z]{1,8}\\.example(:[1-9][0-9]{1,3})?(/[a-z]{1,4})?"))]),
        some(vec![("credentialsFile", text())]),
    );
    let proxy = prop_oneof![words(&["direct"]), named].boxed();
    let order = words(&["strict", "firstThatApplies", "firstThatWorks"]);
    with(
        all(vec![
            ("artifactoryUrl", of("[a-z]{1,8}\\.example(:[1-9][0-9]{1,3})?")),
            ("identities", identities.boxed()),
            ("oidcProvider", provider),
        ]),
        some(vec![("tls", tls), ("proxy", proxy), ("identityOrder", order), ("response", response())]),
    )
}

/// Every password that stands in the file is what is printed of it.
fn fixed() -> BoxedStrategy<Value> {
    let redacted = || Just(Value::from(REDACTED)).boxed();
    let password = move || {
        let one = |key, value| all(vec![(key, value)]);
        prop_oneof![
            one("password", redacted()),
            one("token", redacted()),
            one("passwordFile", text()),
            one("tokenFile", text())
        ]
    };
    let credential = move || {
        let kept = some(vec![("cacheDuration", of("0s|8h|90m"))]);
        with(with(all(vec![("username", text())]), password().boxed()), kept)
    };
    let images = || of("[a-z]{1,8}\\.[a-z*]{1,3}(:[0-9]{2})?(/[a-z]{1,3})?");
    let images = move || proptest::collection::vec(images(), 1..3).prop_map(Value::from).boxed();
    let one = all(vec![("matchImages", images()), ("static", credential())]);
    let several = proptest::collection::vec(with(all(vec![("matchImages", images())]), credential()), 1..3);
    let several = all(vec![("static", all(vec![("credentials", several.prop_map(Value::from).boxed())]))]);
    let docker = all(vec![("matchImages", images()), ("static", all(vec![("dockerConfigFile", text())]))]);
    with(prop_oneof![one, several, docker].boxed(), some(vec![("response", response())]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_printed_configuration_is_the_same_one(
        exchange in exchange(), fixed in fixed(), deadline in of("[1-9][0-9]?s"), bundle in "|/etc/[a-z]{1,4}", directory in "|/etc/[a-z]{1,4}", proxy in "|http://u:p@proxy\\.example:3128", region in "|us-west-2",
    ) {
        let around = environment(&[("SSL_CERT_FILE", &bundle), ("SSL_CERT_DIR", &directory), ("HTTPS_PROXY", &proxy), ("NO_PROXY", "a.example"), ("AWS_REGION", &region)]);
        for routes in [json!([exchange]), json!([fixed])] {
            let (once, again) = twice(&json!({ "deadline": deadline, "routes": routes }).to_string(), &around);
            prop_assert_eq!(once, again);
        }
    }
}

#[test]
fn the_example_with_every_key_is_printed_as_the_same_configuration() {
    let example = include_str!("../../../examples/config.yaml");
    let example = if cfg!(feature = "aws-sdk") {
        example.to_owned()
    } else {
        example.replace("awsExternalRole", "awsWebIdentity")
    };
    if cfg!(feature = "aws-sdk") {
        let (once, again) = twice(&example, &environment(&[]));
        assert_eq!(once, again);
    }
}

#[test]
fn a_configuration_by_environment_is_printed_as_a_file_that_means_the_same() {
    let artifactory = ("artifactory_url", "acme.jfrog.io:8443");
    let oidc = ("jfrog_oidc_provider_name", "provider");
    let azure =
        [artifactory, oidc, ("cloud_provider", "azure"), ("azure_tenant_id", "t"), ("azure_app_client_id", "a")];
    let cognito = [
        ("aws_auth_method", "cognito_oidc"),
        ("secret_name", "s"),
        ("user_pool_name", "p"),
        ("resource_server_name", "r"),
        ("user_pool_resource_scope", "c"),
    ];
    let aws =
        [artifactory, oidc, ("cloud_provider", "aws"), ("aws_region", "eu-central-1"), ("http_timeout_seconds", "20")];
    let google = [artifactory, oidc, ("cloud_provider", "google"), ("jfrog_oidc_audience", "artifactory")];
    let fixed = [
        artifactory,
        ("KSCP_REGISTRY_USERNAME", "u"),
        ("KSCP_REGISTRY_PASSWORD", REDACTED),
        ("KSCP_CACHE_DURATION", "8h"),
    ];
    for variables in [
        aws.to_vec(),
        [&aws[..], &cognito].concat(),
        [&azure[..], &[("azure_nodepool_client_id", "n"), ("azure_cloud_name", "AzureChinaCloud")]].concat(),
        [&azure[..], &[("azure_nodepool_client_id", "n"), ("azure_auth_method", "imds_direct")]].concat(),
        [&google[..], &[("google_service_account_email", "x@p.iam.gserviceaccount.com")]].concat(),
        fixed.to_vec(),
    ] {
        let once = Config::load(None, &environment(&variables)).expect("a configuration");
        // Only the node's name is the environment's here: the file says everything else.
        let again = file::parse(&once.to_yaml(), &environment(&[]))
            .unwrap_or_else(|error| panic!("{error}: {}", once.to_yaml()));
        assert_eq!(once, again, "{}", once.to_yaml());
    }
}

#[test]
fn a_cloud_that_is_found_at_the_pull_is_noted_and_stays_to_be_found() {
    let variables = environment(&[("artifactory_url", "acme.jfrog.io"), ("jfrog_oidc_provider_name", "p")]);
    let once = Config::load(None, &variables).expect("a configuration");
    let printed = once.to_yaml();
    assert!(printed.contains("#   aws: awsWebIdentity, awsInstanceRole\n"), "{printed}");
    assert!(printed.contains("#   google: none, since `jfrog_oidc_audience` is not set"), "{printed}");
    assert_eq!(file::parse(&printed, &variables).expect("a configuration"), once);
}

#[test]
fn an_address_without_tls_is_printed_without_its_settings() {
    let around = environment(&[("SSL_CERT_FILE", "/etc/ca.pem")]);
    for (address, exposed) in [("http://127.0.0.1:8081", false), ("http://acme.example.com/jfrog", true)] {
        let insecure = if exposed { "insecure: true, " } else { "" };
        let text = format!("routes: [{{artifactoryUrl: '{address}', {insecure}identity: {{awsInstanceRole: {{}}}}}}]");
        let (once, again) = twice(&text, &around);
        assert_eq!(once, again);
        let printed = once.to_yaml();
        assert_eq!((printed.contains("insecure: true"), printed.contains("tls:")), (exposed, false), "{printed}");
    }
}

#[test]
fn no_password_is_printed() {
    let text = "routes: [{matchImages: [a.b], static: {username: u, password: hunter2}}, {matchImages: [c.d], static: {username: v, token: hunter3}}]";
    let printed = file::parse(text, &environment(&[])).expect("a configuration").to_yaml();
    assert!(!printed.contains("hunter") && printed.matches("\"<redacted>\"").count() == 2, "{printed}");
    let variables = [("KSCP_REGISTRY_USERNAME", "u"), ("KSCP_REGISTRY_PASSWORD", "hunter2")];
    let printed = Config::load(None, &environment(&variables)).expect("a configuration").to_yaml();
    assert!(!printed.contains("hunter") && printed.contains("# every image"), "{printed}");
}
