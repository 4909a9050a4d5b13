//! The parameters of `AssumeRole`: what is wrong with them, in the words of the live service.

use mock_cloud::aws::AwsWorld;

use crate::assume_role::assume;
use crate::instance::Instance;
use crate::question::{element, error};

const ROLE: &str = "arn:aws:iam::444455556666:role/cross-account-pull";
const ARN_PATTERN: &str = r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";

/// Parameters, and the constraints that they break.
type Case<'a> = (Vec<(&'a str, &'a str)>, Vec<String>);

fn violation(value: &str, name: &str, constraint: &str) -> String {
    format!("{value} at '{name}' failed to satisfy constraint: {constraint}")
}

fn pattern(value: &str, name: &str, shown: &str) -> String {
    violation(&format!("Value '{value}'"), name, &format!("Member must satisfy regular expression pattern: {shown}"))
}

fn least(value: &str, name: &str, length: usize) -> String {
    let constraint = format!("Member must have length greater than or equal to {length}");
    violation(&format!("Value '{value}'"), name, &constraint)
}

fn most(value: &str, name: &str, length: usize) -> String {
    let constraint = format!("Member must have length less than or equal to {length}");
    violation(&format!("Value '{value}'"), name, &constraint)
}

fn null(name: &str) -> String {
    violation("Value null", name, "Member must not be null")
}

fn detected(violations: &[String]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    format!("{} validation error{plural} detected: {}", violations.len(), violations.join("; "))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_constraint_is_named_with_all_that_it_breaks() {
    let instance = Instance::start(AwsWorld::default()).await;
    let name = ("RoleSessionName", "pull-1");
    let words = r"[\w+=,.@-]*";
    let (long, emoji, accents) = ("x".repeat(2049), "😀".repeat(2049), "é".repeat(2049));
    let (name_65, id_1225, id_613) = ("a".repeat(65), "a".repeat(1225), "é".repeat(613));
    let cases: Vec<Case<'_>> = vec![
        (vec![name], vec![null("roleArn")]),
        (vec![("RoleArn", ROLE)], vec![null("roleSessionName")]),
        (vec![], vec![null("roleArn"), null("roleSessionName")]),
        (vec![("RoleArn", ""), name], vec![pattern("", "roleArn", ARN_PATTERN), least("", "roleArn", 20)]),
        (vec![("RoleArn", "not-an-arn"), name], vec![least("not-an-arn", "roleArn", 20)]),
        (vec![("RoleArn", "not-an-arn"), ("RoleArn", ROLE), name], vec![least("not-an-arn", "roleArn", 20)]),
        (vec![("RoleArn", &long), name], vec![most(&long, "roleArn", 2048)]),
        (vec![("RoleArn", &accents), name], vec![most(&accents, "roleArn", 2048)]),
        (vec![("RoleArn", &emoji), name], vec![pattern(&emoji, "roleArn", ARN_PATTERN), most(&emoji, "roleArn", 2048)]),
        (vec![("RoleArn", ROLE), ("RoleSessionName", "")], vec![least("", "roleSessionName", 2)]),
        (vec![("RoleArn", ROLE), ("RoleSessionName", "a")], vec![least("a", "roleSessionName", 2)]),
        (vec![("RoleArn", ROLE), ("RoleSessionName", "b/d")], vec![pattern("b/d", "roleSessionName", words)]),
        (vec![("RoleArn", ROLE), ("RoleSessionName", &name_65)], vec![most(&name_65, "roleSessionName", 64)]),
        (vec![("RoleArn", ROLE), name, ("ExternalId", "a b")], vec![pattern("a b", "externalId", r"[\w+=,.@:\/-]*")]),
        (
            vec![("RoleArn", ROLE), name, ("ExternalId", &id_613)],
            vec![pattern(&id_613, "externalId", r"[\w+=,.@:\/-]*")],
        ),
        (vec![("RoleArn", ROLE), name, ("ExternalId", &id_1225)], vec![most(&id_1225, "externalId", 1224)]),
        (
            vec![("RoleArn", ROLE), name, ("SourceIdentity", "aws:reserved")],
            vec![pattern("aws:reserved", "sourceIdentity", words)],
        ),
        (
            vec![("RoleArn", "short"), ("RoleSessionName", "b/d"), ("DurationSeconds", "1")],
            vec![
                least("short", "roleArn", 20),
                pattern("b/d", "roleSessionName", words),
                violation("Value '1'", "durationSeconds", "Member must have value greater than or equal to 900"),
            ],
        ),
    ];
    for (parameters, violations) in cases {
        let answer = assume(&instance, &parameters);
        assert_eq!(error(&answer), (400, "ValidationError", detected(&violations).as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arn_that_names_no_role_is_invalid() {
    let instance = Instance::start(AwsWorld::default()).await;
    let (long, accents) = ("x".repeat(2048), "é".repeat(2048));
    for arn in [&long, &accents, "arn:aws:iam::444455556666:user/somebody", "arn:aws:iam::44445555666:role/x"] {
        let answer = assume(&instance, &[("RoleArn", arn), ("RoleSessionName", "pull-1")]);
        assert_eq!(error(&answer), (400, "ValidationError", format!("{arn} is invalid").as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duration_that_is_no_number_is_malformed() {
    let instance = Instance::start(AwsWorld::default()).await;
    let ask = |seconds| {
        let parameters = [("RoleArn", ROLE), ("RoleSessionName", "pull-1"), ("DurationSeconds", seconds)];
        assume(&instance, &parameters)
    };
    assert_eq!(error(&ask("")), (400, "MalformedInput", "missing value for decimal type"));
    for seconds in ["abc", "900.0", "2147483648", "-2147483649", " 900"] {
        let answer = ask(seconds);
        assert_eq!((answer.status, element(&answer, "Code")), (400, "MalformedInput"), "{seconds}");
        assert!(!answer.body.contains("<Message>"), "{}", answer.body);
    }
    for (seconds, bound) in [
        ("-1", "greater than or equal to 900"),
        ("899", "greater than or equal to 900"),
        ("2147483647", "less than or equal to 43200"),
    ] {
        let constraint = format!("Member must have value {bound}");
        let expected = detected(&[violation(&format!("Value '{seconds}'"), "durationSeconds", &constraint)]);
        assert_eq!(error(&ask(seconds)), (400, "ValidationError", expected.as_str()));
    }
}
