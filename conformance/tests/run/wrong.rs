//! Plugins that are wrong on purpose: each fails the cases about its mistake, and no other one.

use crate::command::{file, ids, plugin, report, run};

/// Areas of which every member is one case more of the same; what they are about is in the others too.
const CHOSEN: [&str; 12] = [
    "wire",
    "versions",
    "matching",
    "cache-scope",
    "lifetime",
    "declining",
    "host-binding",
    "stderr",
    "identity-static",
    "environment/noise[DEBUG=*]",
    "environment/noise[TZ=Asia/Kolkata]",
    "secrets",
];

/// What a plugin of the tests fails, `*` standing for any characters, and nothing else of what is judged.
fn assert_fails(name: &str, expected: &[&str]) {
    let filters: Vec<_> = CHOSEN.iter().map(|filter| format!("--filter={filter}")).collect();
    fails_exactly(name, "command", &filters, expected);
}

fn fails_exactly(name: &str, adapter: &str, filters: &[String], expected: &[&str]) {
    let arguments: Vec<_> = ["--json"].into_iter().chain(filters.iter().map(String::as_str)).collect();
    let report = report(&run(&plugin(name), adapter, &arguments));
    let failed = ids(&report, "fail");
    for id in &failed {
        assert!(expected.iter().any(|pattern| matches(pattern, id)), "{name} fails {id} as well");
    }
    for pattern in expected {
        assert!(failed.iter().any(|id| matches(pattern, id)), "{name} does not fail {pattern}");
    }
    assert_eq!(ids(&report, "error"), [""; 0]);
}

fn matches(pattern: &str, id: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == id,
        Some((before, after)) => id.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| matches(after, &rest[at..]))
        }),
    }
}

/// Every case that expects a credential.
const POSITIVE: [&str; 15] = [
    "wire/*version*",
    "wire/credential",
    "wire/unknown-field*",
    "wire/unasked-token",
    "versions/strict*",
    "versions/lenient*",
    "matching/*",
    "cache-scope/*",
    "lifetime/*",
    "host-binding/auth-keys*",
    "stderr/not-on-stdout",
    "identity-static/works",
    "environment/*",
    "declining/*",
    "versions/decline*",
];

#[test]
fn a_right_plugin_fails_nothing() {
    assert_fails("right", &[]);
    let output = run(&file("adapters/static.sh"), "command", &[]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_is_no_answer_fails_every_case_with_one() {
    for name in ["kind-of-request", "second-document", "scope-in-small-letters", "failure-with-answer"] {
        assert_fails(name, &POSITIVE);
    }
    assert_fails("log-on-stdout", &[&POSITIVE[..], &["wire/no-request*"]].concat());
    assert_fails("password-on-stderr", &[&POSITIVE[..], &["host-binding/lookalike*"]].concat());
    let of_credentials = POSITIVE.into_iter().filter(|it| !it.starts_with("declining") && *it != "versions/decline*");
    let of_credentials: Vec<_> = of_credentials.collect();
    for name in ["duration-in-seconds", "duration-in-days", "password-empty", "key-with-tag", "key-without-port"] {
        assert_fails(name, &of_credentials);
    }
}

#[test]
fn one_mistake_fails_the_cases_about_it_alone() {
    for (name, expected) in [
        (
            "version-fixed",
            &[
                "wire/version[v1beta1]",
                "wire/version[v1alpha1]",
                "wire/other-version*",
                "versions/*[v1beta1]",
                "versions/*[v1alpha1]",
            ][..],
        ),
        ("unknown-field", &["versions/strict*", "versions/decline*"]),
        ("repeated-field", &["versions/strict*", "versions/decline*"]),
        ("log-when-asked", &["stderr/not-on-stdout", "environment/noise[DEBUG=*]"]),
        ("duration-tiny", &["lifetime/useful", "cache-scope/kept"]),
        ("duration-absent", &["lifetime/*", "declining/kept*"]),
        ("decline-kept", &["declining/kept*"]),
        ("decline-global", &["cache-scope/after-a-decline*"]),
        ("decline-as-failure", &["declining/*", "versions/decline*"]),
        ("key-of-image", &["cache-scope/covers", "cache-scope/other-image*", "matching/image[v2 in the path]"]),
        ("key-with-stars", &["host-binding/auth-keys*"]),
        ("any-registry", &["host-binding/lookalike*", "declining/*", "versions/decline*", "cache-scope/*-a-decline*"]),
        ("host-in-the-name", &["host-binding/lookalike*"]),
        ("password-wrong", &["matching/pull", "identity-static/works"]),
        ("unknown-request-field", &["wire/unknown-field*", "wire/unasked-token", "wire/no-request*"]),
        ("request-unread", &["wire/no-request*"]),
        ("failure-silent", &["wire/no-request*"]),
    ] {
        assert_fails(name, expected);
    }
}

/// What a script by curl does not do: it takes a broken connection, and 410, for final.
const OF_CURL: [&str; 2] = ["failure/passes-broken*", "identity-azure/gone"];

fn exchange_fails(name: &str, expected: &[&str]) {
    let areas = ["failure", "lifetime", "secrets", "stderr", "identity-azure", "wire/version"];
    let filters: Vec<_> = areas.iter().map(|area| format!("--filter={area}")).collect();
    let adapter = file("tests/run/adapters/exchange.toml");
    fails_exactly(name, adapter.to_str().unwrap(), &filters, expected);
}

#[test]
fn a_plugin_by_curl_fails_what_curl_does_not_do() {
    exchange_fails("by-curl", &OF_CURL);
}

#[test]
fn one_mistake_of_an_exchange_fails_the_cases_about_it_alone() {
    for (name, expected) in [
        ("keeps-for-days", &["lifetime/ends-in-time*", "lifetime/stated*", "identity-azure/works*"][..]),
        ("never-again", &["failure/passes[*", "identity-azure/passes*", "identity-azure/throttled"]),
        ("logs-bodies", &["secrets/echoed*", "stderr/bounded[a large answer]"]),
        ("follows-redirects", &["secrets/redirect*"]),
    ] {
        exchange_fails(name, &[expected, &OF_CURL[..]].concat());
    }
    exchange_fails("always-again", &["failure/final*"]);
}

#[test]
fn a_failure_that_is_no_failure_fails_every_case_of_one() {
    let failures = [
        "failure/refused*",
        "failure/broken*",
        "failure/garbled*",
        "failure/huge",
        "failure/final*",
        "failure/attempts*",
        "identity-azure/unmapped*",
        "stderr/*",
    ];
    let of_metadata = ["identity-azure/refused*", "identity-azure/reset*", "identity-azure/page*"];
    exchange_fails("fails-empty", &[&failures[..], &of_metadata, &OF_CURL].concat());
    let credentials = [
        "failure/no-credential*",
        "failure/nobody",
        "secrets/redirect*",
        "secrets/refused*",
        "identity-azure/works*",
        "identity-azure/gone",
    ];
    exchange_fails("forgets-status", &[&failures[..], &credentials].concat());
}

/// A case that neither a plugin which never answers nor one which always does can fail needs one of its own.
#[test]
fn every_case_can_fail() {
    let passed = |plugin: &std::path::Path| ids(&report(&run(plugin, "ours", &["--json"])), "pass");
    let (never, always) = (passed("/bin/false".as_ref()), passed(&plugin("says-yes")));
    let neither: Vec<_> = never.into_iter().filter(|id| always.contains(id)).collect();
    // `logs-bodies` fails the first, `version-fixed` the second; a plugin that fails the third would need the whole minute.
    let known = |id: &&String| {
        !["secrets/echoed*", "wire/other-version*", "time-limits/drip*"].iter().any(|it| matches(it, id))
    };
    assert_eq!(neither.iter().filter(known).collect::<Vec<_>>(), [""; 0]);
}
