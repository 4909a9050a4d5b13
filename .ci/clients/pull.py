#!/usr/bin/env python3
"""Pulls with real clients on credentials that the release provider issued, one identity after another.

Starts the release mocks as programs, asks the release provider as the kubelet does, for the node and for a pod, and
gives each credential to skopeo.sh and containerd.sh beside this file. A client that is not installed is a visible skip.

Usage: pull.py DIRECTORY-OF-RELEASE-BINARIES
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

CLIENTS = {"skopeo": "skopeo.sh", "containerd": "containerd.sh"}
IMAGE = "docker-local/hello:1"

CROSS_ACCOUNT = {
    "roleArn": "arn:aws:iam::444455556666:role/cross-account-pull",
    "externalId": "artifactory-external-id",
}
COGNITO = {"cloud_provider": "aws", "aws_auth_method": "cognito_oidc", "jfrog_oidc_provider_name": "cognito"}

# Per identity: whom it becomes, and what it changes of the mocks' environment, or the route of a file. An empty
# variable is as good as none; an external id has no variable.
IDENTITIES = {
    "aws": ("aws-puller", {"cloud_provider": "aws"}),
    "aws web identity": ("aws-web-identity-puller", {"cloud_provider": "aws"}),
    "aws cross-account role": ("aws-cross-account-puller", {"route": {"identity": {"awsExternalRole": CROSS_ACCOUNT}}}),
    "aws cognito": ("aws-cognito-puller", COGNITO),
    "azure": ("azure-puller", {"cloud_provider": "azure"}),
    "azure federated": ("azure-federated-puller", {"cloud_provider": "azure", "azure_auth_method": ""}),
    "google": ("mock-cloud/google-node", {"cloud_provider": "google"}),
    "static": ("static-puller", {"route": {"static": {"username": "static-puller", "password": "static-password"}}}),
}


def start(*command):
    """Starts a mock and waits for its one line that says it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] is True, ready
    return process, ready


def pod(cloud):
    """What the kubelet adds to its request for a pod that opts in to the role of its service account."""
    body = json.dumps({"audiences": ["sts.amazonaws.com"], "pod": {"name": "web-0"}}).encode()
    path = f"{cloud}/__mock/kubernetes/serviceaccounts/default/app/token"
    asked = urllib.request.Request(path, body, {"content-type": "application/json"})
    with urllib.request.urlopen(asked) as answered:
        token = json.load(answered)["token"]
    role = "arn:aws:iam::111122223333:role/web-identity-pull"
    annotations = {"JFrogExchange": "true", "eks.amazonaws.com/role-arn": role}
    return {"serviceAccountToken": token, "serviceAccountAnnotations": annotations}


def answer(provider, environment, host, arguments=(), workload=None):
    """One request of the kubelet; the registry's user name and password."""
    request = {
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": f"{host}/{IMAGE.split(':')[0]}",
        **(workload or {}),
    }
    done = subprocess.run(
        [provider, *arguments], input=json.dumps(request), env=environment, capture_output=True, text=True, timeout=60
    )
    if done.returncode != 0:
        sys.exit(f"the provider failed with {done.returncode}:\n{done.stderr}")
    entry = json.loads(done.stdout)["auth"][host]
    return entry["username"], entry["password"]


def main():
    binaries = pathlib.Path(sys.argv[1])
    here = pathlib.Path(__file__).parent
    cloud, cloud_ready = start(binaries / "mock-cloud")
    artifactory, artifactory_ready = start(binaries / "mock-artifactory", "--trust", cloud_ready["url"])
    passed = failed = skipped = 0
    try:
        environment = {
            **cloud_ready["environment"],
            **artifactory_ready["environment"],
            "SSL_CERT_FILE": artifactory_ready["ca_file"],
        }
        host = environment["artifactory_url"]
        with tempfile.TemporaryDirectory() as work:
            for identity, (expected, changes) in IDENTITIES.items():
                variables, arguments = {**environment, **changes}, ()
                if route := variables.pop("route", None):
                    target = {"matchImages": [host]} if "static" in route else {"artifactoryUrl": host}
                    # JSON is YAML.
                    config = pathlib.Path(work, "config.yaml")
                    config.write_text(json.dumps({"routes": [{**target, **route}]}))
                    arguments = ("--config", config)
                workload = pod(cloud_ready["url"]) if identity == "aws web identity" else None
                provider = binaries / "artifactory-credential-provider"
                username, password = answer(provider, variables, host, arguments, workload)
                if username != expected:
                    print(f"FAIL  the identity {identity} becomes {username}, not {expected}")
                    failed += 1
                for client, script in CLIENTS.items():
                    print(f"--- {client} on the identity {identity}, as {username}", flush=True)
                    if not shutil.which(client):
                        print(f"skip  {client} is not installed")
                        skipped += 1
                        continue
                    call = [here / script, host, artifactory_ready["ca_file"], IMAGE, username, password]
                    done = subprocess.run(["bash", *call], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
                    print(done.stdout, end="", flush=True)
                    counts = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.MULTILINE)
                    passed += int(counts[1]) if counts else 0
                    failed += int(counts[2]) if counts else 1
    finally:
        for process in (artifactory, cloud):
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0, "a mock did not end well on SIGTERM"
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


main()
