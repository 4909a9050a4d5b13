#!/usr/bin/env python3
"""Reads the metrics of real pulls through a real node_exporter with a real Prometheus.

The release provider pulls against the release mocks and writes its textfile, Debian's prometheus-node-exporter serves
it, Debian's prometheus scrapes that, and every query of the dashboard is answered without an error and not with nothing.

Usage: prometheus.py DIRECTORY-OF-RELEASE-BINARIES

Ends with 77 and a sentence where one of the two programs is missing.
"""

import contextlib
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

PROGRAMS = ("prometheus", "prometheus-node-exporter")
DASHBOARD = pathlib.Path(__file__).resolve().parents[2] / "charts/dashboards/artifactory-credential-provider.json"
# What Grafana puts into a query.
VARIABLES = {"$__rate_interval": "1m", "$instance": ".*"}
PATIENCE = 60


class Checks:
    """What held and what did not."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, name, holds, found=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL  {name}: {found}", flush=True)


def start(*command):
    """Starts a mock and waits for its one line that says it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] is True, ready
    return process, ready


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answered:
        return answered.read().decode()


def until(what, holds):
    """What `holds` gives, once that is something; services come up in their own time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            if found := holds():
                return found
        time.sleep(0.2)
    sys.exit(f"{what}: not within {PATIENCE} s")


def pull(provider, environment, image):
    """One request of the kubelet; the exit code."""
    request = {"kind": "CredentialProviderRequest", "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "image": image}
    done = subprocess.run([provider], input=json.dumps(request), env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode


def serve(work, textfile):
    """The two programs, on ports of their own; Prometheus' address."""
    exporter, prometheus = (f"127.0.0.1:{free_port()}" for _ in PROGRAMS)
    scrape = {"job_name": "node", "scrape_interval": "1s", "static_configs": [{"targets": [exporter]}]}
    config = work / "prometheus.yml"
    # JSON is YAML.
    config.write_text(json.dumps({"scrape_configs": [scrape]}))
    collect = ("--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={textfile.parent}")
    data = (f"--config.file={config}", f"--storage.tsdb.path={work / 'data'}")
    commands = (
        ("prometheus-node-exporter", f"--web.listen-address={exporter}", *collect),
        ("prometheus", f"--web.listen-address={prometheus}", *data),
    )
    log = (work / "log").open("w")
    processes = [subprocess.Popen(it, stdin=subprocess.DEVNULL, stdout=log, stderr=log) for it in commands]
    return processes, f"http://{exporter}/metrics", f"http://{prometheus}/api/v1/query?query="


def answered(api, query):
    """The result of a query, with the variables that Grafana knows filled in."""
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    try:
        reply = json.loads(fetch(api + urllib.parse.quote(query)))
    except urllib.error.HTTPError as error:
        return error.read().decode()
    return reply["data"]["result"]


def queries():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]


def check(checks, provider, environment, host, work):
    """Pulls, and asks for what they have come to."""
    textfile = work / "textfile/pulls.prom"
    textfile.parent.mkdir()
    environment = {
        **environment,
        "cloud_provider": "azure",
        "ARTIFACTORY_CREDENTIAL_PROVIDER_METRICS_FILE": str(textfile),
        "ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT": str(work),
    }
    (work / "run").mkdir()
    image = f"{host}/docker-local/hello"
    broken = {**environment, "jfrog_oidc_provider_name": "nobody"}

    def pulls():
        return [pull(provider, environment, image), pull(provider, broken, image)]

    checks.that("a pull that succeeds and one that fails", pulls() == [0, 5])
    until("the textfile", lambda: textfile.exists() and 'outcome="failed"' in textfile.read_text())
    processes, exporter, api = serve(work, textfile)
    try:
        read = until("node_exporter", lambda: fetch(exporter))
        checks.that("node_exporter reads the file", "node_textfile_scrape_error 0" in read, read)
        lines = [line for line in textfile.read_text().splitlines() if line.startswith("# TYPE ")]
        checks.that("node_exporter serves every family", all(line in read for line in lines), lines)
        count = 'sum(credential_provider_pulls_total{outcome="failed"})'
        until("Prometheus", lambda: answered(api, count))
        # What grows while it is watched has a rate.
        checks.that("two more pulls", pulls() == [0, 5])
        until("the second pull that failed", lambda: answered(api, count)[0]["value"][1] == "2")
        for title, query in queries():
            found = answered(api, query)
            numbers = isinstance(found, list) and [float(it["value"][1]) for it in found]
            checks.that(f"{title}: {query}", numbers and all(number == number for number in numbers), found)
        share = answered(api, dict(queries())["Failed"])
        checks.that("half of the pulls failed", share and float(share[0]["value"][1]) == 0.5, share)
    finally:
        for process in processes:
            process.terminate()
            process.wait(30)


def main():
    if missing := [program for program in PROGRAMS if not shutil.which(program)]:
        print(f"skip  the metrics: {' and '.join(missing)} is not installed")
        sys.exit(77)
    binaries, checks = pathlib.Path(sys.argv[1]), Checks()
    cloud, cloud_ready = start(binaries / "mock-cloud")
    artifactory, ready = start(binaries / "mock-artifactory", "--trust", cloud_ready["url"])
    try:
        environment = {**cloud_ready["environment"], **ready["environment"], "SSL_CERT_FILE": ready["ca_file"]}
        with tempfile.TemporaryDirectory() as work:
            provider = binaries / "artifactory-credential-provider"
            check(checks, provider, environment, environment["artifactory_url"], pathlib.Path(work))
    finally:
        for process in (artifactory, cloud):
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0, "a mock did not end well on SIGTERM"
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


main()
