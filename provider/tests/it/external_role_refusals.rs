//! What can keep the node's own credentials from a role of another account: exit code 4.

use std::time::Duration;

use mock_kit::{Authority, Fault};

use crate::external_role::{key_in_variables, open_site, pull_by_file, variables};
use crate::site::Site;

/// A pull that fails at the identity, before Artifactory is asked anything.
fn refused(site: &Site, outcome: &crate::program::Outcome) -> String {
    assert!(site.artifactory_requests().is_empty(), "{:?}", site.artifactory_requests());
    site.named(outcome.failure(4))
}

fn calls(site: &Site) -> usize {
    site.cloud_requests().iter().filter(|request| *request == "POST /").count()
}

#[tokio::test]
async fn a_wrong_external_id_is_explained_with_both_policies() {
    let site = Site::start().await;
    let outcome = pull_by_file(&site, ", externalId: someone-elses-id", &[]).await;
    insta::assert_snapshot!(refused(&site, &outcome), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: AWS STS refused with `AccessDenied`: User: arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0 is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/cross-account-pull
      hint: the trust policy of `arn:aws:iam::444455556666:role/cross-account-pull` must allow sts:AssumeRole with "Principal": {"AWS": "arn:aws:iam::111122223333:role/artifactory-pull"} and "Condition": {"StringEquals": {"sts:ExternalId": the route's `externalId`}}; that principal's own policy must allow sts:AssumeRole on the role
    "#);
    assert!(!outcome.stderr.contains("someone-elses-id"));
    assert_eq!(calls(&site), 1, "a refusal is final");
}

#[tokio::test]
async fn a_missing_external_id_is_explained() {
    let site = Site::start().await;
    let outcome = pull_by_file(&site, "", &[]).await;
    insta::assert_snapshot!(refused(&site, &outcome), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: AWS STS refused with `AccessDenied`: User: arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0 is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/cross-account-pull
      hint: the trust policy of `arn:aws:iam::444455556666:role/cross-account-pull` must allow sts:AssumeRole with "Principal": {"AWS": "arn:aws:iam::111122223333:role/artifactory-pull"} and no condition on sts:ExternalId (or set `externalId` in a configuration file); that principal's own policy must allow sts:AssumeRole on the role
    "#);
}

#[tokio::test]
async fn tags_that_the_role_does_not_take_are_explained() {
    let world = "
aws:
  roles: [{name: artifactory-pull, mayAssume: ['*']}]
  otherRoles:
    - name: cross-account-pull
      account: '444455556666'
      trust: {Statement: {Effect: Allow, Principal: {AWS: 'arn:aws:iam::111122223333:role/artifactory-pull'}, Action: sts:AssumeRole}}
";
    let world = mock_cloud::World::from_yaml(world).expect("a world");
    let site = Site::with(world, mock_artifactory::World::default()).await;
    let outcome = pull_by_file(&site, ", sessionTags: {team: shop}", &[]).await;
    insta::assert_snapshot!(refused(&site, &outcome), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: AWS STS refused with `AccessDenied`: User: arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0 is not authorized to perform: sts:TagSession on resource: arn:aws:iam::444455556666:role/cross-account-pull
      hint: the trust policy of `arn:aws:iam::444455556666:role/cross-account-pull` must allow sts:AssumeRole and sts:TagSession with "Principal": {"AWS": "arn:aws:iam::111122223333:role/artifactory-pull"} and no condition on sts:ExternalId (or set `externalId` in a configuration file); that principal's own policy must allow sts:AssumeRole and sts:TagSession on the role
    "#);
    pull_by_file(&site, "", &[]).await.response();
}

#[tokio::test]
async fn a_role_that_trusts_others_or_does_not_exist_is_one_refusal() {
    let site = open_site().await;
    for role in ["arn:aws:iam::444455556666:role/nobody", "arn:aws:iam::111122223333:role/pod-identity-pull"] {
        let mut environment = variables(&site, &[]);
        environment.insert("aws_external_role_arn".to_owned(), role.to_owned());
        let explanation = refused(&site, &site.pull_in(&[], &environment).await);
        assert!(explanation.contains("refused with `AccessDenied`"), "{explanation}");
        assert!(explanation.contains(&format!("hint: the trust policy of `{role}` must allow")), "{explanation}");
    }
}

#[tokio::test]
async fn a_session_too_long_for_a_chain_is_refused_before_sts_is_asked() {
    let site = open_site().await;
    let outcome = pull_by_file(&site, ", sessionDuration: 2h", &[]).await;
    insta::assert_snapshot!(refused(&site, &outcome), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the instance metadata service gave credentials of a role, which open sessions of 3600 s at most, and 7200 s are asked for
      hint: set `aws_external_role_session_duration_seconds` (`sessionDuration`) to 3600 (`1h`) or less, or leave it out
    ");
    assert_eq!(calls(&site), 0, "{:?}", site.cloud_requests());
    let token = site.file("token", site.pod_token("pod-identity", "pods.eks.amazonaws.com"));
    let agent = format!("{}/v1/credentials", site.cloud.url());
    let container =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token)];
    let explanation = refused(&site, &pull_by_file(&site, ", sessionDuration: 3601s", &container).await);
    assert!(explanation.contains("the container endpoint gave credentials of a role"), "{explanation}");
    assert_eq!(calls(&site), 0, "{:?}", site.cloud_requests());
    let config = site.file(
        "aws-config",
        "[default]\nrole_arn = arn:aws:iam::111122223333:role/middle\ncredential_source = Ec2InstanceMetadata\n",
    );
    let outcome = pull_by_file(&site, ", sessionDuration: 12h", &[("AWS_CONFIG_FILE", config.as_str())]).await;
    assert!(refused(&site, &outcome).contains("the profile gave credentials of a role"), "{}", outcome.stderr);
    assert_eq!(calls(&site), 1, "the profile's own role and no other: {:?}", site.cloud_requests());
}

#[tokio::test]
async fn what_only_sts_can_know_of_a_key_is_left_to_sts() {
    let site = open_site().await;
    let key = key_in_variables(&site).await;
    let changes = key.each_ref().map(|(name, value)| (*name, value.as_str()));
    let outcome = pull_by_file(&site, ", sessionDuration: 2h", &changes).await;
    insta::assert_snapshot!(refused(&site, &outcome), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: AWS STS refused with `ValidationError`: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.
      hint: set `aws_external_role_session_duration_seconds` (`sessionDuration`) to 3600 (`1h`) or less, or leave it out
    ");
    assert_eq!(calls(&site), 1);
}

#[tokio::test]
async fn a_session_too_long_for_the_role_is_explained() {
    let site = Site::start().await;
    let key = key_in_variables(&site).await;
    let changes = key.each_ref().map(|(name, value)| (*name, value.as_str()));
    let keys = ", externalId: artifactory-external-id, sessionDuration: 12h";
    insta::assert_snapshot!(refused(&site, &pull_by_file(&site, keys, &changes).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: AWS STS refused with `ValidationError`: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.
      hint: set `aws_external_role_session_duration_seconds` (`sessionDuration`) to what the role allows, or raise it: aws iam update-role --role-name cross-account-pull --max-session-duration 43200
    ");
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_key_are_explained() {
    let site = open_site().await;
    let key = key_in_variables(&site).await;
    let mut wrong = key.each_ref().map(|(name, value)| (*name, value.as_str()));
    wrong[1].1 = "guess";
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &wrong)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: AWS STS refused with `SignatureDoesNotMatch`: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.
      hint: check the node's clock, and AWS_SECRET_ACCESS_KEY or the profile's key
    ");
    let unknown = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00"), ("AWS_SECRET_ACCESS_KEY", "guess")];
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &unknown)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: AWS STS refused with `InvalidClientTokenId`: The security token included in the request is invalid.
      hint: the node's own key is unknown to AWS; check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and the profile
    ");
}

#[tokio::test]
async fn each_source_without_credentials_says_why() {
    let site = open_site().await;
    let nobody = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")];
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &nobody)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no AWS credentials were found: the environment: environment variable not set; the profile: not set up; the web identity token file: $AWS_WEB_IDENTITY_TOKEN_FILE was not set; the container endpoint: ECS provider not configured; the instance metadata service: could not communicate with IMDS: cannot connect: Connection refused
      hint: attach an instance profile to the node and check that it reaches 169.254.169.254 (hop limit, firewall), or set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or AWS_CONTAINER_CREDENTIALS_FULL_URI in the `env` of the provider's entry
    ");
}

#[tokio::test]
async fn a_silent_metadata_service_is_waited_for_once() {
    let site = open_site().await;
    site.cloud.kit().faults.add(Fault::hang("/latest/api/token").on("PUT"));
    let outcome = site.pull_in(&[], &variables(&site, &[])).await;
    let explanation = refused(&site, &outcome);
    assert!(
        explanation
            .contains("the instance metadata service: could not communicate with IMDS: no answer within 2000 ms"),
        "{explanation}"
    );
    assert!(outcome.took < Duration::from_secs(4), "{:?}", outcome.took);
    assert_eq!(site.cloud_requests(), ["PUT /latest/api/token"]);
}

#[tokio::test]
async fn an_instance_without_a_role_is_one_of_the_reasons() {
    let world = mock_cloud::World::from_yaml("aws: {roles: []}").expect("a world");
    let site = Site::with(world, mock_artifactory::World::default()).await;
    let explanation = refused(&site, &site.pull_in(&[], &variables(&site, &[])).await);
    assert!(explanation.contains("the instance metadata service: received 404 from IMDS"), "{explanation}");
}

#[tokio::test]
async fn a_metadata_service_that_must_not_be_asked_is_one_of_the_reasons() {
    let site = open_site().await;
    let outcome = site.pull_in(&[], &variables(&site, &[("AWS_EC2_METADATA_DISABLED", "true")])).await;
    let explanation = refused(&site, &outcome);
    assert!(
        explanation.contains("the instance metadata service: AWS_EC2_METADATA_DISABLED forbids it"),
        "{explanation}"
    );
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn a_role_of_another_partition_is_refused_before_anybody_is_asked() {
    let site = open_site().await;
    let mut environment = variables(&site, &[]);
    environment.insert("aws_external_role_arn".to_owned(), "arn:aws-cn:iam::444455556666:role/pull".to_owned());
    let explanation = refused(&site, &site.pull_in(&[], &environment).await);
    assert!(explanation.contains("arn:aws-cn:iam::444455556666:role/pull"), "{explanation}");
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn a_source_that_is_set_up_and_fails_is_final() {
    let site = open_site().await;
    let token = site.file("token", site.pod_token("plain", "pods.eks.amazonaws.com"));
    let agent = format!("{}/v1/credentials", site.cloud.url());
    let changes =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token)];
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &changes)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the container endpoint gave no AWS credentials: Non-success status from HTTP credential provider: StatusCode(404)
      hint: check AWS_CONTAINER_CREDENTIALS_FULL_URI (https, or http to an IP address of loopback, ECS or EKS) and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, or unset them
    ");
    assert_eq!(site.cloud_requests(), ["GET /v1/credentials"]);
    let changes = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/v1/credentials")];
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &changes)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot get AWS credentials from the container endpoint
      caused by: cannot connect: Connection refused
      hint: check name, port, routes and firewall between the node and the address of AWS_CONTAINER_CREDENTIALS_FULL_URI
    ");
    let changes = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"), ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/x")];
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &changes)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the web identity token file gave no AWS credentials: No such file or directory (os error 2)
      hint: check the file AWS_WEB_IDENTITY_TOKEN_FILE, and that the role AWS_ROLE_ARN trusts its token's issuer, aud and sub
    ");
    let config = site.file("aws-config", "[default]\nrole_arn = arn:aws:iam::111122223333:role/middle\n");
    let changes = [("AWS_CONFIG_FILE", config.as_str())];
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &changes)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the profile gave no AWS credentials: ProfileFile provider could not be built: invalid credential source in `default`: profile must contain `source_profile` or `credential_source` but neither were defined
      hint: check the profile of AWS_PROFILE (else `default`) in the files AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE
    ");
}

#[tokio::test]
async fn a_role_on_the_way_that_refuses_is_explained() {
    let site = open_site().await;
    let token = site.file("token", "eyJhbGciOiJub25lIn0.e30.x");
    let role = "arn:aws:iam::111122223333:role/web-identity-pull";
    let changes = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", role)];
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &changes)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the web identity token file gave no AWS credentials: AWS STS refused with `InvalidIdentityToken`: Missing a required claim: iss
      hint: check the file AWS_WEB_IDENTITY_TOKEN_FILE, and that the role AWS_ROLE_ARN trusts its token's issuer, aud and sub
    ");
    let role = "role_arn = arn:aws:iam::111122223333:role/pod-identity-pull\ncredential_source = Ec2InstanceMetadata\n";
    let config = site.file("aws-config", format!("[default]\n{role}"));
    let changes = [("AWS_CONFIG_FILE", config.as_str())];
    insta::assert_snapshot!(refused(&site, &site.pull_in(&[], &variables(&site, &changes)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the profile gave no AWS credentials: AWS STS refused with `AccessDenied`: User: arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0 is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/pod-identity-pull
      hint: check the profile of AWS_PROFILE (else `default`) in the files AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE
    ");
}

#[tokio::test]
async fn a_broken_profile_does_not_show_its_keys() {
    let site = open_site().await;
    for line in [
        "aws_secret_access_key hunter2",
        "[default\naws_secret_access_key = hunter2",
        "[default]\n= hunter2",
        "[default]\nhunter2",
    ] {
        let file = site.file("credentials", format!("{line}\n"));
        let outcome = site.pull_in(&[], &variables(&site, &[("AWS_SHARED_CREDENTIALS_FILE", file.as_str())])).await;
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn a_failing_source_is_tried_as_often_as_any_request() {
    let site = open_site().await;
    let agent = format!("{}/v1/credentials", site.cloud.url());
    let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
    let container =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", &token)];
    for (method, path, changes) in
        [("GET", "/v1/credentials", &container[..]), ("POST", "/", &container), ("PUT", "/latest/api/token", &[])]
    {
        site.cloud.kit().journal.clear();
        site.cloud.kit().faults.clear();
        site.cloud.kit().faults.add(Fault::reply(path, 503, "").on(method));
        refused(&site, &site.pull_in(&[], &variables(&site, changes)).await);
        let (seen, request) = (site.cloud_requests(), format!("{method} {path}"));
        assert_eq!(seen.iter().filter(|seen| **seen == request).count(), 3, "{seen:?}");
    }
}

#[tokio::test]
async fn a_silent_metadata_service_ends_with_a_deadline_that_is_shorter() {
    let site = open_site().await;
    site.cloud.kit().faults.add(Fault::hang("/latest/api/token").on("PUT"));
    let outcome = site.pull_in(&[], &variables(&site, &[("http_timeout_seconds", "1")])).await;
    insta::assert_snapshot!(site.named(outcome.failure(6)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot get AWS credentials from the instance metadata service
      caused by: the deadline of the pull passed
      hint: check that the node reaches 169.254.169.254 (firewall, proxy, load)
    ");
    assert!(outcome.took < Duration::from_secs(2), "{:?}", outcome.took);
}

#[tokio::test]
async fn an_sts_with_a_certificate_of_nobody_is_not_spoken_to() {
    let site = open_site().await;
    let (sts, roots) = (site.cloud.tls_url(), site.file("nobody.pem", Authority::generate().certificate_pem()));
    let changes = [("AWS_ENDPOINT_URL_STS", sts.as_str()), ("SSL_CERT_FILE", &roots)];
    let outcome = site.pull_in(&[], &variables(&site, &changes)).await;
    insta::assert_snapshot!(refused(&site, &outcome), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot reach AWS STS at `CLOUD-TLS`
      caused by: the server's certificate was refused: `CN=Mock server` is signed by another key than that of `CN=Mock certificate authority` in `DIRECTORY/nobody.pem`
      hint: replace the certificate of `CN=Mock certificate authority` in the file in SSL_CERT_FILE by the one that is in use
    ");
    assert_eq!(calls(&site), 0, "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn a_silent_sts_ends_with_the_deadline() {
    let site = open_site().await;
    site.cloud.kit().faults.add(Fault::hang("/").on("POST"));
    let outcome = site.pull_in(&[], &variables(&site, &[("http_timeout_seconds", "3")])).await;
    insta::assert_snapshot!(site.named(outcome.failure(6)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot reach AWS STS at `CLOUD`
      caused by: the deadline of the pull passed
      hint: check that the node reaches `CLOUD` (firewall, proxy, load)
    ");
    assert!(outcome.took < Duration::from_secs(4), "{:?}", outcome.took);
    assert!(
        outcome.took >= Duration::from_secs(3),
        "no shorter patience than a cloud's service gets: {:?}",
        outcome.took
    );
}

#[tokio::test]
async fn what_is_no_answer_of_sts_is_not_believed() {
    let site = open_site().await;
    for (status, body) in [(200, "<html>sign in</html>"), (403, "<html>no</html>"), (302, "")] {
        site.cloud.kit().faults.clear();
        site.cloud.kit().faults.add(Fault::reply("/", status, body).on("POST"));
        let explanation = refused(&site, &site.pull_in(&[], &variables(&site, &[])).await);
        assert!(explanation.contains(&format!("AWS STS answered {status} in an unknown form")), "{explanation}");
    }
}

#[tokio::test]
async fn refusals_by_code_have_their_own_hints() {
    let site = open_site().await;
    for (status, code, hint) in [
        (403, "RegionDisabledException", "enable the region's STS"),
        (403, "ExpiredToken", "renew them"),
        (400, "Throttling", "the kubelet tries again"),
        (400, "PackedPolicyTooLarge", "`sessionTags`"),
        (400, "MalformedPolicyDocument", "`roleArn`"),
    ] {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        );
        site.cloud.kit().faults.clear();
        site.cloud.kit().journal.clear();
        site.cloud.kit().faults.add(Fault::reply("/", status, body).on("POST").header("content-type", "text/xml"));
        let explanation = refused(&site, &site.pull_in(&[], &variables(&site, &[])).await);
        assert_eq!(calls(&site), if code == "Throttling" { 3 } else { 1 }, "{code}");
        assert!(explanation.contains(&format!("AWS STS refused with `{code}`: no")), "{explanation}");
        assert!(explanation.split_once("hint: ").expect("a hint").1.contains(hint), "{explanation}");
    }
}

#[tokio::test]
async fn settings_that_sts_would_refuse_are_bad_configuration() {
    let site = Site::start().await;
    for (name, value) in [
        ("aws_external_role_arn", "cross-account-pull"),
        ("aws_external_role_arn", ""),
        ("aws_external_role_session_duration_seconds", "899"),
        ("aws_external_role_session_duration_seconds", "-1"),
        ("aws_region", "*"),
    ] {
        let mut environment = variables(&site, &[]);
        environment.insert(name.to_owned(), value.to_owned());
        let outcome = site.pull_in(&[], &environment).await;
        assert!(outcome.failure(3).contains(&format!("`{name}` is ")), "{}", outcome.stderr);
    }
    for (keys, message) in [
        (", externalId: x", "`externalId` is not 2 to 1224"),
        (", sessionName: 'a b'", "`sessionName` is not 2 to 64"),
        (", sessionDuration: 13h", "`sessionDuration` is `13h`"),
        (", sessionTags: {'aws:x': y}", "`sessionTags` has the key `aws:x`"),
        (", sessionTags: {x: '{}'}", "`sessionTags` has a value for `x`"),
        (", sessionTags: {a: x, A: y}", "`sessionTags` has the key `a` twice"),
        (", region: mars-north-1", "`region` is `mars-north-1`"),
    ] {
        let outcome = pull_by_file(&site, keys, &[]).await;
        assert!(outcome.failure(3).contains(message), "{}", outcome.stderr);
    }
    assert!(site.cloud_requests().is_empty());
}

#[tokio::test]
async fn a_bad_duration_and_a_bad_tag_are_explained() {
    let site = Site::start().await;
    let environment = variables(&site, &[("aws_external_role_session_duration_seconds", "60")]);
    insta::assert_snapshot!(site.named(site.pull_in(&[], &environment).await.failure(3)), @r"
    error: failed to read the configuration
      caused by: `aws_external_role_session_duration_seconds` is `60`, which is not a number of seconds from 900 to 43200
      hint: set `aws_external_role_session_duration_seconds` to a number of seconds from 900 to 43200
    ");
    let outcome = pull_by_file(&site, ", sessionTags: {'aws:team': shop}", &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(3)), @r"
    error: failed to read the configuration
      caused by: `sessionTags` has the key `aws:team`, which STS does not take
      hint: use 1 to 128 letters, digits, spaces and `_.:/=+-@` for each key, and no key that begins with `aws:`, in `sessionTags`
    ");
    let outcome = pull_by_file(&site, ", externalId: 'a b'", &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(3)), @r"
    error: failed to read the configuration
      caused by: `externalId` is not 2 to 1224 of the letters A to Z, digits and `_+=,.@:/-`
      hint: set `externalId` to 2 to 1224 of the letters A to Z, digits and `_+=,.@:/-`, or leave it out
    ");
}
