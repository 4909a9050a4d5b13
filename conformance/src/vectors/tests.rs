//! The public vectors, and what is told of those that fail.

use std::path::PathBuf;

use super::*;

fn all() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

fn told(name: &str, content: &str) -> (Result<Verdict, VectorsError>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let mut out = Vec::new();
    let verdict = run(&[path], &mut out);
    (verdict, String::from_utf8(out).unwrap().replace(&folder.path().to_string_lossy().into_owned(), "DIR"))
}

#[test]
fn every_public_vector_passes_and_none_is_skipped() {
    let mut out = Vec::new();
    let verdict = run(&all(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(verdict, Verdict::Held, "{text}");
    assert_eq!(text.lines().count(), 12, "{text}");
    assert_eq!(text.lines().last(), Some("934 passed, 0 failed, 0 skipped"), "{text}");
}

#[test]
fn a_vector_that_fails_is_told_with_what_was_expected() {
    let (verdict, text) = told("my-match.json", r#"[{"pattern":"r.io","image":"r.io/a","match":false}]"#);
    assert_eq!(verdict.unwrap(), Verdict::Failed);
    let expected = "failed: DIR/my-match.json[0]: urls_match of `r.io` and `r.io/a`\n  expected: false\n  got:      true\n\
                    DIR/my-match.json: 0 passed, 1 failed, 0 skipped\n0 passed, 1 failed, 0 skipped\n";
    assert_eq!(text, expected);
}

#[test]
fn every_kind_can_fail() {
    let cases = [
        (
            "match.json",
            r#"[{"pattern":"r.io","image":"r.io/a","match":true,"go_version_dependent":{"go1.24.3":"error"}}]"#,
        ),
        ("match.json", r#"[{"pattern":"r.io","image":"r.io/a","effective_is_image_allowed":false}]"#),
        ("match.json", r#"[{"kind":"keyring_single_key","pattern":"r.io","image":"r.io/a","match":false}]"#),
        ("image.json", r#"[{"image":"nginx","repo_sent_to_plugin":"nginx"}]"#),
        ("image.json", r#"[{"image":"A","error":"error: invalid"}]"#),
        ("config.json", r#"[{"config":"a: b","valid":true}]"#),
        ("config.json", r#"[{"config":"a: b","valid":false,"valid_le_1_31":true}]"#),
        ("config_dir.json", r#"{"d":[{"files":{"a.yaml":"ok"},"valid":false}]}"#),
        (
            "config_dir.json",
            r#"{"d":[{"files":{"a.yaml":"name b","b.yaml":"name a"},"valid":true,"reason":"order: a,b"}]}"#,
        ),
        ("config_dir.json", r#"{"h":[{"files_in_order":["a"],"hash":"sha256:0"}]}"#),
        ("duration.json", r#"[{"duration":"1m","nanos":1}]"#),
        ("duration.json", r#"[{"duration":"1m","nanos":null}]"#),
        ("keyring.json", r#"[{"auth_keys_by_provider":[["r.io=a"]],"lookups":[{"image":"r.io/a","creds":["b"]}]}]"#),
        ("keyring.json", r#"[{"image":"r.io/a","default":true}]"#),
        ("keyring.json", r#"[{"key":"r.io/","normalised":"r.io/"}]"#),
        ("cache.json", r#"[{"fn":"parse_registry","image":"r.io/a","registry":"r.io/a"}]"#),
        ("cache.json", r#"[{"fn":"cache_key","base":"a","hex":"00"}]"#),
        ("cache.json", r#"[{"case":"cacheDuration 5m","cached":false}]"#),
        ("cache.json", r#"[{"case":"entry 1m, read after 61s","served":true}]"#),
        ("cache.json", r#"[{"case":"entry read 1ns after expiresAt","served":true}]"#),
        ("cache.json", r#"[{"case":"entry read 1ns before expiresAt","served":false}]"#),
        ("cache.json", r#"[{"case":"empty auth","cached":false}]"#),
        ("config_dir.json", r#"{"d":[{"files":{"sub/a.yaml":"ok"},"valid":true}]}"#),
        ("config_dir.json", r#"{"d":[{"files":{"a.yaml":"<v1 cfg x,x>"},"valid":true}]}"#),
        ("cache.json", r#"[{"case":"lookup order","order":["<global>","image","registry"]}]"#),
        (
            "response.json",
            r#"[{"stdout":"{}","expected_api_version":"credentialprovider.kubelet.k8s.io/v1","decodes_ge_1_32":true}]"#,
        ),
        (
            "response.json",
            r#"[{"stdout":"x","expected_api_version":"credentialprovider.kubelet.k8s.io/v1","detail_strict":"OK cacheKeyType=\"\" cacheDuration=nil auth=null"}]"#,
        ),
    ];
    for (name, content) in cases {
        let (verdict, text) = told(name, content);
        assert_eq!(verdict.unwrap(), Verdict::Failed, "{name} {content} {text}");
        assert!(text.ends_with("0 passed, 1 failed, 0 skipped\n"), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_skipped_visibly() {
    let cases = [
        ("match.json", r#"[{"pattern":"r.io"}]"#),
        ("match.json", r#"[{"kind":"x","pattern":"r.io","image":"r.io/a","match":true}]"#),
        ("cache.json", r#"[{"case":"a full moon"}]"#),
        ("config.json", r#"[{"config":"a"}]"#),
        ("config_dir.json", r#"[{"files":{"a.yaml":"a full moon"},"valid":true}]"#),
    ];
    for (name, content) in cases {
        let (verdict, text) = told(name, content);
        assert_eq!(verdict.unwrap(), Verdict::Held, "{text}");
        assert!(text.starts_with("skipped: ") && text.ends_with("0 passed, 0 failed, 1 skipped\n"), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_told_with_what_to_name() {
    let error = |name: &str, content: &str| told(name, content).0.unwrap_err().to_string();
    let kind = error("vectors.json", "[]");
    assert!(kind.ends_with("has no kind: its name should hold one of `config_dir`, `config`, `match`, `image`, `response`, `duration`, `keyring`, `cache`"), "{kind}");
    assert!(
        error("match.json", "[").ends_with("is no JSON: it should be a list of vectors, or an object of such lists")
    );
    assert!(
        error("match.json", "1")
            .ends_with("holds no vectors: it should be a list of vectors, or an object of such lists")
    );
    let absent = run(&["/nowhere/match.json".into()], &mut Vec::new()).unwrap_err().to_string();
    assert_eq!(
        absent,
        "failed to read `/nowhere/match.json`: name a file of vectors, such as conformance/vectors/match.json"
    );
}
