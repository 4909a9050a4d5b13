//! What the README shows is what the program does.

use std::collections::BTreeSet;
use std::path::PathBuf;

use artifactory_credential_provider::config::{Config, Environment};
use artifactory_credential_provider::image::ImageRef;
use serde::Deserialize;

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

/// Every file below a folder of the examples, by its name there.
fn files(folder: &str) -> Vec<String> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(folder);
    let entries = std::fs::read_dir(directory).expect("a folder").map(|entry| entry.expect("an entry"));
    let names = entries.flat_map(|entry| {
        let name = format!("{folder}{}", entry.file_name().into_string().expect("a name"));
        if entry.path().is_dir() { files(&format!("{name}/")) } else { vec![name] }
    });
    names.collect()
}

#[test]
fn the_readme_holds_every_example_to_the_letter() {
    let names = files("");
    assert!(names.len() >= 50, "{names:?}");
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
fn the_readme_shows_no_document_that_is_no_example() {
    let names = files("");
    let texts: Vec<_> = names.iter().map(|name| example(name).1).collect();
    for block in README.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').expect("a language");
        assert!(!["json", "yaml"].contains(&language) || texts.contains(&format!("{text}\n")), "{text}");
    }
}

#[test]
fn every_entry_of_the_kubelet_configures_the_program() {
    let names = files("").into_iter().filter(|name| name.contains("kubelet"));
    let needs_the_sdk = |name: &str| name.starts_with("aws-external-role/") || name == "kubelet.yaml";
    for name in names.filter(|name| cfg!(feature = "aws-sdk") || !needs_the_sdk(name)) {
        let entry = entry(&name);
        assert_eq!(entry.name, env!("CARGO_PKG_NAME"), "the kubelet looks the binary up by the entry's name");
        let environment: Environment = entry.env.into_iter().map(|variable| (variable.name, variable.value)).collect();
        let file = entry.args.first().map(|_| example(&name.replace("kubelet.yaml", "config.yaml")).0);
        if file.is_some() {
            assert_eq!(entry.args, ["--config", "/etc/artifactory-credential-provider/config.yaml"], "{name}");
        }
        let config = Config::load(file.as_deref(), &environment).unwrap_or_else(|error| panic!("{name}: {error}"));
        for pattern in entry.match_images {
            let image = ImageRef::parse(&format!("{}/app", pattern.replace('*', "any"))).expect("an image");
            assert!(config.route(&image).is_some(), "{name}: the kubelet asks for {pattern} and no route serves it");
        }
    }
}

/// The keys that the program offers in the place of one it does not know.
pub(crate) fn keys(file: &str) -> Vec<String> {
    let path = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(path.path(), file).expect("written");
    let error = Config::load(Some(path.path()), &Environment::default()).expect_err("an unknown key");
    let cause = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    let text = cause.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let offered = text.split_once("expected").unwrap_or_else(|| panic!("{text}")).1;
    let words = offered.split(|c: char| !c.is_ascii_alphanumeric());
    let of_the_message = ["", "one", "of", "at", "line", "column"];
    let keys = words.filter(|word| !of_the_message.contains(word) && word.starts_with(|c: char| c.is_alphabetic()));
    keys.map(str::to_owned).collect()
}

/// Every identity that a route can have.
pub(crate) fn identities() -> Vec<String> {
    let identities = keys("routes: [{identity: {nope: {}}}]");
    assert!(identities.len() >= 14, "{identities:?}");
    identities
}

#[test]
fn the_file_example_shows_every_key() {
    let text = example("config.yaml").1;
    let route = |keys: &str| format!("routes: [{{{keys}}}]");
    let identities = identities();
    let mut files = vec![
        "nope: 1".to_owned(),
        "telemetry: {nope: 1}".to_owned(),
        route("nope: 1"),
        route("oidcProvider: {nope: 1}"),
        route("static: {nope: 1}"),
    ];
    files.extend(identities.iter().map(|identity| route(&format!("identity: {{{identity}: {{nope: 1}}}}"))));
    for key in files.iter().flat_map(|file| keys(file)).chain(identities) {
        assert!(text.contains(&key), "provider/examples/config.yaml does not show `{key}`");
    }
}

#[test]
fn the_static_examples_serve_what_they_name() {
    for (name, images) in [
        ("static/registries.yaml", ["any.example.com/x", "quay.example.com/team/x", "docker.io/library/nginx"]),
        ("static/docker-config.yaml", ["any.example.com/x", "quay.io/x", "docker.io/library/nginx"]),
    ] {
        let config = Config::load(Some(&example(name).0), &Environment::default()).expect(name);
        for image in images {
            assert!(config.route(&ImageRef::parse(image).expect("an image")).is_some(), "{name}: {image}");
        }
        assert!(config.route(&ImageRef::parse("evil.io/x").expect("an image")).is_none(), "{name}");
    }
}

/// The text that the test of `conformance pull` holds, with a file and times of a node in it.
#[test]
fn the_readme_shows_the_kubelet_in_a_terminal_as_it_is() {
    let section = README.split("\n## The kubelet in a terminal\n").nth(1).expect("a section");
    let shown =
        section.split("\n\n    kubelet ").nth(1).expect("a report").split("\n\n`--pod").next().expect("its end");
    let shown = format!("    kubelet {shown}").replace("/etc/kubernetes/providers.yaml", "NODE/config.yaml");
    let tested = include_str!("../../../conformance/tests/pull/main.rs");
    assert!(tested.contains(&shown.replace("12 ms", "TIME ms")), "{shown}");
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
    let listed = help.split("configures one route:").nth(1).expect("the list");
    let listed = listed.split("Exit codes").next().expect("its end");
    let words = listed.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let in_the_help: BTreeSet<_> = words.filter(|word| word.contains('_')).collect();
    let section = README.split("## Configuration by environment").nth(1).expect("a section");
    let section = section.split("\n## ").next().expect("its text");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let in_the_readme: BTreeSet<_> =
        rows.flat_map(|row| row.split(['`', ',', ' '])).filter(|word| word.contains('_')).collect();
    assert_eq!(in_the_help, in_the_readme);
    for name in in_the_source() {
        assert!(in_the_help.contains(name.as_str()), "`{name}` is read and not listed");
    }
}

/// The variables that the program's source names in capitals.
fn in_the_source() -> BTreeSet<String> {
    let source = concat!(
        include_str!("../../src/config.rs"),
        include_str!("../../src/endpoints.rs"),
        include_str!("../../src/endpoints/aws.rs"),
        include_str!("../../src/endpoints/cognito.rs"),
        include_str!("../../src/endpoints/gcp.rs"),
        include_str!("../../src/config/environment.rs"),
        include_str!("../../src/config/environment/aws.rs"),
        include_str!("../../src/config/environment/aws/external_role.rs"),
        include_str!("../../src/config/environment/azure.rs"),
        include_str!("../../src/config/environment/fixed.rs"),
        include_str!("../../src/config/environment/google.rs"),
        include_str!("../../src/telemetry/settings/environment.rs"),
    );
    let texts = source.split('"').skip(1).step_by(2);
    let begins = |text: &&str| {
        [
            "OTEL_",
            "AWS_",
            "AZURE_",
            "GCE_",
            "GOOGLE_",
            "CLOUDSDK_",
            "KSCP_",
            "SCP_",
            "SSL_",
            "HTTPS_",
            "NO_",
            "ARTIFACTORY_CRED",
        ]
        .iter()
        .chain(&["aws_", "azure_", "google_", "jfrog_oidc", "jfrog_token"])
        .any(|beginning| text.starts_with(beginning))
    };
    let names = texts.filter(begins).filter(|text| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    // The form for traces is named once for all.
    let names = names.filter(|name| !name.starts_with("OTEL_EXPORTER_OTLP_TRACES_") || name.ends_with("_ENDPOINT"));
    names.filter(|name| *name != "KSCP_CACHE_TYPE").map(str::to_owned).collect()
}
