//! Session tags and source identities: who may set them, who inherits them.

use serde_json::Value;

use crate::assume_role::{CALLER, assume, assume_as, world};
use crate::instance::Instance;
use crate::question::{credentials, element, error};
use crate::wire::Answer;

const WORLD: &str = r#"
aws:
  otherRoles:
    - name: untagged
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/artifactory-pull}
          Action: sts:AssumeRole
    - name: tagged
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/artifactory-pull}
          Action: [sts:AssumeRole, sts:TagSession]
          Condition:
            StringEquals: {aws:RequestTag/team: pull}
            "ForAllValues:StringEquals": {"aws:TagKeys": [team, stage]}
    - name: inheritor
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/tagged}
          Action: [sts:AssumeRole, sts:TagSession]
          Condition:
            StringEquals: {aws:PrincipalTag/team: pull}
    - name: ignorant
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/tagged}
          Action: sts:AssumeRole
    - name: third
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/inheritor}
          Action: [sts:AssumeRole, sts:TagSession]
          Condition:
            StringEquals: {aws:PrincipalTag/team: pull}
            "Null": {aws:PrincipalTag/stage: "true"}
    - name: vouched
      trust:
        Statement:
          - Effect: Allow
            Principal: {AWS: ["arn:aws:iam::111122223333:role/artifactory-pull", "arn:aws:iam::111122223333:role/open"]}
            Action: [sts:AssumeRole, sts:SetSourceIdentity]
            Condition:
              StringEquals: {sts:SourceIdentity: alice}
    - name: open
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/artifactory-pull}
          Action: [sts:AssumeRole, sts:SetSourceIdentity]
    - name: faceless
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: arn:aws:iam::111122223333:role/open}
          Action: sts:AssumeRole
"#;

const TEAM: [(&str, &str); 2] = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "pull")];
const STAGE: [(&str, &str); 2] = [("Tags.member.2.Key", "stage"), ("Tags.member.2.Value", "")];
const TRANSITIVE: (&str, &str) = ("TransitiveTagKeys.member.1", "Team");

fn arn(role: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{role}")
}

fn ask_as(credentials: &Value, instance: &Instance, role: &str, parameters: &[(&str, &str)]) -> Answer {
    let role_arn = arn(role);
    let basics = [("RoleArn", role_arn.as_str()), ("RoleSessionName", "pull-1")];
    assume_as(credentials, instance, &[&basics, parameters].concat())
}

fn ask(instance: &Instance, role: &str, parameters: &[(&str, &str)]) -> Answer {
    ask_as(&instance.credentials(), instance, role, parameters)
}

fn denial(caller: &str, action: &str, role: &str) -> String {
    format!("User: {caller} is not authorized to perform: {action} on resource: {}", arn(role))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_says_which_tags_a_session_may_have() {
    let instance = Instance::start(world(WORLD)).await;
    for tags in [&TEAM[..], &[TEAM, STAGE].concat()] {
        let answer = ask(&instance, "tagged", tags);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(element(&answer, "PackedPolicySize").parse::<u32>().unwrap() > 0);
    }
    let (wrong, further) = ([TEAM[0], ("Tags.member.1.Value", "push")], [("Tags.member.2.Key", "x"), STAGE[1]]);
    for tags in [&[][..], &wrong, &STAGE, &[TEAM, further].concat()] {
        let answer = ask(&instance, "tagged", tags);
        assert_eq!(error(&answer), (403, "AccessDenied", denial(CALLER, "sts:AssumeRole", "tagged").as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_let_sessions_be_tagged_denies_that() {
    let instance = Instance::start(world(WORLD)).await;
    let answer = ask(&instance, "untagged", &[]);
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains("PackedPolicySize"));
    let answer = ask(&instance, "untagged", &TEAM);
    assert_eq!(error(&answer), (403, "AccessDenied", denial(CALLER, "sts:TagSession", "untagged").as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transitive_tag_goes_with_the_chain_and_another_ends_with_its_session() {
    let instance = Instance::start(world(WORLD)).await;
    let first = credentials(&ask(&instance, "tagged", &[&TEAM[..], &STAGE, &[TRANSITIVE]].concat()));
    let second = ask_as(&first, &instance, "inheritor", &[]);
    assert_eq!(second.status, 200, "{}", second.body);
    let third = ask_as(&credentials(&second), &instance, "third", &[]);
    assert_eq!(third.status, 200, "{}", third.body);
    let first = credentials(&ask(&instance, "tagged", &TEAM));
    let second = ask_as(&first, &instance, "inheritor", &[]);
    let third = ask_as(&credentials(&second), &instance, "third", &[]);
    let caller = "arn:aws:sts::111122223333:assumed-role/inheritor/pull-1";
    assert_eq!(error(&third).2, denial(caller, "sts:AssumeRole", "third"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inherited_tag_wants_the_right_to_tag() {
    let instance = Instance::start(world(WORLD)).await;
    let caller = "arn:aws:sts::111122223333:assumed-role/tagged/pull-1";
    let plain = credentials(&ask(&instance, "tagged", &TEAM));
    assert_eq!(ask_as(&plain, &instance, "ignorant", &[]).status, 200);
    let transitive = credentials(&ask(&instance, "tagged", &[&TEAM[..], &[TRANSITIVE]].concat()));
    let answer = ask_as(&transitive, &instance, "ignorant", &[]);
    assert_eq!(error(&answer).2, denial(caller, "sts:TagSession", "ignorant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_that_contradict_each_other_are_refused() {
    let instance = Instance::start(world(WORLD)).await;
    let chained = credentials(&ask(&instance, "tagged", &[&TEAM[..], &[TRANSITIVE]].concat()));
    let twice = [TEAM, [("Tags.member.2.Key", "TEAM"), ("Tags.member.2.Value", "x")]].concat();
    for (credentials, tags, message) in [
        (
            instance.credentials(),
            &twice[..],
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            instance.credentials(),
            &[TRANSITIVE],
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            chained,
            &TEAM,
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from \
             the calling session.",
        ),
    ] {
        let answer = ask_as(&credentials, &instance, "tagged", tags);
        assert_eq!(error(&answer), (400, "InvalidParameterValue", message));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_has_a_key_and_a_value_and_is_one_of_fifty() {
    let instance = Instance::start(world(WORLD)).await;
    let long = "x".repeat(129);
    for (tags, message) in [
        (
            vec![TEAM[0]],
            "1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: Member must \
             not be null"
                .to_owned(),
        ),
        (
            vec![("Tags.member.1.Key", long.as_str()), TEAM[1]],
            format!(
                "1 validation error detected: Value '{long}' at 'tags.1.member.key' failed to satisfy constraint: Member \
                 must have length less than or equal to 128"
            ),
        ),
        (
            vec![TEAM[0], ("Tags.member.1.Value", "a*b")],
            r"1 validation error detected: Value 'a*b' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*"
                .to_owned(),
        ),
    ] {
        assert_eq!(error(&ask(&instance, "untagged", &tags)), (400, "ValidationError", message.as_str()));
    }
    let many = |count: usize| -> Vec<(String, String)> {
        let keys = (1..=count).flat_map(|index| {
            [
                (format!("Tags.member.{index}.Key"), format!("k{index}")),
                (format!("Tags.member.{index}.Value"), "v".into()),
            ]
        });
        keys.collect()
    };
    for (count, code) in [(50, "AccessDenied"), (51, "ValidationError")] {
        let tags = many(count);
        let tags: Vec<(&str, &str)> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(error(&ask(&instance, "untagged", &tags)).1, code, "{count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_identity_is_set_by_right_and_then_stays() {
    let instance = Instance::start(world(WORLD)).await;
    let answer = ask(&instance, "vouched", &[("SourceIdentity", "alice")]);
    assert!(
        answer.body.contains("    </Credentials>\n    <SourceIdentity>alice</SourceIdentity>\n"),
        "{}",
        answer.body
    );
    let denied = |answer: &Answer| error(answer).2.to_owned();
    assert_eq!(denied(&ask(&instance, "vouched", &[])), denial(CALLER, "sts:AssumeRole", "vouched"));
    let other = ask(&instance, "vouched", &[("SourceIdentity", "bob")]);
    assert_eq!(denied(&other), denial(CALLER, "sts:SetSourceIdentity", "vouched"));

    let session = credentials(&ask(&instance, "open", &[("SourceIdentity", "alice")]));
    for parameters in [&[][..], &[("SourceIdentity", "alice")]] {
        let answer = ask_as(&session, &instance, "vouched", parameters);
        assert_eq!(element(&answer, "SourceIdentity"), "alice");
    }
    let answer = ask_as(&session, &instance, "vouched", &[("SourceIdentity", "bob")]);
    let message = "The source identity is already set for this assume role session";
    assert_eq!(error(&answer), (400, "ValidationError", message));
    let caller = "arn:aws:sts::111122223333:assumed-role/open/pull-1";
    let answer = ask_as(&session, &instance, "faceless", &[]);
    assert_eq!(denied(&answer), denial(caller, "sts:SetSourceIdentity", "faceless"));
    let anonymous = credentials(&ask(&instance, "open", &[]));
    assert_eq!(ask_as(&anonymous, &instance, "faceless", &[]).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tags_of_a_session_are_not_told() {
    let instance = Instance::start(world(WORLD)).await;
    let answer = assume(&instance, &[("RoleArn", &arn("tagged")), ("RoleSessionName", "a1"), TEAM[0], TEAM[1]]);
    assert!(!answer.body.contains("team"), "{}", answer.body);
}
