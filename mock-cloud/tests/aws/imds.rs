//! The metadata service, row by row.

use std::io::ErrorKind;
use std::time::Duration;

use mock_cloud::aws::AwsWorld;
use mock_cloud::aws::world::{Imds, Listing, Role, Tokens, Trust};

use crate::instance::{Instance, ROLES, TOKEN, TTL};
use crate::wire::{send, try_send};

const TOKEN_PATH: &str = "/latest/api/token";

fn world(roles: &[(&str, Trust)]) -> AwsWorld {
    let roles = roles.iter().map(|(name, trust)| Role::new(name, trust.clone()));
    AwsWorld { roles: roles.collect(), ..AwsWorld::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_the_56_characters_of_the_recordings() {
    let instance = Instance::start(AwsWorld::default()).await;
    let answer = send(instance.imds(), "PUT", TOKEN_PATH, &[(TTL, "21600")], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.len(), 56);
    for (name, value) in [
        ("content-length", "56"),
        ("content-type", "text/plain"),
        ("server", "EC2ws"),
        ("connection", "close"),
        (TTL, "21600"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_ne!(answer.body, instance.token(21600));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_put_with_a_lifetime_gets_a_token() {
    let instance = Instance::start(AwsWorld::default()).await;
    let good = (TTL, "60");
    for (method, path, headers, status) in [
        ("PUT", TOKEN_PATH, &[good][..], 200),
        ("PUT", TOKEN_PATH, &[(TTL, "1")], 200),
        ("PUT", TOKEN_PATH, &[], 400),
        ("PUT", TOKEN_PATH, &[(TTL, "0")], 400),
        ("PUT", TOKEN_PATH, &[(TTL, "21601")], 400),
        ("PUT", TOKEN_PATH, &[(TTL, "an hour")], 400),
        ("PUT", TOKEN_PATH, &[good, ("X-Forwarded-For", "10.0.0.1")], 403),
        ("PUT", "/2021-03-23/api/token", &[good], 403),
        ("PUT", "/1.0/api/token", &[good], 403),
        ("GET", TOKEN_PATH, &[good], 405),
        ("POST", TOKEN_PATH, &[good], 405),
        ("DELETE", TOKEN_PATH, &[good], 405),
    ] {
        let answer = send(instance.imds(), method, path, headers, b"");
        assert_eq!(answer.status, status, "{method} {path} {headers:?}");
        assert_eq!(answer.header("server"), Some("EC2ws"));
        assert_eq!(answer.header("connection"), Some("close"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_told_which_ones_there_are() {
    let instance = Instance::start(AwsWorld::default()).await;
    let answer = send(instance.imds(), "GET", TOKEN_PATH, &[], b"");
    assert_eq!(answer.header("allow"), Some("OPTIONS, PUT"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("content-length"), Some("0"));
    assert_eq!(answer.body, "");
    let token = instance.token(60);
    let answer = send(instance.imds(), "POST", ROLES, &[(TOKEN, &token)], b"");
    assert_eq!(answer.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_a_small_page() {
    let instance = Instance::start(AwsWorld::default()).await;
    for (answer, title) in [
        (send(instance.imds(), "PUT", TOKEN_PATH, &[], b""), "400 - Bad Request"),
        (send(instance.imds(), "GET", ROLES, &[], b""), "401 - Unauthorized"),
        (send(instance.imds(), "PUT", "/2021-03-23/api/token", &[], b""), "403 - Forbidden"),
        (instance.get("/latest/meta-data/nothing"), "404 - Not Found"),
    ] {
        assert_eq!(answer.header("content-type"), Some("text/html"), "{title}");
        assert!(answer.body.starts_with("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n"));
        assert!(answer.body.contains(&format!("  <h1>{title}</h1>\n")), "{}", answer.body);
    }
    let missing = instance.get("/latest/meta-data/nothing");
    assert_eq!(missing.header("content-length"), Some("339"));
    assert_eq!(missing.header(TTL), Some("60"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_off_refuses_everything() {
    let instance = Instance::with(Imds { enabled: false, tokens: Tokens::Optional, ..Imds::default() }).await;
    for (method, path) in [("PUT", TOKEN_PATH), ("GET", ROLES), ("GET", "/latest/")] {
        let answer = send(instance.imds(), method, path, &[(TTL, "60")], b"");
        assert_eq!(answer.status, 403, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_token_must_be_live_and_of_this_instance() {
    let instance = Instance::start(AwsWorld::default()).await;
    let neighbour = Instance::start(AwsWorld::default()).await;
    let (live, short, foreign) = (instance.token(120), instance.token(30), neighbour.token(60));
    instance.advance(31);
    for (headers, status) in [
        (&[(TOKEN, live.as_str())][..], 200),
        (&[], 401),
        (&[(TOKEN, short.as_str())], 401),
        (&[(TOKEN, foreign.as_str())], 401),
        (&[(TOKEN, "")], 401),
        (&[(TOKEN, &live[..55])], 401),
    ] {
        let answer = send(instance.imds(), "GET", ROLES, headers, b"");
        assert_eq!(answer.status, status, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_token_may_be_absent_but_not_wrong() {
    let instance = Instance::with(Imds { tokens: Tokens::Optional, ..Imds::default() }).await;
    let first_version = send(instance.imds(), "GET", ROLES, &[], b"");
    assert_eq!(first_version.status, 200);
    assert_eq!(first_version.header(TTL), None);
    let wrong = send(instance.imds(), "GET", ROLES, &[(TOKEN, "wrong")], b"");
    assert_eq!(wrong.status, 401);
    assert_eq!(instance.get(ROLES).header(TTL), Some("60"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_tells_how_long_its_session_still_lives() {
    let instance = Instance::start(AwsWorld::default()).await;
    let token = instance.token(100);
    instance.advance(40);
    let answer = send(instance.imds(), "GET", ROLES, &[(TOKEN, &token)], b"");
    let left: u32 = answer.header(TTL).unwrap().parse().unwrap();
    assert!((55..=60).contains(&left), "{left}");
    for (name, value) in
        [("content-type", "text/plain"), ("accept-ranges", "none"), ("server", "EC2ws"), ("connection", "close")]
    {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(answer.header("last-modified").unwrap().ends_with(" GMT"));
    assert!(answer.header("date").unwrap().ends_with(" GMT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_has_the_headers_alone() {
    let instance = Instance::start(AwsWorld::default()).await;
    let token = instance.token(60);
    let answer = send(instance.imds(), "HEAD", ROLES, &[(TOKEN, &token)], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length"), Some("16"));
    assert_eq!(answer.body, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_listed_one_a_line_without_a_final_line_feed() {
    for (roles, status, body) in
        [(&[("one", Trust::Ec2)][..], 200, "one"), (&[("one", Trust::Ec2), ("two", Trust::Other)], 200, "one\ntwo")]
    {
        let instance = Instance::start(world(roles)).await;
        let answer = instance.get(ROLES);
        assert_eq!((answer.status, answer.body.as_str()), (status, body));
    }
    let unattached = Instance::start(world(&[])).await;
    assert_eq!(unattached.get(ROLES).status, 404);
    assert_eq!(unattached.get("/latest/meta-data/iam/info").status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_may_be_asked_for_with_a_final_slash() {
    let instance = Instance::start(AwsWorld::default()).await;
    for path in ["placement/availability-zone", "placement/availability-zone/"] {
        let answer = instance.get(&format!("/latest/meta-data/{path}"));
        assert_eq!((answer.status, answer.body.as_str()), (200, "us-east-1a"), "{path}");
    }
    assert_eq!(instance.get("/latest/meta-data/placement/nowhere/").status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_without_its_slash_is_served_or_moved() {
    let path = ROLES.trim_end_matches('/');
    let served = Instance::start(AwsWorld::default()).await.get(path);
    assert_eq!((served.status, served.body.as_str()), (200, "artifactory-pull"));
    let instance = Instance::with(Imds { listing_without_slash: Listing::Moved, ..Imds::default() }).await;
    let moved = instance.get(path);
    assert_eq!((moved.status, moved.header("location")), (301, Some(ROLES)));
    assert_eq!(instance.get(ROLES).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn role_credentials_have_the_recorded_layout() {
    let instance = Instance::start(AwsWorld::default()).await;
    let answer = instance.get(&format!("{ROLES}artifactory-pull"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    let value = instance.credentials();
    let field = |name: &str| value[name].as_str().unwrap().to_owned();
    let expected = format!(
        "{{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"{}\",\n  \"Type\" : \"AWS-HMAC\",\n  \
         \"AccessKeyId\" : \"{}\",\n  \"SecretAccessKey\" : \"{}\",\n  \"Token\" : \"{}\",\n  \
         \"Expiration\" : \"{}\"\n}}",
        field("LastUpdated"),
        field("AccessKeyId"),
        field("SecretAccessKey"),
        field("Token"),
        field("Expiration"),
    );
    assert_eq!(answer.body, expected);
    for name in ["LastUpdated", "Expiration"] {
        let time = field(name);
        assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
    }
    let secrets = instance.aws.secrets();
    assert!(secrets.contains(&field("SecretAccessKey")) && secrets.contains(&field("Token")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_role_is_not_found() {
    let instance = Instance::start(AwsWorld::default()).await;
    for name in ["nobody", "artifactory-pull/", "Artifactory-Pull"] {
        assert_eq!(instance.get(&format!("{ROLES}{name}")).status, 404, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_ec2_may_not_assume_says_so_with_200() {
    let instance = Instance::start(world(&[("locked", Trust::Other)])).await;
    let answer = instance.get(&format!("{ROLES}locked"));
    assert_eq!(answer.status, 200);
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(value["Code"], "AssumeRoleUnauthorizedAccess");
    let message = value["Message"].as_str().unwrap();
    assert!(message.starts_with("EC2 cannot assume the role locked.  Please see documentation at https://"));
    assert_eq!(value.as_object().unwrap().len(), 3);
    assert!(value["LastUpdated"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_knows_where_it_is() {
    let instance =
        Instance::start(AwsWorld { region: "cn-north-1".into(), zone: "cn-north-1b".into(), ..AwsWorld::default() })
            .await;
    for (path, text) in [
        ("placement/region", "cn-north-1"),
        ("placement/availability-zone", "cn-north-1b"),
        ("services/domain", "amazonaws.com.cn"),
        ("services/partition", "aws-cn"),
        ("instance-id", "i-0123456789abcdef0"),
        ("iam/", "info\nsecurity-credentials/"),
    ] {
        let answer = instance.get(&format!("/latest/meta-data/{path}"));
        assert_eq!((answer.status, answer.body.as_str()), (200, text), "{path}");
    }
    let info = instance.get("/2021-03-23/meta-data/iam/info").body;
    let arn = "\n  \"InstanceProfileArn\" : \"arn:aws-cn:iam::111122223333:instance-profile/artifactory-pull\",\n";
    assert!(info.starts_with("{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"") && info.contains(arn), "{info}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_one_of_those_listed() {
    let instance = Instance::start(AwsWorld::default()).await;
    let versions = instance.get("/").body;
    assert!(versions.starts_with("1.0\n2007-01-19\n") && versions.ends_with("\nlatest"), "{versions}");
    for version in versions.lines() {
        let answer = instance.get(&format!("/{version}/"));
        assert_eq!((answer.status, answer.body.as_str()), (200, "dynamic/\nmeta-data/"), "{version}");
    }
    for path in ["/2022-01-01/meta-data/instance-id", "/newest/", "/computeMetadata/v1/"] {
        assert_eq!(instance.get(path).status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_document_has_its_fields_in_order() {
    let instance = Instance::start(AwsWorld::default()).await;
    let document = instance.get("/latest/dynamic/instance-identity/document").body;
    let lines: Vec<&str> = document.lines().collect();
    let names: Vec<&str> = lines[1..lines.len() - 1].iter().map(|line| line.split('"').nth(1).unwrap()).collect();
    assert_eq!(
        names,
        [
            "accountId",
            "architecture",
            "availabilityZone",
            "billingProducts",
            "devpayProductCodes",
            "marketplaceProductCodes",
            "imageId",
            "instanceId",
            "instanceType",
            "kernelId",
            "pendingTime",
            "privateIp",
            "ramdiskId",
            "region",
            "version"
        ]
    );
    let value: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(value["accountId"], "111122223333");
    assert_eq!(value["region"], "us-east-1");
    assert!(value["billingProducts"].is_null());
    assert!(document.starts_with("{\n  \"accountId\" : \"111122223333\",\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_bridge_only_the_token_request_hangs() {
    let instance = Instance::with(Imds { tokens: Tokens::Optional, hops: 1, ..Imds::default() }).await;
    let patience = Duration::from_millis(300);
    let put = try_send(instance.imds(), "PUT", TOKEN_PATH, &[(TTL, "60")], b"", patience);
    assert!(matches!(put.unwrap_err().kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert_eq!(send(instance.imds(), "GET", ROLES, &[], b"").status, 200);
    let wider = Instance::with(Imds { hop_limit: 2, hops: 1, ..Imds::default() }).await;
    assert_eq!(wider.token(60).len(), 56);
}
