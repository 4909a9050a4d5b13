//! Configurations that are none: exit code 3, whatever the request.

use std::collections::BTreeMap;

use crate::program::{request, run};
use crate::site::Site;

async fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let outcome = run(arguments, &environment, &request("acme.jfrog.io/x")).await;
    outcome.failure(3).to_owned()
}

async fn refused_file(content: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, content).expect("a file");
    refused(&["--config", path.to_str().expect("a name")], &[]).await
}

#[tokio::test]
async fn a_missing_variable_is_named() {
    insta::assert_snapshot!(refused(&[], &[("cloud_provider", "aws")]).await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not set, which says which Artifactory the proof is exchanged at
      hint: set `artifactory_url` in the `env` of the provider's entry in the kubelet's configuration, or use --config
    ");
    let azure = [
        ("artifactory_url", "acme.jfrog.io"),
        ("cloud_provider", "azure"),
        ("azure_auth_method", "imds_direct"),
        ("azure_app_client_id", "a"),
    ];
    insta::assert_snapshot!(refused(&[], &azure).await, @r"
    error: failed to read the configuration
      caused by: `azure_nodepool_client_id` is not set, which names the node pool's managed identity
      hint: set `azure_nodepool_client_id` in the `env` of the provider's entry in the kubelet's configuration, or use --config
    ");
}

#[tokio::test]
async fn a_word_that_is_not_one_of_the_words_is_named() {
    insta::assert_snapshot!(refused(&[], &[("artifactory_url", "acme.jfrog.io"), ("cloud_provider", "gcp")]).await, @r"
    error: failed to read the configuration
      caused by: `cloud_provider` is `gcp`, which is not one of: aws, azure, google
      hint: set `cloud_provider` to one of: aws, azure, google
    ");
}

#[tokio::test]
async fn an_artifactory_url_with_too_much_is_answered_with_the_right_one() {
    let with =
        |url: &'static str| async move { refused(&[], &[("artifactory_url", url), ("cloud_provider", "aws")]).await };
    insta::assert_snapshot!(with("ftp://acme.jfrog.io").await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not an Artifactory host: its scheme is neither `https` nor `http`
      hint: set `artifactory_url` to `acme.jfrog.io`
    ");
    insta::assert_snapshot!(with("https://acme.jfrog.io/artifactory").await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not an Artifactory host: it ends with a path of Artifactory's own
      hint: set `artifactory_url` to `acme.jfrog.io`
    ");
    insta::assert_snapshot!(with("https://proxy.example/jfrog/artifactory/").await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not an Artifactory host: it ends with a path of Artifactory's own
      hint: set `artifactory_url` to `proxy.example/jfrog`
    ");
    insta::assert_snapshot!(with("https://acme.jfrog.io/?x").await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not an Artifactory host: it carries a path that is none
      hint: set `artifactory_url` to `acme.jfrog.io`
    ");
    insta::assert_snapshot!(with("http://acme.jfrog.io").await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is `http://` on another host, so the proof and the credential could be read on the way
      hint: set `artifactory_url` to `https://` and a host; a route of a file can say `insecure: true` (--config)
    ");
    insta::assert_snapshot!(with("robot:hunter2@acme.jfrog.io").await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not an Artifactory host: it carries user information
      hint: set `artifactory_url` to `acme.jfrog.io`
    ");
    insta::assert_snapshot!(with("acme.jfrog.io:https").await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not an Artifactory host: it is not a host with an optional port
      hint: set `artifactory_url` to `host` or `host:port`, such as `acme.jfrog.io`
    ");
}

#[tokio::test]
async fn numbers_regions_and_roles_that_are_none_are_named() {
    let with = |name: &'static str, value: &'static str| async move {
        refused(&[], &[("artifactory_url", "acme.jfrog.io"), ("cloud_provider", "aws"), (name, value)]).await
    };
    insta::assert_snapshot!(with("secret_ttl_seconds", "5h").await, @r"
    error: failed to read the configuration
      caused by: `secret_ttl_seconds` is `5h`, which is not a number of seconds from 1 to 4294967295
      hint: set `secret_ttl_seconds` to a number of seconds from 1 to 4294967295
    ");
    insta::assert_snapshot!(with("aws_region", "*").await, @r"
    error: failed to read the configuration
      caused by: `aws_region` is `*`, which is no region of a known AWS partition
      hint: set `aws_region` to a region such as `eu-central-1`, or leave it out
    ");
    insta::assert_snapshot!(with("aws_role_name", "node role").await, @r"
    error: failed to read the configuration
      caused by: `aws_role_name` is `node role`, which is no role name
      hint: set `aws_role_name` to the role's name, without `arn:` and path, or leave it out to use the instance's role
    ");
    insta::assert_snapshot!(with("AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254").await, @r"
    error: failed to read the configuration
      caused by: `AWS_EC2_METADATA_SERVICE_ENDPOINT` is not the address of a metadata service
      hint: unset `AWS_EC2_METADATA_SERVICE_ENDPOINT`, or set it to `http://` and a host (GCE_METADATA_HOST takes the host alone)
    ");
}

#[tokio::test]
async fn words_of_the_sdks_variables_that_are_none_are_named() {
    let with = |variables: &'static [(&'static str, &'static str)]| async move {
        refused(&[], &[&[("artifactory_url", "acme.jfrog.io"), ("cloud_provider", "aws")], variables].concat()).await
    };
    insta::assert_snapshot!(with(&[("AWS_USE_FIPS_ENDPOINT", "yes")]).await, @r"
    error: failed to read the configuration
      caused by: `AWS_USE_FIPS_ENDPOINT` is `yes`, which is not one of: true, false
      hint: set `AWS_USE_FIPS_ENDPOINT` to one of: true, false
    ");
    insta::assert_snapshot!(with(&[("AWS_USE_DUALSTACK_ENDPOINT", "1")]).await, @r"
    error: failed to read the configuration
      caused by: `AWS_USE_DUALSTACK_ENDPOINT` is `1`, which is not one of: true, false
      hint: set `AWS_USE_DUALSTACK_ENDPOINT` to one of: true, false
    ");
    insta::assert_snapshot!(with(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5")]).await, @r"
    error: failed to read the configuration
      caused by: `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` is `IPv5`, which is not one of: IPv4, IPv6
      hint: set `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` to one of: IPv4, IPv6 (did you mean `IPv4`?)
    ");
    insta::assert_snapshot!(with(&[("AWS_EC2_METADATA_DISABLED", "yes")]).await, @r"
    error: failed to read the configuration
      caused by: `AWS_EC2_METADATA_DISABLED` is `yes`, which is not one of: true, false
      hint: set `AWS_EC2_METADATA_DISABLED` to one of: true, false
    ");
    insta::assert_snapshot!(with(&[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_ENDPOINT_URL_STS", "https://sts.example.com")]).await, @r"
    error: failed to read the configuration
      caused by: `AWS_USE_FIPS_ENDPOINT` chooses among AWS's own hosts, and `AWS_ENDPOINT_URL_STS` names another one
      hint: unset `AWS_USE_FIPS_ENDPOINT`, or unset `AWS_ENDPOINT_URL_STS` to use AWS's own hosts
    ");
}

#[tokio::test]
async fn a_tenant_or_cloud_of_azure_that_is_none_is_named() {
    let with = |name: &'static str, value: &'static str| async move {
        let azure = [
            ("artifactory_url", "acme.jfrog.io"),
            ("cloud_provider", "azure"),
            ("azure_tenant_id", "tenant"),
            ("azure_app_client_id", "app"),
            ("azure_nodepool_client_id", "pool"),
            ("jfrog_oidc_provider_name", "azure"),
        ];
        refused(&[], &[&azure[..], &[(name, value)]].concat()).await
    };
    insta::assert_snapshot!(with("azure_tenant_id", "tenant/../other").await, @r"
    error: failed to read the configuration
      caused by: `azure_tenant_id` is `tenant/../other`, which is no tenant's id
      hint: set `azure_tenant_id` to the tenant's id, which `az account show --query tenantId` prints
    ");
    insta::assert_snapshot!(with("azure_cloud_name", "AzureGermanCloud").await, @r"
    error: failed to read the configuration
      caused by: `azure_cloud_name` is `AzureGermanCloud`, which is not one of: AzureCloud, AzureUSGovernment, AzureChinaCloud
      hint: set `azure_cloud_name` to one of: AzureCloud, AzureUSGovernment, AzureChinaCloud
    ");
    insta::assert_snapshot!(with("azure_auth_method", "magic").await, @r"
    error: failed to read the configuration
      caused by: `azure_auth_method` is `magic`, which is not one of: imds_direct (or leave it unset for the federated identity)
      hint: set `azure_auth_method` to one of: imds_direct (or leave it unset for the federated identity)
    ");
    insta::assert_snapshot!(with("AZURE_AUTHORITY_HOST", "http://login.example.com").await, @r"
    error: failed to read the configuration
      caused by: `AZURE_AUTHORITY_HOST` is not the address of a cloud's service
      hint: unset `AZURE_AUTHORITY_HOST`, or set it to `https://` and a host (`http://` on loopback only)
    ");
}

#[tokio::test]
async fn a_managed_identity_named_in_two_ways_is_explained() {
    let identity = "azureManagedIdentity: {resource: r, clientId: c, resourceId: /r}";
    let file = format!("routes: [{{artifactoryUrl: a.b, identity: {{{identity}}}, oidcProvider: {{name: p}}}}]");
    insta::assert_snapshot!(refused_file(&file).await, @r"
    error: failed to read the configuration
      caused by: route 1: at most one of `clientId`, `objectId` and `resourceId` can name the managed identity
      hint: keep one of them, or none for the VM's only identity
    ");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    insta::assert_snapshot!(refused(&["--config", "/nowhere/config.yaml"], &[]).await, @r"
    error: failed to read the configuration
      caused by: cannot read the configuration file `/nowhere/config.yaml`: No such file or directory (os error 2)
      hint: name a file that the kubelet's user can read, in the `args` after `--config`
    ");
}

#[tokio::test]
async fn an_unknown_key_is_named_with_its_place() {
    insta::assert_snapshot!(refused_file("routes:\n  - artifactoryUrl: acme.jfrog.io\n    identty:\n      awsInstanceRole: {}\n").await, @r"
    error: failed to read the configuration
      caused by: `identty` in line 3 of the configuration file is not known, expected one of: matchImages, artifactoryUrl, insecure, tls, proxy, identity, identities, identityOrder, oidcProvider, response, static
      hint: did you mean `identity`?
    ");
}

#[tokio::test]
async fn a_word_that_is_not_known_is_answered_with_the_nearest_known_one() {
    insta::assert_snapshot!(refused_file("routes:\n  - artifactoryUrl: acme.jfrog.io\n    identity:\n      awsInstanceRol: {}\n").await, @r"
    error: failed to read the configuration
      caused by: `awsInstanceRol` in line 4 of the configuration file is not known, expected one of: awsInstanceRole, awsWebIdentity, awsPodIdentity, awsCognito, awsExternalRole, azureManagedIdentity, azureFederated, azureWorkloadIdentity, gcpMetadata, gcpImpersonation, gcpWorkloadIdentity, gcpApplicationDefault, serviceAccountToken, serviceAccountTokenFile
      hint: did you mean `awsInstanceRole`?
    ");
    insta::assert_snapshot!(refused_file("routes: [{artifactoryUrl: a.b, identity: {serviceAccountToken: {optIn: anotated}}}]").await, @r"
    error: failed to read the configuration
      caused by: `anotated` in line 1 of the configuration file is not known, expected one of: everyToken, annotated
      hint: did you mean `annotated`?
    ");
    insta::assert_snapshot!(refused_file("routes: [{artifactoryUrl: a.b, identity: {awsInstanceRole: {password: x}}}]").await, @r"
    error: failed to read the configuration
      caused by: `password` in line 1 of the configuration file is not known, expected one of: roleName, region, tokenLifetime
      hint: compare the file with the configuration section of the README
    ");
    insta::assert_snapshot!(refused_file("routes: [{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}, identityOrder: Strict}]").await, @r"
    error: failed to read the configuration
      caused by: `identityOrder` is `Strict`, which is not one of: strict, firstThatApplies, firstThatWorks
      hint: set `identityOrder` to one of: strict, firstThatApplies, firstThatWorks (did you mean `strict`?)
    ");
}

#[tokio::test]
async fn what_stands_as_a_key_and_is_no_word_is_not_shown() {
    let stderr = refused_file("routes: [{matchImages: [a.b], static: {username: u, 'password hunter2'}}]").await;
    assert!(!stderr.contains("hunter2"), "{stderr}");
    insta::assert_snapshot!(stderr, @r"
    error: failed to read the configuration
      caused by: what stands as a key in line 1 of the configuration file is not known, expected one of: username, password, passwordFile, token, tokenFile, cacheDuration, credentials, dockerConfigFile
      hint: compare the file with the configuration section of the README
    ");
}

#[tokio::test]
async fn a_misspelt_variable_is_named_where_the_right_one_is_missing() {
    insta::assert_snapshot!(refused(&[], &[("cloud_provider", "aws"), ("artifactory_ulr", "acme.jfrog.io")]).await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not set, which says which Artifactory the proof is exchanged at (`artifactory_ulr` is set)
      hint: rename `artifactory_ulr` to `artifactory_url` in the `env` of the provider's entry in the kubelet's configuration
    ");
    insta::assert_snapshot!(refused(&[], &[("cloud_provider", "aws"), ("ARTIFACTORY_URL", "acme.jfrog.io")]).await, @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is not set, which says which Artifactory the proof is exchanged at (`ARTIFACTORY_URL` is set)
      hint: rename `ARTIFACTORY_URL` to `artifactory_url` in the `env` of the provider's entry in the kubelet's configuration
    ");
}

#[tokio::test]
async fn two_routes_of_which_neither_is_closer_are_refused() {
    let routes = |one: &str, other: &str| {
        let route = |pattern| format!("{{matchImages: ['{pattern}'], static: {{username: u, password: p}}}}");
        format!("routes: [{}, {}, {}]", route("quay.io"), route(one), route(other))
    };
    insta::assert_snapshot!(refused_file(&routes("a*.example.com", "*b.example.com/team")).await, @r"
    error: failed to read the configuration
      caused by: route 2 (`a*.example.com`) and route 3 (`*b.example.com/team`) both match `ab.example.com/team`, and neither pattern is closer
      hint: take the pattern out of one of the routes, or make it closer: a host that is within the other's wins, and on one host the longer path
    ");
    insta::assert_snapshot!(refused_file(&routes("acme.jfrog.io/team", "acme.jfrog.io/team")).await, @r"
    error: failed to read the configuration
      caused by: route 2 (`acme.jfrog.io/team`) and route 3 (`acme.jfrog.io/team`) both match `acme.jfrog.io/team`, and neither pattern is closer
      hint: take the pattern out of one of the routes, or make it closer: a host that is within the other's wins, and on one host the longer path
    ");
}

#[tokio::test]
async fn what_neither_the_file_nor_the_environment_says_is_named_in_both_ways() {
    insta::assert_snapshot!(refused_file("routes: [{identity: {awsInstanceRole: {}}}]").await, @r"
    error: failed to read the configuration
      caused by: route 1: `artifactoryUrl` is missing, which says where the proof is exchanged, and `artifactory_url` is not set
      hint: add `artifactoryUrl: acme.jfrog.io` to the route, or set `artifactory_url`
    ");
    insta::assert_snapshot!(refused_file("routes: [{artifactoryUrl: a.b, identity: {gcpMetadata: {}}, oidcProvider: {name: p}}]").await, @r"
    error: failed to read the configuration
      caused by: route 1: `audience` is missing, and `jfrog_oidc_audience` is not set
      hint: give `audience` a value in the route, or set `jfrog_oidc_audience`
    ");
    insta::assert_snapshot!(refused_file("routes: [{artifactoryUrl: a.b, identity: {serviceAccountToken: {}}, oidcProvider: {}}]").await, @r"
    error: failed to read the configuration
      caused by: route 1: `oidcProvider.name` is missing, and `jfrog_oidc_provider_name` is not set
      hint: give `oidcProvider.name` a value in the route, or set `jfrog_oidc_provider_name`
    ");
    insta::assert_snapshot!(refused_file("routes: [{matchImages: [a.b], static: {username: u, password: p, cacheDuration: 8}}]").await, @r"
    error: failed to read the configuration
      caused by: `cacheDuration` is `8`, which is not a duration such as `8h`
      hint: set `cacheDuration` to a duration such as `8h`
    ");
}

#[tokio::test]
async fn routes_that_cannot_work_are_refused() {
    insta::assert_snapshot!(refused_file("routes: []").await, @r"
    error: failed to read the configuration
      caused by: `routes` is empty
      hint: add a route with `artifactoryUrl` and `identity`, or with `matchImages` and `static`
    ");
    insta::assert_snapshot!(refused_file("routes: [{artifactoryUrl: a.example.com}]").await, @r"
    error: failed to read the configuration
      caused by: route 1: it needs one of `identity`, `identities` and `static`
      hint: give the route an `identity` (or several `identities`) to be exchanged, or a `static` credential, or set `cloud_provider`
    ");
    insta::assert_snapshot!(refused_file("routes: [{artifactoryUrl: a.example.com, identity: {gcpMetadata: {audience: x}}}]").await, @r"
    error: failed to read the configuration
      caused by: route 1: `oidcProvider` is missing, which names Artifactory's OIDC provider, and `jfrog_oidc_provider_name` is not set
      hint: add `oidcProvider: {name: NAME}` to the route, or set `jfrog_oidc_provider_name`
    ");
    insta::assert_snapshot!(refused_file("routes: [{static: {username: u, password: p}}]").await, @r"
    error: failed to read the configuration
      caused by: route 1: `matchImages` is missing, which says where the credential may go
      hint: add `matchImages` with the registries that may see the credential
    ");
    insta::assert_snapshot!(refused_file("routes: [{matchImages: ['a.b:*'], static: {username: u, password: p}}]").await, @r"
    error: failed to read the configuration
      caused by: an entry of matchImages is not usable
      caused by: `a.b:*` is no matchImages pattern: `:*` is no valid port
      hint: write `host[:port][/path]`, with `*` for a whole label of the host or a part of it
    ");
}

#[tokio::test]
async fn an_unknown_argument_is_refused() {
    insta::assert_snapshot!(refused(&["--confg", "x"], &[]).await, @r"
    error: failed to start
      caused by: the command line is not understood: invalid option '--confg'
      hint: run with --help for the options; the kubelet's `args` take `--config` and a file
    ");
}

#[tokio::test]
async fn the_incumbents_commands_are_answered_with_what_to_do_instead() {
    let add = ["add-provider-config", "--yaml", "--provider-home", "/etc/x"];
    insta::assert_snapshot!(refused(&add, &[]).await, @r"
    error: failed to start
      caused by: `add-provider-config` is a command of jfrog-credentials-provider, and this program only answers the kubelet
      hint: write the entry into the file of the kubelet's --image-credential-provider-config and restart the kubelet; an entry that is there already stays as it is (docs/migrate.md)
    ");
    insta::assert_snapshot!(refused(&["watch-kubelet", "--timeout", "60"], &[]).await, @r"
    error: failed to start
      caused by: `watch-kubelet` is a command of jfrog-credentials-provider, and this program only answers the kubelet
      hint: after a restart ask `systemctl is-active kubelet` and `journalctl -u kubelet`, and put the former configuration back where the kubelet does not start (docs/migrate.md)
    ");
}

#[tokio::test]
async fn a_password_file_that_is_gone_is_named() {
    let site = Site::start().await;
    let config = format!(
        "routes: [{{matchImages: ['{}'], static: {{username: u, passwordFile: /nowhere/password}}}}]",
        site.host()
    );
    let config = site.file("config.yaml", config);
    let outcome = site.pull_in(&["--config", &config], &BTreeMap::new()).await;
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to read the static credential
      caused by: no password could be read
      caused by: cannot read `/nowhere/password`: No such file or directory (os error 2)
      hint: name a text file that the kubelet's user can read in `passwordFile` or `tokenFile`
    ");
}

#[tokio::test]
async fn a_bundle_that_is_none_is_named() {
    let site = Site::start().await;
    let bundle = site.file("empty.pem", "");
    let outcome = site.pull_in(&[], &site.environment_with("azure", &[("SSL_CERT_FILE", &bundle)])).await;
    insta::assert_snapshot!(site.named(outcome.failure(3)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: `DIRECTORY/empty.pem` holds no usable certificate
      hint: name a PEM file with CA certificates in `tls.caFile` (else SSL_CERT_FILE)
    ");
}

#[tokio::test]
async fn version_and_help_answer_without_a_configuration() {
    for (argument, text) in [("--version", env!("CARGO_PKG_VERSION")), ("--help", "--config FILE")] {
        let outcome = run(&[argument], &BTreeMap::new(), b"").await;
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        assert!(outcome.stdout.contains(text), "{}", outcome.stdout);
    }
}
