#!/usr/bin/env python3
"""Judges mock-cloud's EC2 metadata service and STS by boto3 as it comes from PyPI.

    pip install boto3
    python3 aws.py "$READY"

`READY` is the line of JSON that the program mock-cloud prints when it serves its built-in world. The environment in it
is all that boto3 is told. The last line is `N passed, N failed`; the exit status is 1 when anything failed.
"""

import configparser
import contextlib
import json
import os
import sys
import tempfile
import time
import traceback
import urllib.request

import boto3
import botocore.session
import botocore.utils
from botocore.config import Config
from botocore.exceptions import ClientError

READY = json.loads(sys.argv[1])
URL = READY["url"]
INSTANCE_ARN = "arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0"
CROSS_ACCOUNT_ROLE = "arn:aws:iam::444455556666:role/cross-account-pull"
WEB_IDENTITY_ROLE = "arn:aws:iam::111122223333:role/web-identity-pull"
EXTERNAL_ID = "artifactory-external-id"
ONCE = Config(retries={"total_max_attempts": 1})
CASES = []


def case(function):
    CASES.append(function)
    return function


def control(path, document=None, method=None):
    """Asks a control path of the mock."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{URL}/__mock/{path}", body, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def token(**claims):
    """A token of the pod that the built-in role trusts, with other claims."""
    return signed_by("kubernetes", {"aud": ["sts.amazonaws.com"], "sub": "system:serviceaccount:default:app", **claims})


def signed_by(issuer, claims):
    return control(f"issuers/{issuer}/tokens", claims)["token"]


@contextlib.contextmanager
def environment(**variables):
    """Variables for the time of a case."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


@contextlib.contextmanager
def written(text):
    """A file for the time of a case."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        yield file.name


def sts(session=None, **options):
    return (session or boto3.Session()).client("sts", **options)


def session_of(credentials):
    """A session that has these credentials and no others."""
    return boto3.Session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def raised(expected, code, status, call, **arguments):
    """The message of the error of a class that a call must raise."""
    try:
        call(**arguments)
    except expected as error:
        answer = error.response
        found = (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Type"])
        assert found == (code, status, "Sender"), found
        assert answer["ResponseMetadata"]["RequestId"], answer
        return answer["Error"]["Message"]
    raise AssertionError(f"no {expected}")


@case
def the_instance_has_credentials_by_the_chain():
    credentials = boto3.Session().get_credentials()
    assert credentials.method == "iam-role", credentials.method
    frozen = credentials.get_frozen_credentials()
    assert frozen.access_key.startswith("ASIA") and frozen.token
    requests = [(it["method"], it["path"]) for it in control("requests")]
    assert ("PUT", "/latest/api/token") in requests, requests


@case
def the_instance_has_a_region_by_the_chain():
    assert botocore.utils.IMDSRegionProvider(botocore.session.get_session()).provide() == "us-east-1"


@case
def the_caller_is_the_instance():
    identity = sts().get_caller_identity()
    assert identity["Arn"] == INSTANCE_ARN, identity
    assert identity["Account"] == "111122223333"
    role_id, name = identity["UserId"].split(":")
    assert role_id.startswith("AROA") and name == "i-0123456789abcdef0"


@case
def a_guessed_secret_does_not_sign():
    frozen = boto3.Session().get_credentials().get_frozen_credentials()
    guessed = boto3.Session(frozen.access_key, "guess", frozen.token)
    raised(ClientError, "SignatureDoesNotMatch", 403, sts(guessed).get_caller_identity)


@case
def a_token_of_nobody_is_unknown():
    unknown = boto3.Session("ASIAAAAAAAAAAAAAAAAA", "guess", "guess")
    raised(ClientError, "InvalidClientTokenId", 403, sts(unknown).get_caller_identity)


@case
def a_region_can_be_reached_by_its_path():
    def endpoint(region):
        return f"{URL}/sts/{region}"

    identity = sts(endpoint_url=endpoint("eu-west-1"), region_name="eu-west-1").get_caller_identity()
    assert identity["Arn"] == INSTANCE_ARN, identity
    elsewhere = sts(endpoint_url=endpoint("eu-west-1"), region_name="us-east-1")
    message = raised(ClientError, "SignatureDoesNotMatch", 403, elsewhere.get_caller_identity)
    assert message == "Credential should be scoped to a valid region. ", message
    government = sts(endpoint_url=endpoint("us-gov-west-1"), region_name="us-gov-west-1")
    raised(ClientError, "InvalidClientTokenId", 403, government.get_caller_identity)


@case
def another_account_is_reached_with_the_external_id():
    client = sts()
    answer = client.assume_role(
        RoleArn=CROSS_ACCOUNT_ROLE,
        RoleSessionName="boto3",
        ExternalId=EXTERNAL_ID,
        DurationSeconds=900,
        Tags=[{"Key": "team", "Value": "pull"}, {"Key": "stage", "Value": ""}],
        TransitiveTagKeys=["team"],
    )
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::444455556666:assumed-role/cross-account-pull/boto3"
    left = answer["Credentials"]["Expiration"].timestamp() - time.time()
    assert 890 < left <= 902, left
    identity = sts(session_of(answer["Credentials"])).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"], identity
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"], identity


@case
def another_account_is_not_reached_otherwise():
    arguments = {"RoleArn": CROSS_ACCOUNT_ROLE, "RoleSessionName": "boto3"}
    for external_id in ({"ExternalId": "wrong"}, {}):
        message = raised(ClientError, "AccessDenied", 403, sts().assume_role, **arguments, **external_id)
        assert message == (
            f"User: {INSTANCE_ARN} is not authorized to perform: sts:AssumeRole on resource: {CROSS_ACCOUNT_ROLE}"
        )


@case
def what_cannot_be_asked_is_a_validation_error():
    arguments = {"RoleArn": CROSS_ACCOUNT_ROLE, "RoleSessionName": "boto 3", "DurationSeconds": 43201}
    message = raised(ClientError, "ValidationError", 400, sts().assume_role, **arguments)
    assert message.startswith("2 validation errors detected: Value 'boto 3' at 'roleSessionName' failed"), message
    arguments = {**arguments, "RoleSessionName": "boto3", "DurationSeconds": 3601, "ExternalId": EXTERNAL_ID}
    message = raised(ClientError, "ValidationError", 400, sts().assume_role, **arguments)
    assert message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", message


@case
def a_profile_reaches_the_other_account_by_the_chain():
    profile = configparser.ConfigParser()
    profile["profile cross-account"] = {
        "role_arn": CROSS_ACCOUNT_ROLE,
        "credential_source": "Ec2InstanceMetadata",
        "external_id": EXTERNAL_ID,
        "role_session_name": "profile",
    }
    with tempfile.NamedTemporaryFile("w") as file:
        profile.write(file)
        file.flush()
        with environment(AWS_CONFIG_FILE=file.name):
            identity = sts(boto3.Session(profile_name="cross-account")).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::444455556666:assumed-role/cross-account-pull/profile", identity


@case
def a_pod_gets_the_role_that_trusts_it():
    answer = sts().assume_role_with_web_identity(
        RoleArn=WEB_IDENTITY_ROLE, RoleSessionName="boto3", WebIdentityToken=token()
    )
    issuer = control("trust")["issuers"]["kubernetes"]
    assert answer["Provider"] == issuer.replace("http://", "arn:aws:iam::111122223333:oidc-provider/"), answer["Provider"]
    assert answer["Audience"] == "sts.amazonaws.com"
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:default:app"
    identity = sts(session_of(answer["Credentials"])).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"], identity


@case
def a_pod_gets_its_role_by_the_chain():
    with written(token()) as file, environment(
        AWS_WEB_IDENTITY_TOKEN_FILE=file, AWS_ROLE_ARN=WEB_IDENTITY_ROLE, AWS_ROLE_SESSION_NAME="chain"
    ):
        session = boto3.Session()
        assert session.get_credentials().method == "assume-role-with-web-identity"
        identity = sts(session).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::111122223333:assumed-role/web-identity-pull/chain", identity


def web_identity_error(name, code, status, web_identity_token, role_arn=WEB_IDENTITY_ROLE):
    client = sts(config=ONCE)
    expected = getattr(client.exceptions, name) if name else ClientError
    return raised(
        expected,
        code,
        status,
        client.assume_role_with_web_identity,
        RoleArn=role_arn,
        RoleSessionName="boto3",
        WebIdentityToken=web_identity_token,
    )


@case
def a_token_for_another_audience_is_invalid():
    wrong = token(aud=["pods.eks.amazonaws.com"])
    message = web_identity_error("InvalidIdentityTokenException", "InvalidIdentityToken", 400, wrong)
    assert message == "Incorrect token audience", message


@case
def a_token_that_is_over_is_expired():
    expiry = int(time.time()) - 60
    over = token(iat=expiry - 600, nbf=expiry - 600, exp=expiry)
    message = web_identity_error("ExpiredTokenException", "ExpiredTokenException", 400, over)
    assert message.startswith("Token expired: current date/time ") and message.endswith(f" {expiry}"), message


@case
def a_token_of_another_issuer_is_unknown():
    foreign = signed_by("google", {"aud": "sts.amazonaws.com", "sub": "112233445566778899001"})
    message = web_identity_error("InvalidIdentityTokenException", "InvalidIdentityToken", 400, foreign)
    assert message == f"No OpenIDConnect provider found in your account for {URL}/google", message


@case
def a_token_of_another_pod_is_denied():
    other = token(sub="system:serviceaccount:default:other")
    message = web_identity_error(None, "AccessDenied", 403, other)
    assert message == "Not authorized to perform sts:AssumeRoleWithWebIdentity", message


@case
def an_issuer_that_is_down_is_a_communication_error():
    # The token is made before the issuer goes down.
    good = token()
    cluster = control("trust")["issuers"]["kubernetes"].removeprefix(URL)
    control("faults", {"path": f"{cluster}/*", "status": 503})
    try:
        web_identity_error("IDPCommunicationErrorException", "IDPCommunicationError", 400, good)
    finally:
        control("faults", method="DELETE")


def main():
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(READY["environment"], AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    passed = 0
    for function in CASES:
        name = function.__name__.replace("_", " ")
        try:
            function()
            passed += 1
        except Exception:  # whatever a case raises is its failure
            print(f"FAILED {name}\n{traceback.format_exc()}")
    failed = len(CASES) - passed
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
