#!/usr/bin/env python3
"""Pulls with real clients on credentials that the release provider issued, one identity after another.

Starts the release mocks as programs, asks the release provider as the kubelet does, and gives each credential to
skopeo.sh and containerd.sh beside this file. A client that is not installed is a visible skip.

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

CLIENTS = {"skopeo": "skopeo.sh", "containerd": "containerd.sh"}
IMAGE = "docker-local/hello:1"


def start(*command):
    """Starts a mock and waits for its one line that says it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] is True, ready
    return process, ready


def answer(provider, environment, host, arguments=()):
    """One request of the kubelet; the registry's user name and password."""
    request = {
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": f"{host}/{IMAGE.split(':')[0]}",
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
            config = pathlib.Path(work, "config.yaml")
            config.write_text(
                f"routes: [{{matchImages: ['{host}'], static: {{username: static-puller, password: static-password}}}}]"
            )
            for identity in ("aws", "azure", "google", "static"):
                arguments = ("--config", config) if identity == "static" else ()
                variables = environment if identity == "static" else {**environment, "cloud_provider": identity}
                username, password = answer(binaries / "artifactory-credential-provider", variables, host, arguments)
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
