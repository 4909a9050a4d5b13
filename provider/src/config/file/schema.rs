//! The JSON Schema of the configuration file, made from its shapes.

use std::path::PathBuf;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::shape::FileShape;
use crate::config::Environment;

/// A rule for keys of which one must be there, and one only.
pub(super) fn exactly_one<const N: usize>(keys: [&str; N]) -> Value {
    keys.into_iter().map(|key| json!({ "required": [key] })).collect()
}

/// What two of these keys together fit.
pub(super) fn any_two<const N: usize>(keys: [&str; N]) -> Value {
    let pairs = keys.iter().enumerate().flat_map(|(index, one)| keys[index + 1..].iter().map(move |two| [one, two]));
    json!({ "anyOf": pairs.map(|pair| json!({ "required": pair })).collect::<Vec<_>>() })
}

fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<FileShape>().to_value();
    on_one_line(&mut schema);
    schema
}

/// Descriptions without the line ends of the source.
fn on_one_line(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            object.values_mut().for_each(on_one_line);
        }
        Value::Array(list) => list.iter_mut().for_each(on_one_line),
        _ => {}
    }
}

fn in_the_repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[test]
fn the_published_schema_is_that_of_the_shapes() {
    let path = in_the_repository("docs/config.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).expect("JSON"));
    #[expect(clippy::disallowed_methods, reason = "how a document is written anew")]
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "docs/config.schema.json is not of these shapes: run this test with UPDATE_DOCUMENTS=1");
}

/// Each key says what it means.
#[test]
fn every_key_is_described() {
    fn described(schema: &Value, path: &str) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let said =
                property["description"].is_string() || schema["description"].is_string() && path == "IdentityShape";
            assert!(said, "{path}.{key}");
        }
        let parts = schema["oneOf"].as_array().into_iter().flatten();
        parts.for_each(|part| described(part, path));
    }
    let schema = schema();
    described(&schema, "the file");
    for (name, shape) in schema["$defs"].as_object().expect("shapes") {
        described(shape, name);
    }
}

fn fits(text: &str) -> bool {
    let file: Value = serde_saphyr::from_str(text).expect("YAML");
    jsonschema::validator_for(&schema()).expect("a schema").is_valid(&file)
}

fn is_read(text: &str) -> bool {
    super::parse(text, &Environment::default()).is_ok()
}

/// Every file below the examples that is a configuration of this program.
fn examples(folder: PathBuf) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files = entries.flat_map(|path| {
        if path.is_dir() {
            return examples(path);
        }
        let text = std::fs::read_to_string(&path).expect("text");
        if text.contains("\nroutes:") || text.starts_with("routes:") { vec![(path, text)] } else { Vec::new() }
    });
    files.collect()
}

#[test]
fn every_example_fits_the_schema_and_is_read() {
    let files = examples(in_the_repository("provider/examples"));
    assert!(files.len() >= 8, "{files:?}");
    for (path, text) in files {
        assert!(fits(&text) && (is_read(&text) || cfg!(not(feature = "aws-sdk"))), "{}", path.display());
    }
}

/// A key that is not known, put into each object of the example that has every key.
#[test]
fn a_key_that_is_not_known_is_refused_by_both_wherever_it_stands() {
    let text = std::fs::read_to_string(in_the_repository("provider/examples/config.yaml")).expect("text");
    let file: Value = serde_saphyr::from_str(&text).expect("YAML");
    let mut places = Vec::new();
    objects(&file, String::new(), &mut places);
    assert!(places.len() > 40, "{places:?}");
    for place in places.into_iter().filter(|place| !place.ends_with("/sessionTags")) {
        let mut changed = file.clone();
        changed.pointer_mut(&place).expect("an object")["nope"] = json!("x");
        let text = changed.to_string();
        assert!(!fits(&text), "the schema takes `nope` in {place}");
        assert!(!is_read(&text), "the parser takes `nope` in {place}");
    }
}

fn objects(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| objects(value, format!("{path}/{key}"), found));
            found.push(path);
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| objects(value, format!("{path}/{i}"), found));
        }
        _ => {}
    }
}

#[test]
fn schema_and_parser_agree_on_what_a_route_needs() {
    let table = [
        ("{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}}", true),
        ("{artifactoryUrl: a.b, identities: [{awsInstanceRole: {}}]}", true),
        ("{artifactoryUrl: a.b, identities: []}", false),
        ("{artifactoryUrl: a.b, identity: {}}", false),
        ("{artifactoryUrl: a.b, identity: {awsInstanceRole: {}, awsPodIdentity: {}}}", false),
        ("{artifactoryUrl: a.b, identity: {awsInstanceRol: {}}}", false),
        ("{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}, identities: [{awsPodIdentity: {}}]}", false),
        ("{artifactoryUrl: a.b, matchImages: [], identity: {awsInstanceRole: {}}}", false),
        ("{artifactoryUrl: [a.b], identity: {awsInstanceRole: {}}}", false),
        ("{artifactoryUrl: a.b, identity: {awsInstanceRole: {tokenLifetime: {}}}}", false),
        ("{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}, identityOrder: strict}", true),
        ("{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}, identityOrder: loose}", false),
        (
            "{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}, response: {cacheKeyType: Image, cacheType: Token}}",
            true,
        ),
        ("{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}, response: {cacheKeyType: image}}", false),
        ("{artifactoryUrl: a.b, identity: {awsInstanceRole: {}}, response: {cacheType: Pod}}", false),
        (
            "{artifactoryUrl: a.b, identity: {awsCognito: {credentials: role, secretName: s, userPoolId: i, resourceServerName: r, scope: c}}, oidcProvider: {name: p}}",
            false,
        ),
        ("{matchImages: [a.b], static: {username: u, password: p}}", true),
        ("{matchImages: [a.b], static: {username: u, password: p, tokenFile: /x}}", false),
        ("{matchImages: [a.b], static: {username: u, password: p, dockerConfigFile: /x}}", false),
        ("{matchImages: [a.b], static: {password: p}}", false),
        ("{matchImages: [a.b], static: {username: u, password: p}, identity: {awsInstanceRole: {}}}", false),
        ("{static: {credentials: [{matchImages: [a.b], username: u, tokenFile: /x, cacheDuration: 8h}]}}", true),
        ("{static: {credentials: [{matchImages: [a.b], username: u}]}}", false),
        ("{static: {credentials: []}}", false),
        (
            "{artifactoryUrl: a.b, identity: {azureManagedIdentity: {resource: r, clientId: c, objectId: o}}, oidcProvider: {name: p}}",
            false,
        ),
        ("{artifactoryUrl: a.b, identity: {serviceAccountToken: {optIn: annotated}}, oidcProvider: {name: p}}", true),
        ("{artifactoryUrl: a.b, identity: {serviceAccountToken: {optIn: anotated}}, oidcProvider: {name: p}}", false),
        (
            "{artifactoryUrl: a.b, identity: {gcpMetadata: {audience: a, foreignAccount: impersonated}}, oidcProvider: {name: p}}",
            true,
        ),
    ];
    for (route, good) in table {
        let file = format!("routes: [{route}]");
        assert_eq!((fits(&file), is_read(&file)), (good, good), "{route}");
    }
    for file in ["routes: []", "{}", "routes: {}"] {
        assert!(!fits(file) && !is_read(file), "{file}");
    }
}
