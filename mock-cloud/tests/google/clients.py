#!/usr/bin/env python3
"""Judges mock-cloud's Google Cloud by google-auth, and every issuer by PyJWT, as they come from PyPI.

    pip install google-auth requests 'pyjwt[crypto]'
    python3 clients.py "$READY"

`READY` is the line of JSON that the program mock-cloud prints when it serves its built-in world. The environment in it
is all that google-auth is told of the metadata server; the addresses of the other services stand where its own
configuration has them. The last line is `N passed, N failed`; the exit status is 1 when anything failed.
"""

import json
import os
import sys
import tempfile
import traceback
import urllib.request

READY = json.loads(sys.argv[1])
os.environ.update(READY["environment"])
os.environ["GCE_METADATA_IP"] = os.environ["GCE_METADATA_HOST"]  # where google-auth looks whether there is a server

import jwt
import google.auth.exceptions
import google.auth.iam
from google.auth import compute_engine, identity_pool, impersonated_credentials
from google.auth.compute_engine import _metadata
from google.auth.transport.requests import Request

URL = READY["url"]
NODE = "artifactory-pull@artifactory-demo.iam.gserviceaccount.com"
IMAGES = "images@artifactory-demo.iam.gserviceaccount.com"
DELEGATED = "delegated@artifactory-demo.iam.gserviceaccount.com"
DELEGATE = "images-delegate@artifactory-demo.iam.gserviceaccount.com"
PROVIDER = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/demo"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
CASES = []

# The one address that google-auth has as a constant and no configuration for.
google.auth.iam._IAM_IDTOKEN_ENDPOINT = f"{URL}/v1/projects/-/serviceAccounts/{{}}:generateIdToken"


def case(function):
    CASES.append(function)
    return function


def control(path, document=None):
    """Asks a control path of the mock."""
    body = None if document is None else json.dumps(document).encode()
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/__mock/{path}", body, headers)) as answer:
        return json.load(answer)


def raised(expected, call, *arguments, **named):
    """The error of exactly this class that a call must raise."""
    try:
        call(*arguments, **named)
    except expected as error:
        assert type(error) is expected, type(error)
        return error
    raise AssertionError(f"no {expected}")


def issuer(name):
    """An issuer's name, and its keys as discovery leads to them."""
    url = control("trust")["issuers"][name]
    with urllib.request.urlopen(url.rstrip("/") + "/.well-known/openid-configuration") as answer:
        document = json.load(answer)
    assert document["issuer"] == url, document
    return url, jwt.PyJWKClient(document["jwks_uri"], cache_keys=False)


def verified(token, name, audience):
    """The claims of a token that PyJWT finds to be right."""
    url, keys = issuer(name)
    return jwt.decode(
        token, keys.get_signing_key_from_jwt(token).key, ["RS256"], audience=audience, issuer=url,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )


def pod_token(account, audience):
    request = {"audiences": [audience], "pod": {"name": "web-0"}}
    return control(f"kubernetes/serviceaccounts/default/{account}/token", request)["token"]


def node():
    return compute_engine.Credentials(scopes=SCOPES)


def impersonated(account, delegates=None):
    target = impersonated_credentials.Credentials(
        source_credentials=node(), target_principal=account, target_scopes=SCOPES, delegates=delegates or [],
        iam_endpoint_override=f"{URL}/v1/projects/-/serviceAccounts/{account}:generateAccessToken",
    )
    return impersonated_credentials.IDTokenCredentials(target, target_audience="artifactory", include_email=True)


def pool(token, audience=PROVIDER, account=IMAGES):
    """The credentials that gcloud's credentials file gives, and the file of the token, which must stay."""
    file = tempfile.NamedTemporaryFile("w", suffix=".token")
    file.write(token)
    file.flush()
    information = {
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{URL}/v1/token",
        "credential_source": {"file": file.name, "format": {"type": "text"}},
    }
    if account:
        base = f"{URL}/v1/projects/-/serviceAccounts/{account}"
        information["service_account_impersonation_url"] = f"{base}:generateAccessToken"
    return identity_pool.Credentials.from_info(information, scopes=SCOPES), file


@case
def the_metadata_server_is_found_and_read():
    request = Request()
    assert _metadata.ping(request) and _metadata.is_on_gce(request)
    assert _metadata.get_project_id(request) == "artifactory-demo"
    assert _metadata.get_universe_domain(request) == "googleapis.com"
    information = _metadata.get_service_account_info(request)
    assert information["email"] == NODE and information["aliases"] == ["default"], information
    assert information["scopes"] == SCOPES, information
    everything = _metadata.get(request, "instance/", recursive=True)
    assert everything["id"] == 4520031799277581759 and NODE in everything["serviceAccounts"], everything


@case
def what_the_metadata_server_refuses_is_a_transport_error():
    error = raised(google.auth.exceptions.TransportError, _metadata.get, Request(), "instance/none", retry_count=1)
    assert "404" in str(error), error


@case
def the_instances_account_has_access_tokens_and_id_tokens():
    credentials = node()
    credentials.refresh(Request())
    assert credentials.token.startswith("ya29.") and credentials.service_account_email == NODE
    identity = compute_engine.IDTokenCredentials(Request(), "artifactory", use_metadata_identity_endpoint=True)
    identity.refresh(Request())
    claims = verified(identity.token, "google", "artifactory")
    assert claims["email"] == NODE and claims["email_verified"] is True, claims
    assert claims["google"]["compute_engine"]["project_id"] == "artifactory-demo", claims


@case
def an_account_that_is_not_the_instances_is_a_refresh_error():
    credentials = compute_engine.Credentials(service_account_email=IMAGES, scopes=SCOPES)
    error = raised(google.auth.exceptions.RefreshError, credentials.refresh, Request())
    assert "404" in str(error), error
    identity = compute_engine.IDTokenCredentials(Request(), "", use_metadata_identity_endpoint=True)
    error = raised(google.auth.exceptions.RefreshError, identity.refresh, Request())
    assert "400" in str(error), error


@case
def the_instances_account_acts_as_another():
    credentials = impersonated(IMAGES)
    credentials.refresh(Request())
    assert verified(credentials.token, "google", "artifactory")["email"] == IMAGES
    delegated = impersonated(DELEGATED, [f"projects/-/serviceAccounts/{DELEGATE}"])
    delegated.refresh(Request())
    assert verified(delegated.token, "google", "artifactory")["email"] == DELEGATED


@case
def whom_the_instances_account_may_not_act_as_is_a_refresh_error_with_the_permission():
    error = raised(google.auth.exceptions.RefreshError, impersonated(DELEGATED).refresh, Request())
    assert "IAM_PERMISSION_DENIED" in str(error) and "iam.serviceAccounts.getOpenIdToken" in str(error), error
    error = raised(google.auth.exceptions.RefreshError, impersonated("nobody@demo.iam").refresh, Request())
    assert "Gaia id not found for email nobody@demo.iam" in str(error), error
    error = raised(google.auth.exceptions.RefreshError, impersonated(DELEGATED, [DELEGATE]).refresh, Request())
    assert "INVALID_ARGUMENT" in str(error), error


@case
def a_pods_token_becomes_a_federated_one_and_the_accounts():
    federated, file = pool(pod_token("app", "google-sts"), account=None)
    with file:
        federated.refresh(Request())
    assert federated.token.startswith("ya29.d.") and federated.valid, federated.token
    credentials, file = pool(pod_token("app", "google-sts"))
    with file:
        credentials.refresh(Request())
    assert credentials.token.startswith("ya29.c.") and credentials.valid
    assert credentials.service_account_email == IMAGES


@case
def what_the_security_token_service_refuses_is_an_oauth_error():
    wrong = PROVIDER.replace("demo", "other")
    for token, audience, code in [
        (pod_token("app", "vault"), PROVIDER, "invalid_grant"),
        (pod_token("app", "google-sts"), wrong, "invalid_target"),
        (pod_token("app", "google-sts"), "demo", "invalid_request"),
    ]:
        credentials, file = pool(token, audience)
        with file:
            error = raised(google.auth.exceptions.OAuthError, credentials.refresh, Request())
        assert f"Error code {code}:" in str(error), error


@case
def a_pod_that_may_not_act_as_the_account_is_a_refresh_error():
    credentials, file = pool(pod_token("plain", "google-sts"))
    with file:
        error = raised(google.auth.exceptions.RefreshError, credentials.refresh, Request())
    assert "Permission 'iam.serviceAccounts.getAccessToken' denied" in error.args[1], error


@case
def every_issuers_tokens_are_verified_by_pyjwt():
    for name in control("trust")["issuers"]:
        claims = {"sub": "somebody", "aud": "artifactory"}
        token = control(f"issuers/{name}/tokens", claims)["token"]
        assert verified(token, name, "artifactory")["sub"] == "somebody", name


@case
def what_is_wrong_with_a_token_has_its_own_class():
    token = pod_token("app", "artifactory")
    assert verified(token, "kubernetes", "artifactory")["sub"] == "system:serviceaccount:default:app"
    raised(jwt.InvalidAudienceError, verified, token, "kubernetes", "vault")
    foreign = control("issuers/kubernetes/tokens", {"sub": "x", "aud": "a", "iss": "https://elsewhere.test"})["token"]
    raised(jwt.InvalidIssuerError, verified, foreign, "kubernetes", "a")
    old = control("issuers/kubernetes/tokens", {"sub": "x", "aud": "a", "iat": 1, "nbf": 1, "exp": 2})["token"]
    raised(jwt.ExpiredSignatureError, verified, old, "kubernetes", "a")
    forged = token[: token.rindex(".") + 1] + old[old.rindex(".") + 1 :]
    raised(jwt.InvalidSignatureError, verified, forged, "kubernetes", "artifactory")


@case
def a_rotated_key_is_found_and_a_retired_one_is_not():
    before = pod_token("app", "artifactory")
    control("issuers/kubernetes/rotate", {})
    after = pod_token("app", "artifactory")
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    for token in (before, after):
        verified(token, "kubernetes", "artifactory")
    control("issuers/kubernetes/retire", {})
    verified(after, "kubernetes", "artifactory")
    raised(jwt.PyJWKClientError, verified, before, "kubernetes", "artifactory")


def main():
    failed = 0
    for function in CASES:
        try:
            function()
            print(f"pass {function.__name__}")
        except Exception:  # any failure is a finding
            failed += 1
            print(f"FAIL {function.__name__}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
