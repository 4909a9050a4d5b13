//! What the README shows is what the program does.

use std::collections::BTreeSet;
use std::path::PathBuf;

use artifactory_credential_provider::config::{Config, Environment};
use artifactory_credential_provider::image::ImageRef;
use serde::Deserialize;

use crate::site::Site;

const README: &str = include_str!("../../../README.md");

pub(crate) fn example(name: &str) -> (PathBuf, String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let text = std::fs::read_to_string(&path).expect("an example");
    (path, text)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KubeletConfig {
    providers: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    match_images: Vec<String>,
    #[serde(default)]
    env: Vec<Variable>,
    #[serde(default)]
    args: Vec<String>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: String,
}

/// The variables of an example's entry.
pub(crate) fn variables(name: &str) -> Vec<(String, String)> {
    entry(name).env.into_iter().map(|variable| (variable.name, variable.value)).collect()
}

fn entry(name: &str) -> Entry {
    let config: KubeletConfig = serde_saphyr::from_str(&example(name).1).expect("a kubelet configuration");
    config.providers.into_iter().next().expect("an entry")
}

#[test]
fn the_readme_holds_every_example_to_the_letter() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = std::fs::read_dir(directory).expect("the examples");
    // A folder is a set-up of its own, which the tests of its identity run as a whole.
    let files = entries.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().is_file());
    let names: Vec<_> = files.map(|file| file.file_name().into_string().expect("a name")).collect();
    assert!(names.len() >= 13, "{names:?}");
    for name in &names {
        let (_, text) = example(name);
        let language = name.rsplit('.').next().expect("an extension");
        assert!(
            README.contains(&format!("```{language}\n{text}```")),
            "README.md differs from provider/examples/{name}"
        );
    }
}

#[test]
fn the_kubelets_entries_configure_the_program() {
    let names = [
        "kubelet-aws.yaml",
        "kubelet-aws-cognito.yaml",
        "kubelet-azure.yaml",
        "kubelet-google.yaml",
        "kubelet-aws-web-identity.yaml",
        "kubelet-static.yaml",
    ];
    let of_the_sdk = cfg!(feature = "aws-sdk").then_some("aws-cross-account/kubelet-environment.yaml");
    for name in names.into_iter().chain(of_the_sdk) {
        let entry = entry(name);
        assert_eq!(entry.name, env!("CARGO_PKG_NAME"), "the kubelet looks the binary up by the entry's name");
        let environment: Environment = entry.env.into_iter().map(|variable| (variable.name, variable.value)).collect();
        let config = Config::load(None, &environment).expect(name);
        for pattern in entry.match_images {
            let image = ImageRef::parse(&format!("{pattern}/app")).expect("an image");
            assert!(config.route(&image).is_some(), "{name}: the kubelet asks for {pattern} and no route serves it");
        }
    }
}

#[test]
fn the_file_example_serves_what_its_entry_asks_for() {
    assert_served("config.yaml", &["kubelet-file.yaml", "kubelet-cluster.yaml"]);
    if cfg!(feature = "aws-sdk") {
        assert_served("aws-cross-account/config.yaml", &["aws-cross-account/kubelet.yaml"]);
    }
}

fn assert_served(config: &str, entries: &[&str]) {
    let (path, _) = example(config);
    let config = Config::load(Some(&path), &Environment::default()).expect("a configuration");
    for entry in entries.iter().map(|name| entry(name)) {
        assert_eq!(entry.args.first().map(String::as_str), Some("--config"));
        for pattern in entry.match_images {
            let image = ImageRef::parse(&format!("{}/app", pattern.replace('*', "any"))).expect("an image");
            assert!(config.route(&image).is_some(), "no route serves {pattern}");
        }
    }
}

#[test]
fn the_static_examples_serve_what_they_name() {
    for (name, images) in [
        ("static-registries.yaml", ["any.example.com/x", "quay.example.com/team/x", "docker.io/library/nginx"]),
        ("docker-config.yaml", ["any.example.com/x", "quay.io/x", "docker.io/library/nginx"]),
    ] {
        let config = Config::load(Some(&example(name).0), &Environment::default()).expect(name);
        for image in images {
            assert!(config.route(&ImageRef::parse(image).expect("an image")).is_some(), "{name}: {image}");
        }
        assert!(config.route(&ImageRef::parse("evil.io/x").expect("an image")).is_none(), "{name}");
    }
}

/// The provider, the mapping and the route of the README, with a running cluster's issuer and Artifactory's host.
#[tokio::test]
async fn the_cluster_example_pulls_with_artifactory_set_up_as_it_says() {
    let site = Site::start().await;
    let issuer = format!("{}/id/0123456789ABCDEF0123456789ABCDEF", site.cloud.url());
    let here = |name: &str| {
        let text = example(name).1.replace("https://oidc.example.com/cluster", &issuer);
        text.replace("cluster.example.com", &site.host())
    };
    site.administer("/access/api/v1/oidc", here("cluster-oidc-provider.json")).await;
    let mappings = "/access/api/v1/oidc/cluster/identity_mappings";
    site.administer(mappings, here("cluster-identity-mapping.json")).await;
    let token = site.file("token", site.pod_token("app", "artifactory"));
    let config = here("cluster.yaml").replace("/var/lib/artifactory-credential-provider/token", &token);
    let config = site.file("config.yaml", config);
    let outcome = site.pull_in(&["--config", &config], &site.environment("none")).await;
    let (username, password) = outcome.credential(&site.host());
    assert_eq!(username, "cluster-puller");
    assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200);
}

#[test]
fn the_readme_lists_the_programs_exit_codes() {
    let source = include_str!("../../src/error.rs");
    let constants = source.lines().filter_map(|line| line.split_once(": u8 = "));
    let mut program: BTreeSet<u8> =
        constants.filter_map(|(_, value)| value.trim_end_matches(';').parse().ok()).collect();
    program.insert(0);
    let section = README.split("## Exit codes").nth(1).expect("a section").split("\n## ").next().expect("its text");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let readme: BTreeSet<u8> = rows.filter_map(|row| row.split(' ').next()?.parse().ok()).collect();
    assert_eq!(readme, program);
}

#[test]
fn the_help_and_the_readme_name_the_same_variables() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_artifactory-credential-provider")).arg("--help").output();
    let help = String::from_utf8(help.expect("the program runs").stdout).expect("text");
    let listed =
        help.split("configures one route:").nth(1).expect("the list").split("Exit codes").next().expect("its end");
    let names = listed.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).filter(|word| word.contains('_'));
    let section = README.split("## Configuration by environment").nth(1).expect("a section");
    let mut count = 0;
    for name in names {
        assert!(section.contains(&format!("`{name}`")), "README.md does not explain `{name}`");
        count += 1;
    }
    assert!(count >= 12, "{help}");
}
