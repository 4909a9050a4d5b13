#!/usr/bin/env python3
"""Judges mock-cloud's EKS Pod Identity agent, Secrets Manager and Cognito by boto3 as it comes from PyPI.

    pip install boto3
    python3 services.py "$READY"

`READY` is the line of JSON that the program mock-cloud prints when it serves its built-in world. The environment in it
is all that boto3 is told. The last line is `N passed, N failed`; the exit status is 1 when anything failed.
"""

import contextlib
import json
import os
import ssl
import sys
import tempfile
import traceback
import urllib.error
import urllib.parse
import urllib.request

import boto3
import botocore.exceptions

READY = json.loads(sys.argv[1])
URL = READY["url"]
POOL = "us-east-1_Artifacts"
CASES = []


def case(function):
    CASES.append(function)
    return function


def control(path, document=None):
    """Asks a control path of the mock."""
    body = None if document is None else json.dumps(document).encode()
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/__mock/{path}", body, headers)) as answer:
        return json.load(answer)


def service_account_token(name, audience, pod="web-0"):
    request = {"audiences": [audience], "pod": {"name": pod}}
    return control(f"kubernetes/serviceaccounts/default/{name}/token", request)["token"]


@contextlib.contextmanager
def pod(token):
    """The environment that EKS gives to a pod with an association."""
    with tempfile.NamedTemporaryFile("w", suffix=".token") as file:
        file.write(token)
        file.flush()
        added = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": control("trust")["pod_identity"],
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file.name,
        }
        os.environ.update(added)
        try:
            yield
        finally:
            for name in added:
                del os.environ[name]


def client(service, session=None):
    return (session or boto3.Session()).client(service)


def raised(expected, call, **arguments):
    """The message of the error of a class that a call must raise."""
    try:
        call(**arguments)
    except expected as error:
        return str(error)
    raise AssertionError(f"no {expected}")


@case
def the_default_chain_finds_the_role_of_the_instance():
    session = boto3.Session()
    assert session.get_credentials().method == "iam-role", session.get_credentials().method
    identity = client("sts", session).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0", identity


@case
def the_default_chain_finds_the_role_of_the_pod_by_the_agent():
    with pod(service_account_token("pod-identity", "pods.eks.amazonaws.com", "deployment-7d4b9c5f8-abcde")):
        session = boto3.Session()
        credentials = session.get_credentials()
        assert credentials.method == "container-role", credentials.method
        assert credentials.get_frozen_credentials().token
        identity = client("sts", session).get_caller_identity()
    start = "arn:aws:sts::111122223333:assumed-role/pod-identity-pull/eks-artifactor-deployment-"
    assert identity["Arn"].startswith(start), identity
    assert identity["Account"] == "111122223333", identity


@case
def the_agent_is_not_had_with_the_token_of_another_audience():
    with pod(service_account_token("pod-identity", "sts.amazonaws.com")):
        message = raised(botocore.exceptions.CredentialRetrievalError, boto3.Session().get_credentials)
    assert "response 400" in message and "(InvalidTokenException): " in message, message


@case
def the_agent_is_not_had_by_a_service_account_without_an_association():
    with pod(service_account_token("plain", "pods.eks.amazonaws.com")):
        message = raised(botocore.exceptions.CredentialRetrievalError, boto3.Session().get_credentials)
    assert "response 404" in message and "no service account role association" in message, message


@case
def a_secret_is_read_by_name_and_by_arn():
    secrets = client("secretsmanager")
    secret = secrets.get_secret_value(SecretId="artifactory/cognito")
    value = json.loads(secret["SecretString"])
    assert sorted(value) == ["client-id", "client-secret"], sorted(value)
    assert secret["VersionStages"] == ["AWSCURRENT"] and secret["CreatedDate"].year > 2000, secret
    again = secrets.get_secret_value(SecretId=secret["ARN"], VersionId=secret["VersionId"])
    assert again["SecretString"] == secret["SecretString"]


@case
def a_secret_that_is_none_is_a_resource_not_found():
    secrets = client("secretsmanager")
    message = raised(secrets.exceptions.ResourceNotFoundException, secrets.get_secret_value, SecretId="none")
    assert message.endswith("Secrets Manager can't find the specified secret."), message


@case
def a_role_that_may_not_read_a_secret_is_denied():
    with pod(service_account_token("pod-identity", "pods.eks.amazonaws.com")):
        secrets = client("secretsmanager")
        try:
            secrets.get_secret_value(SecretId="artifactory/cognito")
        except botocore.exceptions.ClientError as error:
            answer = error.response
        else:
            raise AssertionError("the secret was read")
    assert answer["Error"]["Code"] == "AccessDeniedException", answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400, answer
    assert "is not authorized to perform: secretsmanager:GetSecretValue on resource: artifactory/cognito" in answer["Error"]["Message"]


@case
def a_key_that_is_none_is_an_unrecognized_client():
    session = boto3.Session("ASIAAAAAAAAAAAAAAAAA", "guess", "guess")
    for service, call, arguments in [
        ("secretsmanager", "get_secret_value", {"SecretId": "artifactory/cognito"}),
        ("cognito-idp", "list_user_pools", {"MaxResults": 1}),
    ]:
        message = raised(botocore.exceptions.ClientError, getattr(client(service, session), call), **arguments)
        assert "(UnrecognizedClientException)" in message, message


@case
def user_pools_come_in_pages():
    pages = client("cognito-idp").get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 1})
    pages = [[pool["Name"] for pool in page["UserPools"]] for page in pages]
    assert pages == [["employees"], ["artifactory-pool"], ["partners"]], pages
    whole = client("cognito-idp").list_user_pools(MaxResults=60)
    assert len(whole["UserPools"]) == 3 and "NextToken" not in whole, whole


@case
def a_pool_has_its_domain():
    pool = client("cognito-idp").describe_user_pool(UserPoolId=POOL)["UserPool"]
    assert pool["Domain"] == "artifactory-demo" and "CustomDomain" not in pool, pool
    assert pool["Arn"] == f"arn:aws:cognito-idp:us-east-1:111122223333:userpool/{POOL}", pool


@case
def resource_servers_come_in_pages():
    paginator = client("cognito-idp").get_paginator("list_resource_servers")
    pages = list(paginator.paginate(UserPoolId=POOL, PaginationConfig={"PageSize": 1}))
    servers = [server for page in pages for server in page["ResourceServers"]]
    assert len(pages) == 2, pages
    scopes = {server["Identifier"]: [scope["ScopeName"] for scope in server["Scopes"]] for server in servers}
    assert scopes == {"billing": ["read"], "artifactory": ["pull"]}, scopes


@case
def errors_of_cognito_are_its_own_exceptions():
    cognito = client("cognito-idp")
    for expected, call, arguments, end in [
        (cognito.exceptions.ResourceNotFoundException, cognito.describe_user_pool,
         {"UserPoolId": "us-east-1_Nobody000"}, "User pool us-east-1_Nobody000 does not exist."),
        (cognito.exceptions.InvalidParameterException, cognito.list_user_pools,
         {"MaxResults": 61}, "Member must have value less than or equal to 60"),
        (cognito.exceptions.InvalidParameterException, cognito.list_user_pools,
         {"MaxResults": 1, "NextToken": "none"}, "Invalid pagination token given."),
    ]:
        message = raised(expected, call, **arguments)
        assert message.endswith(end), message


@case
def the_secret_gives_a_token_over_tls_whose_key_is_published():
    value = json.loads(client("secretsmanager").get_secret_value(SecretId="artifactory/cognito")["SecretString"])
    domain = client("cognito-idp").describe_user_pool(UserPoolId=POOL)["UserPool"]["Domain"]
    form = {
        "grant_type": "client_credentials",
        "client_id": value["client-id"],
        "client_secret": value["client-secret"],
        "scope": "artifactory/pull",
    }
    trusted = ssl.create_default_context(cafile=READY["ca_file"])

    def ask(form):
        url = f"{control('trust')['cognito']}/{domain}/oauth2/token"
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), context=trusted) as answer:
            return json.load(answer)

    token = ask(form)
    assert token["token_type"] == "Bearer" and token["expires_in"] == 3600, sorted(token)
    try:
        ask({**form, "client_secret": "guess"})
    except urllib.error.HTTPError as error:
        assert (error.code, json.load(error)) == (400, {"error": "invalid_client"})
    else:
        raise AssertionError("a token for a guess")


def run(function):
    try:
        function()
    except Exception:
        print(f"failed: {function.__name__}\n{traceback.format_exc()}", file=sys.stderr)
        return False
    return True


def main():
    for name in [name for name in os.environ if name.lower().startswith(("aws_", "http", "no_proxy"))]:
        del os.environ[name]
    # No file of this machine's user may say otherwise.
    os.environ.update(READY["environment"], AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    verdicts = [run(function) for function in CASES]
    print(f"{verdicts.count(True)} passed, {verdicts.count(False)} failed")
    return 1 if False in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
