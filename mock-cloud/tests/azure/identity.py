#!/usr/bin/env python3
"""Judges mock-cloud's Azure by azure-identity and PyJWT as they come from PyPI.

    pip install azure-identity
    python3 identity.py "$READY"

`READY` is the line of JSON that the program mock-cloud prints when it serves its built-in world. The environment in it
and the certificate authority are all that the clients are told. The last line is `N passed, N failed`; the exit status is
1 when anything failed.
"""

import json
import logging
import os
import sys
import tempfile
import traceback
import urllib.request

READY = json.loads(sys.argv[1])
URL = READY["url"]

for name in [name for name in os.environ if name.lower().startswith(("azure_", "http", "no_proxy", "identity_", "msi_"))]:
    del os.environ[name]
os.environ.update(READY["environment"], REQUESTS_CA_BUNDLE=READY["ca_file"])

import jwt  # noqa: E402
from azure.core.exceptions import ClientAuthenticationError  # noqa: E402
from azure.identity import (  # noqa: E402
    ClientAssertionCredential,
    CredentialUnavailableError,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

TENANT = "11111111-2222-4333-8444-555555555555"
NODE_POOL = "22222222-3333-4444-8555-666666666666"
NODE_POOL_OBJECT = "33333333-4444-4555-8666-777777777777"
APPLICATION = "44444444-5555-4666-8777-888888888888"
PRINCIPAL = "66666666-7777-4888-8999-aaaaaaaaaaaa"
EXCHANGE = "api://AzureADTokenExchange"
# The application of Entra itself that is the audience of a managed identity's client assertion.
ENTRA_EXCHANGE = "fb60f99c-7a34-4190-8149-302f77469936"
OWN = f"{APPLICATION}/.default"
AUTHORITY = os.environ["AZURE_AUTHORITY_HOST"]
CASES = []


def case(function):
    CASES.append(function)
    return function


def control(path, document):
    """Asks a control path of the mock."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{URL}/__mock/{path}", json.dumps(document).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def pod_token(name, audience=EXCHANGE):
    request = {"audiences": [audience], "pod": {"name": "web-0"}}
    return control(f"kubernetes/serviceaccounts/default/{name}/token", request)["token"]


def claims(token, issuer, audience):
    """The claims of a token, verified with the keys that the issuer's discovery document leads to."""
    with urllib.request.urlopen(f"{issuer.rstrip('/')}/.well-known/openid-configuration") as answer:
        document = json.load(answer)
    assert document["issuer"] == issuer, document
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    return jwt.decode(token, key.key, algorithms=["RS256"], issuer=issuer, audience=audience)


def v1():
    return f"{URL}/{TENANT}/"


def v2():
    return f"{URL}/{TENANT}/v2.0"


def managed(**choice):
    return ManagedIdentityCredential(**choice)


def application(assertion, tenant=TENANT, client_id=APPLICATION):
    return ClientAssertionCredential(
        tenant, client_id, lambda: assertion, authority=AUTHORITY, disable_instance_discovery=True
    )


def refused(expected, credential, scope, *words):
    """The message of the error of a class that a credential must raise."""
    try:
        credential.get_token(scope)
    except expected as error:
        assert type(error) is expected, type(error)
        for word in words:
            assert word in str(error), (word, str(error))
        return error
    raise AssertionError(f"no {expected}")


@case
def a_managed_identity_has_a_token_of_form_2_for_an_application():
    token = managed(client_id=NODE_POOL).get_token(f"api://{APPLICATION}/.default").token
    found = claims(token, v2(), APPLICATION)
    assert (found["oid"], found["azp"], found["ver"]) == (NODE_POOL_OBJECT, NODE_POOL, "2.0"), found


@case
def a_managed_identity_has_a_token_of_form_1_for_the_resource_manager():
    token = managed().get_token("https://management.azure.com//.default").token
    found = claims(token, v1(), "https://management.azure.com/")
    assert (found["appid"], found["idp"], found["ver"]) == (NODE_POOL, v1(), "1.0"), found


@case
def a_managed_identity_is_chosen_by_its_object_id_and_its_resource_id():
    first = claims(managed(client_id=NODE_POOL).get_token(EXCHANGE + "/.default").token, v2(), ENTRA_EXCHANGE)
    for choice in [{"object_id": NODE_POOL_OBJECT}, {"resource_id": first["xms_mirid"]}]:
        found = claims(managed(identity_config=choice).get_token(EXCHANGE + "/.default").token, v2(), ENTRA_EXCHANGE)
        assert found["oid"] == NODE_POOL_OBJECT, (choice, found)


@case
def an_identity_that_is_not_assigned_is_unavailable():
    other = managed(client_id="00000000-0000-4000-8000-000000000000")
    refused(CredentialUnavailableError, other, f"api://{APPLICATION}/.default", "Identity not found")


@case
def a_managed_identity_becomes_the_application():
    assertion = managed(client_id=NODE_POOL).get_token(f"{EXCHANGE}/.default").token
    token = application(assertion).get_token(OWN)
    found = claims(token.token, v2(), APPLICATION)
    assert (found["oid"], found["azp"], found["tid"]) == (PRINCIPAL, APPLICATION, TENANT), found
    assert abs(token.expires_on - found["exp"]) < 10, (token.expires_on, found)


@case
def a_workload_becomes_the_application_over_tls():
    with tempfile.NamedTemporaryFile("w", suffix=".token") as file:
        file.write(pod_token("app"))
        file.flush()
        credential = WorkloadIdentityCredential(
            tenant_id=TENANT,
            client_id=APPLICATION,
            token_file_path=file.name,
            authority=AUTHORITY,
            disable_instance_discovery=True,
        )
        found = claims(credential.get_token(OWN).token, v2(), APPLICATION)
    assert found["sub"] == PRINCIPAL, found


@case
def a_workload_that_no_credential_names_is_refused_with_its_code():
    error = refused(ClientAuthenticationError, application(pod_token("plain")), OWN, "AADSTS700213", "default:plain")
    assert error.response.status_code == 401, error.response
    body = json.loads(error.response.text())
    assert (body["error"], body["error_codes"]) == ("invalid_client", [700213]), body


@case
def an_assertion_for_another_audience_is_refused_with_its_code():
    refused(ClientAuthenticationError, application(pod_token("app", "vault")), OWN, "AADSTS700212", "'vault'")


@case
def an_application_that_is_none_is_refused_with_its_code():
    other = "00000000-5555-4666-8777-888888888888"
    error = refused(ClientAuthenticationError, application(pod_token("app"), client_id=other), OWN, "AADSTS700016", other)
    assert error.response.status_code == 400, error.response


@case
def a_tenant_that_is_none_has_no_discovery_document():
    tenant = "99999999-2222-4333-8444-555555555555"
    try:
        application(pod_token("app"), tenant=tenant).get_token(OWN)
    except (ClientAuthenticationError, ValueError) as error:
        assert tenant in str(error) or "AADSTS90002" in str(error), error
    else:
        raise AssertionError("a token of no tenant")


@case
def a_resource_that_is_none_is_refused_with_its_code():
    refused(ClientAuthenticationError, application(pod_token("app")), "api://none/.default", "AADSTS500011", "api://none")


@case
def a_token_of_one_form_is_not_verified_as_the_other():
    token = managed().get_token("https://management.azure.com//.default").token
    try:
        claims(token, v2(), "https://management.azure.com/")
    except jwt.InvalidIssuerError:
        return
    raise AssertionError("a token of form 1 passed as one of form 2")


def run(function):
    try:
        function()
    except Exception:
        print(f"failed: {function.__name__}\n{traceback.format_exc()}", file=sys.stderr)
        return False
    return True


def main():
    # Half of the cases are refusals, which azure-identity would log.
    logging.disable(logging.CRITICAL)
    verdicts = [run(function) for function in CASES]
    print(f"{verdicts.count(True)} passed, {verdicts.count(False)} failed")
    return 1 if False in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
