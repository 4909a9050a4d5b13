//! `--check-config`: what a pull would use, told without secrets and without asking anybody.

use std::collections::BTreeMap;

use crate::program::{Outcome, run};
use crate::site::Site;

fn variables(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A run on a file, in the surroundings of a cloud that must not be asked.
async fn check(site: &Site, file: &str, changes: &[(&str, &str)], more: &[&str]) -> Outcome {
    let config = site.file("config.yaml", file);
    let mut arguments = vec!["--check-config", "--config", &config];
    arguments.extend(more);
    let mut environment = site.environment("none");
    environment.retain(|name, _| name.starts_with("AWS_") || name.starts_with("AZURE_") || name.starts_with("GCE_"));
    environment.extend(variables(changes));
    let outcome = run(&arguments, &environment, b"").await;
    site.check_leaks(&outcome);
    assert!(site.cloud_requests().is_empty() && site.artifactory_requests().is_empty(), "no request at all");
    outcome
}

const FILE: &str = "
routes:
  - artifactoryUrl: acme.jfrog.io
    identity: {awsInstanceRole: {tokenLifetime: 2h}}
  - matchImages: [\"*.jfrog.io\", acme.jfrog.io/team]
    static: {username: robot, password: planted-password}
";

#[tokio::test]
async fn the_configuration_is_printed_with_its_defaults_and_without_secrets() {
    let site = Site::start().await;
    site.plant("planted-password");
    let environment = [
        ("aws_region", "eu-central-1"),
        ("secret_ttl_seconds", "600"),
        ("SSL_CERT_FILE", "/etc/ca.pem"),
        ("HTTPS_PROXY", "http://robot:planted-password@proxy.example.com:3128"),
    ];
    let outcome = check(&site, FILE, &environment, &[]).await;
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    insta::assert_snapshot!(site.named(&outcome.stdout), @r#"
    # from the environment: AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER, AWS_ENDPOINT_URL_SECRETS_MANAGER, AWS_ENDPOINT_URL_STS, AZURE_AUTHORITY_HOST, AZURE_POD_IDENTITY_AUTHORITY_HOST, GCE_METADATA_HOST, HTTPS_PROXY, SSL_CERT_FILE, aws_region
    # set and without effect: secret_ttl_seconds
    deadline: 55s
    routes:
      - matchImages:
          - acme.jfrog.io
        artifactoryUrl: https://acme.jfrog.io
        tls:
          caFile: /etc/ca.pem
          minimumVersion: "1.2"
        # proxy: http://proxy.example.com:3128, as HTTPS_PROXY says
        identities:
          - awsInstanceRole:
              region: eu-central-1
              tokenLifetime: 2h0m0s
        identityOrder: firstThatApplies
      - matchImages:
          - "*.jfrog.io"
          - acme.jfrog.io/team
        static:
          username: robot
          password: "<redacted>"
    # the first of these that matches an image decides:
    #   acme.jfrog.io/team  route 2
    #   acme.jfrog.io       route 1
    #   *.jfrog.io          route 2
    "#);
    insta::assert_snapshot!(site.named(&outcome.stderr), @r"
    warning: `DIRECTORY/config.yaml` holds a password and everybody on the node can read it
      hint: chmod 0600 DIRECTORY/config.yaml, or use `passwordFile`
    ");
}

#[tokio::test]
async fn what_is_printed_is_a_file_that_is_printed_as_itself() {
    let site = Site::start().await;
    let bare = |text: &str| text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let printed = check(&site, FILE, &[("aws_region", "eu-central-1")], &[]).await.stdout;
    let again = check(&site, &printed, &[], &[]).await;
    assert_eq!((again.code, bare(&again.stdout)), (0, bare(&printed)));
}

#[tokio::test]
async fn an_entrys_variables_are_printed_as_a_file() {
    let google = [
        ("artifactory_url", "acme.jfrog.io"),
        ("cloud_provider", "google"),
        ("jfrog_oidc_audience", "artifactory"),
        ("jfrog_oidc_provider_name", "google"),
        ("azure_tenant_id", "tenant"),
    ];
    let outcome = run(&["--check-config"], &variables(&google), b"").await;
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(outcome.stdout, @r#"
    # from the environment: artifactory_url, cloud_provider, jfrog_oidc_audience, jfrog_oidc_provider_name
    # set and without effect: azure_tenant_id
    deadline: 55s
    routes:
      - matchImages:
          - acme.jfrog.io
        artifactoryUrl: https://acme.jfrog.io
        tls:
          minimumVersion: "1.2"
        proxy: direct
        identities:
          - serviceAccountToken:
              optIn: annotated
              audience: artifactory
          - gcpMetadata:
              audience: artifactory
              foreignAccount: impersonated
        oidcProvider:
          name: google
          type: "Generic OpenID Connect"
          audience: artifactory
          includeReferenceToken: false
        identityOrder: firstThatApplies
    # the first of these that matches an image decides:
    #   acme.jfrog.io  route 1
    "#);
}

#[tokio::test]
async fn the_route_of_an_image_is_told_with_those_that_it_is_closer_than() {
    let site = Site::start().await;
    let stdout = async |image: &'static str| {
        let outcome = check(&site, FILE, &[], &["--image", image]).await;
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.stdout
    };
    insta::assert_snapshot!(stdout("acme.jfrog.io/team/app").await, @r"
    `acme.jfrog.io/team/app` is served by route 2 (a static credential)
      its pattern `acme.jfrog.io/team` is the closest
      route 1 matches too, by `acme.jfrog.io`
      its answer may be kept for: Image
    ");
    insta::assert_snapshot!(stdout("acme.jfrog.io/other").await, @r"
    `acme.jfrog.io/other` is served by route 1 (an exchange at `acme.jfrog.io`)
      its pattern `acme.jfrog.io` is the closest
      route 2 matches too, by `*.jfrog.io`
      its answer may be kept for: Image
    ");
    insta::assert_snapshot!(stdout("quay.io/x").await, @r"
    `quay.io/x` is served by no route: the pull is declined
    ");
}

/// README shows the same words.
#[tokio::test]
async fn the_readme_shows_the_route_of_an_image_as_it_is() {
    let site = Site::start().await;
    let image = "acme.jfrog.io/docker-private/app";
    let outcome = check(&site, &crate::documents::example("routes.yaml").1, &[], &["--image", image]).await;
    let shown = format!("    {}\n", outcome.stdout.trim_end().replace('\n', "\n    "));
    let call = format!("    $ artifactory-credential-provider --check-config --config routes.yaml --image {image}\n");
    assert!(include_str!("../../../README.md").contains(&format!("{call}{shown}")), "{shown}");
}

#[tokio::test]
async fn what_is_odd_is_warned_about() {
    let site = Site::start().await;
    let file = "routes: [{matchImages: [quay.io/*], static: {username: u, passwordFile: /x}}]";
    let odd = [("aws_regoin", "eu-central-1"), ("jfrog_something", "x"), ("ARTIFACTORY_CREDENTIAL_PROVIDER_X", "y")];
    let outcome = check(&site, file, &odd, &[]).await;
    assert_eq!(outcome.code, 0);
    insta::assert_snapshot!(outcome.stderr, @r"
    warning: the variable `ARTIFACTORY_CREDENTIAL_PROVIDER_X` means nothing here
      hint: unset it, or look its name up in the README
    warning: the variable `aws_regoin` means nothing here
      hint: did you mean `aws_region`?
    warning: the variable `jfrog_something` means nothing here
      hint: unset it, or look its name up in the README
    warning: `quay.io/*` of route 1 matches no image
      hint: a path is a prefix: leave `*` out of it
    ");
}

#[cfg(unix)]
#[tokio::test]
async fn a_password_that_nobody_else_can_read_is_not_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::start().await;
    let config = site.file("own.yaml", FILE);
    for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true)] {
        std::fs::set_permissions(&config, std::fs::Permissions::from_mode(mode)).expect("a mode");
        let outcome = run(&["--check-config", "--config", &config], &BTreeMap::new(), b"").await;
        assert_eq!(
            (outcome.code, outcome.stderr.contains("everybody on the node can read it")),
            (0, warned),
            "{mode:o}"
        );
    }
}

#[tokio::test]
async fn what_is_no_configuration_ends_as_a_pull_would() {
    let site = Site::start().await;
    let outcome = check(&site, "routes: [{artifactoryUrl: acme.jfrog.io, identty: {}}]", &[], &[]).await;
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to read the configuration
      caused by: `identty` in line 1 of the configuration file is not known, expected one of: matchImages, artifactoryUrl, insecure, tls, proxy, identity, identities, identityOrder, oidcProvider, response, static
      hint: did you mean `identity`?
    ");
    let outcome = check(&site, FILE, &[], &["--image", "nginx"]).await;
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to start
      caused by: the command line is not understood: image `nginx` names no registry before a `/`
      hint: run with --help for the options; the kubelet's `args` take `--config` and a file
    ");
    let outcome = run(&["--image", "acme.jfrog.io/x"], &BTreeMap::new(), b"").await;
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to start
      caused by: the command line is not understood: --image needs --check-config beside it
      hint: run with --help for the options; the kubelet's `args` take `--config` and a file
    ");
}

/// A secret file that is a pipe without a writer would hold whoever opens it.
#[cfg(unix)]
#[tokio::test]
async fn no_file_that_holds_a_secret_is_opened() {
    let site = Site::start().await;
    let pipe = format!("{}/pipe", site.directory());
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let file = format!(
        "routes: [{{matchImages: [quay.io], static: {{username: u, passwordFile: '{pipe}'}}}}, {{matchImages: [ghcr.io], static: \
         {{dockerConfigFile: '{pipe}'}}}}, {{artifactoryUrl: a.b, tls: {{caFile: '{pipe}'}}, identity: {{serviceAccountTokenFile: \
         {{path: '{pipe}'}}}}, oidcProvider: {{name: p}}}}]"
    );
    let outcome = check(&site, &file, &[], &[]).await;
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}
