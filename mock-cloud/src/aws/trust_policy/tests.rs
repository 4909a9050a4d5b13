use super::*;

fn parse(yaml: &str) -> Result<TrustPolicy, String> {
    serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
}

fn conditioned(condition: &str) -> Result<TrustPolicy, String> {
    let statement = format!("{{Effect: Allow, Principal: '*', Action: 'sts:AssumeRole', Condition: {condition}}}");
    parse(&format!("{{Version: '2012-10-17', Statement: {statement}}}"))
}

fn holds(condition: &str, context: &Context) -> bool {
    let policy = conditioned(condition).unwrap();
    policy.verdict(&Principal::Service("a"), "sts:AssumeRole", context) == Verdict::Allowed
}

#[test]
fn an_operator_compares_in_its_own_way() {
    let context =
        Context::default().with("k", ["Pull"]).with("arn", ["arn:aws:iam::1:role/a/b"]).with("flag", ["true"]);
    for (condition, expected) in [
        ("{StringEquals: {k: Pull}}", true),
        ("{StringEquals: {k: pull}}", false),
        ("{StringEquals: {k: 'P*'}}", false),
        ("{StringEquals: {k: [a, Pull]}}", true),
        ("{StringEquals: {k: []}}", false),
        ("{StringNotEquals: {k: pull}}", true),
        ("{StringNotEquals: {k: [a, Pull]}}", false),
        ("{StringEqualsIgnoreCase: {k: PULL}}", true),
        ("{StringEqualsIgnoreCase: {k: push}}", false),
        ("{StringNotEqualsIgnoreCase: {k: PULL}}", false),
        ("{StringLike: {k: 'P?l*'}}", true),
        ("{StringLike: {k: 'p*'}}", false),
        ("{StringNotLike: {k: 'P*'}}", false),
        ("{ArnLike: {arn: 'arn:aws:iam::*:role/*'}}", true),
        ("{ArnEquals: {arn: 'arn:aws:iam::*:role/a/b'}}", true),
        ("{ArnLike: {arn: 'arn:*'}}", false),
        ("{ArnLike: {arn: 'arn:aws:iam::*:user/*'}}", false),
        ("{ArnNotLike: {arn: 'arn:aws:iam::*:user/*'}}", true),
        ("{Bool: {flag: 'true'}}", true),
        ("{Bool: {flag: 'false'}}", false),
        ("{'Null': {k: 'false'}}", true),
        ("{'Null': {k: 'true'}}", false),
    ] {
        assert_eq!(holds(condition, &context), expected, "{condition}");
    }
}

#[test]
fn an_absent_key_equals_nothing_unless_the_condition_says_if_exists() {
    for (condition, expected) in [
        ("{StringEquals: {k: a}}", false),
        ("{StringLike: {k: '*'}}", false),
        ("{StringNotEquals: {k: a}}", true),
        ("{StringEqualsIfExists: {k: a}}", true),
        ("{StringLikeIfExists: {k: a}}", true),
        ("{'Null': {k: 'true'}}", true),
        ("{'Null': {k: 'false'}}", false),
        ("{'ForAllValues:StringEquals': {k: a}}", true),
        ("{'ForAnyValue:StringEquals': {k: a}}", false),
    ] {
        assert_eq!(holds(condition, &Context::default()), expected, "{condition}");
    }
    let present = Context::default().with("k", ["b"]);
    assert!(!holds("{StringEqualsIfExists: {k: a}}", &present));
}

#[test]
fn a_quantifier_says_how_many_of_several_values_count() {
    let context = Context::default().with("k", ["a", "b"]);
    for (condition, expected) in [
        ("{'ForAnyValue:StringEquals': {k: [b, c]}}", true),
        ("{'ForAnyValue:StringEquals': {k: c}}", false),
        ("{'ForAllValues:StringEquals': {k: [a, b, c]}}", true),
        ("{'ForAllValues:StringEquals': {k: [b, c]}}", false),
        ("{'ForAllValues:StringLike': {k: '?'}}", true),
        ("{'ForAnyValue:StringNotEquals': {k: a}}", true),
    ] {
        assert_eq!(holds(condition, &context), expected, "{condition}");
    }
}

#[test]
fn what_is_not_evaluated_is_not_read() {
    for (condition, named) in [
        ("{NumericLessThan: {k: '1'}}", "`NumericLessThan`"),
        ("{DateGreaterThan: {k: '2020-01-01'}}", "`DateGreaterThan`"),
        ("{IpAddress: {k: 10.0.0.0/8}}", "`IpAddress`"),
        ("{'ForSomeValues:StringEquals': {k: a}}", "`ForSomeValues:StringEquals`"),
        ("{stringequals: {k: a}}", "`stringequals`"),
        ("{StringEquals: {k: '${aws:username}'}}", "`${aws:username}`"),
    ] {
        let error = conditioned(condition).unwrap_err();
        assert!(error.contains(named) && error.contains("not evaluated here"), "{error}");
    }
}

#[test]
fn what_iam_refuses_is_no_policy() {
    for (statement, named) in [
        ("{Effect: Permit, Principal: '*', Action: a}", "Permit"),
        ("{Effect: Allow, NotPrincipal: '*', Action: a}", "NotPrincipal"),
        ("{Effect: Allow, Principal: '*', NotAction: a}", "NotAction"),
        ("{Effect: Allow, Principal: '*', Action: a, Resource: '*'}", "Resource"),
        ("{Effect: Allow, Action: a}", "Principal"),
        ("{Effect: Allow, Principal: everyone, Action: a}", "invalid principal"),
        ("{Effect: Allow, Principal: {aws: '*'}, Action: a}", "aws"),
        ("{Effect: Allow, Principal: {AWS: 'arn:aws:iam::111122223333:role/*'}, Action: a}", "invalid principal"),
        ("{Effect: Allow, Principal: {AWS: '11112222333'}, Action: a}", "invalid principal"),
    ] {
        let error = parse(&format!("{{Statement: {statement}}}")).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
    assert!(parse("{Version: '2012-10-18', Statement: []}").unwrap_err().contains("2012-10-18"));
}

#[test]
fn the_json_of_iam_is_read_as_it_is() {
    let policy = parse(
        r#"{
            "Version": "2012-10-17",
            "Id": "pods",
            "Statement": [{
                "Sid": "AllowPods",
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"]
            }]
        }"#,
    );
    let policy = policy.unwrap();
    let verdict = |service, action| policy.verdict(&Principal::Service(service), action, &Context::default());
    assert_eq!(verdict("pods.eks.amazonaws.com", "sts:TagSession"), Verdict::Allowed);
    assert_eq!(verdict("ec2.amazonaws.com", "sts:TagSession"), Verdict::Denied);
    assert_eq!(verdict("pods.eks.amazonaws.com", "sts:SetSourceIdentity"), Verdict::Denied);
}

#[test]
fn a_federated_principal_is_one_provider() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/{issuer}";
    let statement = format!(
        "{{Effect: Allow, Principal: {{Federated: '{provider}'}}, Action: a, Condition: {{StringEquals: {{'{{issuer}}:sub': x}}}}}}"
    );
    let policy = parse(&format!("{{Statement: {statement}}}")).unwrap().replacing("{issuer}", "127.0.0.1:80/id/AB");
    let verdict = |arn, context: &Context| policy.verdict(&Principal::Federated(arn), "a", context);
    let context = Context::default().with("127.0.0.1:80/id/ab:SUB", ["x"]);
    let arn = "arn:aws:iam::111122223333:oidc-provider/127.0.0.1:80/id/AB";
    assert_eq!(verdict(arn, &context), Verdict::Allowed);
    assert_eq!(verdict(arn, &Context::default()), Verdict::Denied);
    assert_eq!(verdict(provider, &context), Verdict::Denied);
}
