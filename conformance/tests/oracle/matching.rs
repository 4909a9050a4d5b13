//! Entries of `matchImages`, keys of `auth`, and images.

use conformance::kubelet::{Keyring, matches, normalised_key};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::law::{Case, holds, joined};

/// What hosts, ports and paths are made of, by people and by attackers.
const PARTS: &[&str] = &[
    "r",
    "io",
    "registry",
    ".",
    ".",
    ".",
    "*",
    "*",
    "?",
    "[a-z]",
    "[!a]",
    "[^a]",
    "[",
    "]",
    "-",
    "_",
    "~",
    "\\",
    "\\*",
    ":",
    ":",
    ":5000",
    ":443",
    ":0443",
    ":*",
    "::1",
    "[::1]",
    "[fe80::1%25eth0]",
    "[1.2.3.4]",
    "[::ffff:1.2.3.4]",
    "/",
    "/",
    "/",
    "//",
    "a",
    "b",
    "foo",
    "%",
    "%2f",
    "%2F",
    "%2e",
    "%25",
    "%00",
    "%c3%a9",
    "%zz",
    "%ff",
    "é",
    "ñ",
    "日",
    "\u{202e}",
    "\u{feff}",
    "@",
    "user:pw@",
    "u@",
    "#",
    "#f",
    "#%zz",
    "?x",
    "?",
    "https://",
    "http://",
    "HTTPS://",
    " ",
    "\t",
    "\n",
    "\u{7f}",
    "\"",
    "'",
    "<",
    ">",
    "(",
    ")",
    "{",
    "}",
    "|",
    "^",
    "`",
    "!",
    "$",
    "&",
    "+",
    ",",
    ";",
    "=",
    "..",
    ".io",
    "docker.io",
    "index.docker.io",
    "/v1/",
    "/v2/",
    "/v1",
    "localhost",
    "A",
    "R.IO",
    "xn--e1afmkfd",
    "0",
    "1",
    "127.0.0.1",
];

/// An entry and an image, often one that the entry is for.
fn pairs() -> impl Strategy<Value = (String, String)> {
    let alike =
        (joined(PARTS, 6), joined(PARTS, 2), select_of(&["", "x", "é", "a.b", "]"])).prop_map(|(entry, end, star)| {
            let image = entry.replace('*', star) + &end;
            (entry, image)
        });
    prop_oneof![alike, (joined(PARTS, 5), joined(PARTS, 5))]
}

fn select_of(parts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(parts)
}

#[test]
fn entries_of_match_images_are_for_the_same_images() {
    holds("match", &pairs(), |oracle, (pattern, image)| {
        let answer = oracle.ask("match", json!({"kind": "urls_match", "pattern": pattern, "image": image}));
        let simulator = match matches(pattern, image, oracle.go()) {
            Ok(matched) => json!([matched, Value::Null]),
            Err(error) => json!(["error", without_address(&error.to_string())]),
        };
        Case {
            vector: json!({"kind": "urls_match", "pattern": pattern, "image": image, "match": answer["match"]}),
            kubelet: json!([answer["match"], answer["words"].as_str().map(without_address)]),
            simulator,
        }
    });
}

/// What Go finds in a text that is no address is not compared.
fn without_address(words: &str) -> String {
    words.split_once("invalid host: ").map_or(words.to_owned(), |(start, _)| format!("{start}invalid host"))
}

#[test]
fn a_key_of_auth_is_for_the_same_images() {
    holds("match", &pairs(), |oracle, (key, image)| {
        let answer = oracle.ask("match", json!({"kind": "keyring_single_key", "pattern": key, "image": image}));
        let mut keyring = Keyring::new(oracle.go());
        keyring.add([(key.as_str(), ())]);
        Case {
            vector: json!({"kind": "keyring_single_key", "pattern": key, "image": image, "match": answer["match"]}),
            kubelet: answer["match"].clone(),
            simulator: json!(!keyring.look_up(image).is_empty()),
        }
    });
}

#[test]
fn keys_of_auth_are_kept_alike() {
    holds("keyring", &joined(PARTS, 6), |oracle, key| {
        let kubelet = oracle.ask("keyring", json!({"key": key}))["normalised"].clone();
        let vector = json!({"key": key, "normalised": kubelet});
        Case { vector, kubelet, simulator: json!(normalised_key(key, oracle.go()).ok()) }
    });
}

/// Keys of several providers; no provider gives two that are kept as one, whose order would be any.
fn providers() -> impl Strategy<Value = Vec<Vec<String>>> {
    const KEYS: &[&str] = &[
        "r.io",
        "r.io/",
        "r.io/a",
        "r.io/a/b",
        "r.io/ab",
        "*.io",
        "*.r.io",
        "eu.r.io",
        "r.io:5000",
        "https://r.io",
        "http://r.io/v1/",
        "r.io/v2/a",
        "docker.io",
        "index.docker.io",
        "https://index.docker.io/v1/",
        "index.docker.io/v1",
        "*",
        "R.io",
        "r.io/%61",
        "r.io/a%252f",
        "é.io",
        "[::1]:5000",
        "user@r.io",
        "r.io?x",
        "%",
        "r*.io",
        "*.*",
        "localhost",
        "localhost:5000",
    ];
    let key = prop_oneof![4 => prop::sample::select(KEYS).prop_map(str::to_owned), 1 => joined(PARTS, 4)];
    prop::collection::vec(prop::collection::vec(key, 0..5), 0..4)
}

#[test]
fn credentials_are_found_in_the_same_order() {
    const IMAGES: &[&str] = &[
        "r.io/a",
        "r.io/a/b",
        "r.io/abc",
        "eu.r.io/a",
        "docker.io/library/nginx",
        "nginx",
        "foo/bar",
        "r.io:5000/a",
        "[::1]:5000/a",
        "localhost/a",
        "localhost:5000/a",
        "index.docker.io/a",
        "R.io/a",
        "é.io/a",
        "r.io/a/c",
    ];
    let image = prop_oneof![4 => prop::sample::select(IMAGES).prop_map(str::to_owned), 1 => joined(PARTS, 4)];
    let cases = (providers(), prop::collection::vec(image, 1..4));
    holds("keyring", &cases, |oracle, (providers, images)| {
        let (mut keyring, mut count, mut asked) = (Keyring::new(oracle.go()), 0, Vec::new());
        for keys in providers {
            let mut seen = Vec::new();
            let mut named = Vec::new();
            for key in keys {
                let kept = normalised_key(key, oracle.go()).ok();
                if !seen.contains(&kept) {
                    seen.push(kept);
                    count += 1;
                    named.push((key.clone(), format!("c{count}")));
                }
            }
            keyring.add(named.iter().map(|(key, name)| (key.as_str(), name.clone())));
            asked.push(named.iter().map(|(key, name)| format!("{key}={name}")).collect::<Vec<_>>());
        }
        let look_ups: Vec<_> = images.iter().map(|image| json!({"image": image})).collect();
        let answer = oracle.ask("keyring", json!({"auth_keys_by_provider": asked, "lookups": look_ups}));
        let found =
            |image: &String| keyring.look_up(image).into_iter().map(|(_key, name)| name.clone()).collect::<Vec<_>>();
        let simulator: Vec<_> =
            images.iter().map(found).map(|names| json!({"creds": names, "found": !names.is_empty()})).collect();
        let mut expected = answer["lookups"].clone();
        for (look_up, image) in expected.as_array_mut().into_iter().flatten().zip(images) {
            look_up["image"] = json!(image);
        }
        Case {
            vector: json!({"auth_keys_by_provider": asked, "lookups": expected}),
            kubelet: answer["lookups"].clone(),
            simulator: json!(simulator),
        }
    });
}
