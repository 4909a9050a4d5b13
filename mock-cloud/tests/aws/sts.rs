//! STS, asked by the SDK's signer.

use mock_cloud::aws::AwsWorld;
use mock_cloud::aws::world::Renewal;

use crate::instance::Instance;
use crate::question::{For, QUERY, Question, error};

const FORM: &str = "application/x-www-form-urlencoded";

fn posted(body: &str) -> Question<'_> {
    Question { method: "POST", query: "", content_type: Some(FORM), body, ..Question::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_is_told_who_it_is() {
    let instance = Instance::start(AwsWorld::default()).await;
    for question in [
        Question::default(),
        Question { signed_for: For::Region("us-east-1"), ..Question::default() },
        posted(QUERY),
        Question {
            signed_for: For::Region("us-east-1"),
            content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
            ..posted(QUERY)
        },
    ] {
        let answer = question.ask(&instance);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("text/xml"));
        assert!(!answer.header("x-amz-sts-extended-request-id").unwrap().is_empty());
        let id = answer.header("x-amzn-requestid").unwrap();
        let (_, rest) = answer.body.split_once("<UserId>").unwrap();
        let (user, _) = rest.split_once("</UserId>").unwrap();
        let (role_id, session) = user.split_once(':').unwrap();
        assert!(role_id.len() == 21 && role_id.starts_with("AROA"), "{role_id}");
        assert_eq!(session, "i-0123456789abcdef0");
        assert_eq!(
            answer.body,
            format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
                 <GetCallerIdentityResult>\n    \
                 <Arn>arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0</Arn>\n    \
                 <UserId>{user}</UserId>\n    <Account>111122223333</Account>\n  </GetCallerIdentityResult>\n  \
                 <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n\
                 </GetCallerIdentityResponse>\n"
            )
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_question_is_refused() {
    let instance = Instance::start(AwsWorld::default()).await;
    let question = Question::default();
    let answer = question.send(&instance, &[]);
    assert_eq!(error(&answer), (403, "MissingAuthenticationToken", "Request is missing Authentication Token"));
    let id = answer.header("x-amzn-requestid").unwrap();
    assert!(answer.body.ends_with(&format!("  <RequestId>{id}</RequestId>\n</ErrorResponse>\n")));
    assert!(answer.body.starts_with("<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"));
    let incomplete = [("authorization".to_owned(), "AWS4-HMAC-SHA256 Credential=a".to_owned())];
    let answer = question.send(&instance, &incomplete);
    let (status, code, _) = error(&answer);
    assert_eq!((status, code), (400, "IncompleteSignature"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_changed_on_its_way_is_refused() {
    let instance = Instance::start(AwsWorld::default()).await;
    for signed_for in [For::Region("us-east-1"), For::Regions("us-*")] {
        let question = Question { signed_for, ..Question::default() };
        let headers = question.signed(&instance, &instance.credentials());
        assert_eq!(question.send(&instance, &headers).status, 200);
        let other = Question { query: "Action=GetCallerIdentity&Version=2011-06-15&x=1", ..question };
        let answer = other.send(&instance, &headers);
        let (status, code, message) = error(&answer);
        assert_eq!((status, code), (403, "SignatureDoesNotMatch"));
        assert!(message.starts_with("The request signature we calculated does not match the signature you provided."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_that_was_sent_is_the_one_that_was_signed() {
    let instance = Instance::start(AwsWorld::default()).await;
    let question = posted(QUERY);
    let headers = question.signed(&instance, &instance.credentials());
    let longer = format!("{QUERY}&x=1");
    let answer = posted(&longer).send(&instance, &headers);
    assert_eq!(error(&answer).1, "SignatureDoesNotMatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_good_for_fifteen_minutes() {
    let instance = Instance::start(AwsWorld::default()).await;
    let question = Question::default();
    let headers = question.signed(&instance, &instance.credentials());
    instance.advance(14 * 60);
    assert_eq!(question.send(&instance, &headers).status, 200);
    instance.advance(2 * 60);
    let answer = question.send(&instance, &headers);
    let (status, code, message) = error(&answer);
    assert_eq!((status, code), (403, "SignatureDoesNotMatch"));
    assert!(message.starts_with("Signature expired: ") && message.ends_with(" - 15 min.)"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_may_have_another_window() {
    let world = AwsWorld { signature_window_minutes: 5, ..AwsWorld::default() };
    let instance = Instance::start(world).await;
    let question = Question::default();
    let headers = question.signed(&instance, &instance.credentials());
    instance.advance(6 * 60);
    let answer = question.send(&instance, &headers);
    assert!(error(&answer).2.ends_with(" - 5 min.)"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_expires_and_not_when_it_is_renewed() {
    let instance = Instance::start(AwsWorld::default()).await;
    let first = instance.credentials();
    instance.advance(6 * 3600 - 60);
    assert_ne!(instance.credentials(), first);
    let question = Question::default();
    assert_eq!(question.send(&instance, &question.signed(&instance, &first)).status, 200);
    instance.advance(300);
    let answer = question.send(&instance, &question.signed(&instance, &first));
    assert_eq!(error(&answer), (403, "ExpiredToken", "The security token included in the request is expired"));
    assert_eq!(question.ask(&instance).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_an_outage_are_expired_here_too() {
    let world = AwsWorld { renewal: Renewal::Never, ..AwsWorld::default() };
    let instance = Instance::start(world).await;
    instance.advance(7 * 3600);
    assert_eq!(error(&Question::default().ask(&instance)).1, "ExpiredToken");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_instance_are_unknown() {
    let instance = Instance::start(AwsWorld::default()).await;
    let neighbour = Instance::start(AwsWorld::default()).await;
    let question = Question::default();
    let ours = instance.credentials();
    let mut mixed = ours.clone();
    mixed["Token"] = neighbour.credentials()["Token"].clone();
    for credentials in [neighbour.credentials(), mixed] {
        let answer = question.send(&instance, &question.signed(&instance, &credentials));
        assert_eq!(
            error(&answer),
            (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        );
    }
    let mut guessed = ours;
    guessed["SecretAccessKey"] = "guess".into();
    let answer = question.send(&instance, &question.signed(&instance, &guessed));
    assert_eq!(error(&answer).1, "SignatureDoesNotMatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_operation_is_not_found_in_its_own_namespace() {
    let instance = Instance::start(AwsWorld::default()).await;
    for (body, message) in [
        ("Action=NoSuchAction&Version=2011-06-15", "NoSuchAction for version 2011-06-15"),
        ("Action=GetCallerIdentity", "GetCallerIdentity for version NO_VERSION_SPECIFIED"),
        ("Action=GetCallerIdentity&Version=", "GetCallerIdentity for version "),
        ("Action=GetCallerIdentity&Version=2000-01-01", "GetCallerIdentity for version 2000-01-01"),
        ("Action=&Version=2011-06-15", " for version 2011-06-15"),
        ("Action=A&Action=GetCallerIdentity&Version=2011-06-15", "A for version 2011-06-15"),
        ("Action=GetCallerIdentity&Version=2000-01-01&Version=2011-06-15", "GetCallerIdentity for version 2000-01-01"),
    ] {
        let answer = posted(body).ask(&instance);
        let message = format!("Could not find operation {message}");
        assert_eq!(error(&answer), (400, "InvalidAction", message.as_str()));
        let namespace = "<ErrorResponse xmlns=\"http://webservices.amazon.com/AWSFault/2005-15-09\">\n";
        assert!(answer.body.starts_with(namespace), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn further_parameters_and_duplicates_are_passed_over() {
    let instance = Instance::start(AwsWorld::default()).await;
    for addition in ["Unknown=value", "Action=NoSuchAction", "Version=2000-01-01"] {
        let body = format!("{QUERY}&{addition}");
        assert_eq!(posted(&body).ask(&instance).status, 200, "{addition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_an_operation_is_sent_elsewhere() {
    let instance = Instance::start(AwsWorld::default()).await;
    let get = Question { query: "Version=2011-06-15", ..Question::default() };
    let untyped = Question { content_type: None, ..posted(QUERY) };
    for (question, location) in [
        (get, "https://aws.amazon.com/iam?Version=2011-06-15"),
        (posted("Version=2011-06-15"), "https://aws.amazon.com/iam"),
        (untyped, "https://aws.amazon.com/iam"),
    ] {
        let answer = question.ask(&instance);
        assert_eq!(answer.status, 302);
        assert_eq!(answer.header("location"), Some(location));
        assert_eq!(answer.body, "");
        assert!(answer.header("x-amzn-requestid").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_question_is_refused_without_a_word() {
    let instance = Instance::start(AwsWorld::default()).await;
    let fill = |length: usize| format!("{QUERY}&x={}", "x".repeat(length - QUERY.len() - 3));
    let largest = fill(10_000_000);
    assert_eq!(posted(&largest).ask(&instance).status, 200);
    let answer = posted(&format!("{largest}x")).ask(&instance);
    assert_eq!((answer.status, answer.body.as_str()), (413, ""));
    for (length, status) in [(15_000, 200), (16_500, 400)] {
        let query = fill(length);
        let question = Question { query: &query, ..Question::default() };
        assert_eq!(question.ask(&instance).status, status, "{length}");
    }
}
