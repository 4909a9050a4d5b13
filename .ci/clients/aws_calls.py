#!/usr/bin/env python3
"""The release provider's own calls to AWS, answered by moto as it comes: a second opinion on their wire format.

moto keeps user pools, secrets and roles but checks no signature and knows no token endpoint, and the credentials it
gives are no mock-cloud's. So the metadata service, the token endpoint and Artifactory's STS stay mock-cloud's: the pull
through Cognito ends with a credential, the one through a foreign role with Artifactory's refusal of the role that moto
gave. The last line is `N passed, N failed`; the exit status is 1 when anything failed.

    pip install boto3 'moto[server]'
    aws_calls.py DIRECTORY-OF-RELEASE-BINARIES
"""

import json
import logging
import os
import pathlib
import signal
import subprocess
import sys

import boto3
from moto.server import ThreadedMotoServer

IMAGE = "docker-local/hello"
REGION = "us-east-1"
KEYS = {"region_name": REGION, "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "moto-takes-any-key"}
FOREIGN_ROLE = "arn:aws:iam::444455556666:role/cross-account-pull"


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def judge(self, name, held, seen):
        if held:
            self.passed += 1
            print(f"pass  {name}")
        else:
            self.failed += 1
            print(f"FAIL  {name}: {seen}")


def start(*command):
    """Starts a mock and waits for its one line that says it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    return process, json.loads(process.stdout.readline())


def instance_session(url):
    """boto3 on the role of mock-cloud's instance, at mock-cloud's services."""
    os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = url
    return boto3.session.Session(region_name=REGION)


def copy_user_pool(url, moto):
    """Makes in moto what mock-cloud's world has, with filler before it so that the lists have several pages."""
    secret = instance_session(url).client("secretsmanager", endpoint_url=url).get_secret_value(SecretId="artifactory/cognito")
    boto3.client("secretsmanager", endpoint_url=moto, **KEYS).create_secret(
        Name="artifactory/cognito", SecretString=secret["SecretString"])
    cognito = boto3.client("cognito-idp", endpoint_url=moto, **KEYS)
    for number in range(65):
        cognito.create_user_pool(PoolName=f"filler-{number}")
    pool = cognito.create_user_pool(PoolName="artifactory-pool")["UserPool"]["Id"]
    cognito.create_user_pool_domain(Domain="artifactory-demo", UserPoolId=pool)
    for number in range(55):
        cognito.create_resource_server(UserPoolId=pool, Identifier=f"filler-{number}", Name=f"filler {number}", Scopes=[])
    scopes = [{"ScopeName": "pull", "ScopeDescription": "pull images"}]
    cognito.create_resource_server(UserPoolId=pool, Identifier="artifactory", Name="artifactory", Scopes=scopes)


def pull(provider, environment):
    request = {
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": f"{environment['artifactory_url']}/{IMAGE}",
    }
    return subprocess.run([provider], input=json.dumps(request), env=environment, capture_output=True, text=True, timeout=60)


def judge_cognito(tally, provider, environment, moto):
    environment = {
        **environment, "aws_auth_method": "cognito_oidc", "secret_name": "artifactory/cognito",
        "user_pool_name": "artifactory-pool", "resource_server_name": "artifactory", "user_pool_resource_scope": "pull",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": moto, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": moto,
    }
    done = pull(provider, environment)
    held = done.returncode == 0 and "aws-cognito-puller" in done.stdout
    tally.judge("a pull on a user pool of moto's", held, done.stderr or done.stdout)
    for variable, words in (
        ("secret_name", "ResourceNotFoundException"),
        ("user_pool_name", "user pools in us-east-1 is named `none`"),
        ("resource_server_name", "is named `none`"),
    ):
        done = pull(provider, {**environment, variable: "none"})
        refused = done.returncode == 4 and words in done.stderr and not done.stdout
        tally.judge(f"a {variable} that is not moto's", refused, done.stderr or done.stdout)


def judge_foreign_role(tally, provider, environment, moto):
    done = pull(provider, {
        **environment, "aws_auth_method": "assume_external_role", "aws_external_role_arn": FOREIGN_ROLE,
        "AWS_ENDPOINT_URL_STS": moto,
    })
    refused = done.returncode == 5 and "failed to exchange the proof" in done.stderr and not done.stdout
    tally.judge("moto's AssumeRole is understood, and Artifactory refuses its credentials", refused, done.stderr or done.stdout)


def main():
    binaries = pathlib.Path(sys.argv[1])
    provider = binaries / "artifactory-credential-provider"
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto_server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto_server.start()
    moto = "http://{}:{}".format(*moto_server.get_host_and_port())
    cloud, cloud_ready = start(binaries / "mock-cloud")
    artifactory, artifactory_ready = start(binaries / "mock-artifactory", "--trust", cloud_ready["url"])
    tally = Tally()
    try:
        copy_user_pool(cloud_ready["url"], moto)
        environment = {
            **cloud_ready["environment"], **artifactory_ready["environment"],
            "SSL_CERT_FILE": artifactory_ready["ca_file"], "cloud_provider": "aws",
        }
        judge_cognito(tally, provider, environment, moto)
        judge_foreign_role(tally, provider, environment, moto)
    finally:
        for process in (cloud, artifactory):
            process.send_signal(signal.SIGTERM)
            process.wait()
        moto_server.stop()
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
