#!/usr/bin/env python3
"""Reads the pulls' traces back from a real Jaeger.

The demo runs once for each protocol of OTLP with its traces told to Jaeger. Its JSON report says what each identity asked;
the query API must have one trace a pull with exactly these requests, each below its step, and with what the mocks did for
them. Then a pull with a retry and one that fails are read back.

Usage: jaeger.py JAEGER CONFIG DIRECTORY-OF-BINARIES
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

STEPS = ["request", "route", "identity", "exchange", "response"]
failures, passed = [], 0


def check(what, holds, seen=""):
    global passed
    if holds:
        passed += 1
    else:
        failures.append(what)
        print(f"FAIL  {what}: {seen}")


def free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def until(what, look, patience=30):
    """What `look` answers, once that is something."""
    ended = time.monotonic() + patience
    while time.monotonic() < ended:
        try:
            if found := look():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(f"{what}: not within {patience} s")


class Jaeger:
    def __init__(self, program, config):
        self.query, query_grpc, self.http, self.grpc = free_ports(4)
        ports = {"QUERY_PORT": self.query, "QUERY_GRPC_PORT": query_grpc, "OTLP_HTTP_PORT": self.http, "OTLP_GRPC_PORT": self.grpc}
        environment = {**os.environ, **{name: str(port) for name, port in ports.items()}}
        self.process = subprocess.Popen([program, "--config", config], env=environment, stderr=subprocess.DEVNULL)
        until("Jaeger answers", lambda: get(f"http://127.0.0.1:{self.query}/api/services"))

    def traces(self, service, count):
        """The traces of a service's pulls, oldest first, once there are so many with their roots."""

        def look():
            found = get(f"http://127.0.0.1:{self.query}/api/traces?service={service}&limit=1000")["data"] or []
            pulls = [Trace(data) for data in found]
            pulls = sorted((trace for trace in pulls if trace.root), key=lambda trace: trace.root["startTime"])
            return pulls if len(pulls) >= count else None

        return until(f"{count} traces of {service}", look)

    def end(self):
        # It is not its end that is tested.
        self.process.kill()
        self.process.wait(20)


class Trace:
    def __init__(self, data):
        self.spans = sorted(data["spans"], key=lambda span: span["startTime"])
        self.services = {key: process["serviceName"] for key, process in data["processes"].items()}
        self.resource = {
            tag["key"]: tag["value"] for process in data["processes"].values() for tag in process["tags"]
        }
        own = {span["spanID"] for span in self.spans}
        roots = [span for span in self.spans if not any(it["spanID"] in own for it in span["references"])]
        self.root = roots[0] if [span["operationName"] for span in roots] == ["pull"] else None

    def below(self, parent):
        return [span for span in self.spans if any(it["spanID"] == parent["spanID"] for it in span["references"])]

    def steps(self):
        return self.below(self.root)

    def calls(self):
        """The requests of all steps, in order, and the span of each."""
        calls = [call for step in self.steps() for call in self.below(step)]
        return [(tags(call), call) for call in calls]


def hidden(path):
    """A path as it is told: zeros stand for what could be the number of an account."""
    return re.sub(r"(?<!\d)\d{12}(?!\d)", "0" * 12, path)


def tags(span):
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def demo(jaeger, binaries, protocol, root):
    port, with_mocks = (jaeger.grpc, False) if protocol == "grpc" else (jaeger.http, True)
    service = f"demo-{protocol.replace('/', '-')}"
    telemetry = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_SERVICE_NAME": service,
        "ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT": root,
    }
    command = [binaries / "conformance", "demo", "--json", "--provider", binaries / "artifactory-credential-provider"]
    done = subprocess.run(command, env={**os.environ, **telemetry}, capture_output=True, text=True, timeout=120)
    report = json.loads(done.stdout)
    check(f"{protocol}: the demo held", report["verdict"] == "held", done.stderr)
    traces = jaeger.traces(service, len(report["pulls"]))
    check(f"{protocol}: one trace a pull", len(traces) == len(report["pulls"]), len(traces))
    for pull, trace in zip(report["pulls"], traces):
        tree(f"{protocol}, {pull['identity']}", trace, pull, service, with_mocks)


def tree(what, trace, pull, service, with_mocks):
    steps = [span["operationName"] for span in trace.steps()]
    expected = [step for step in STEPS if step != "exchange" or pull["requests"]]
    check(f"{what}: the steps", steps == expected, steps)
    asked = [(own["http.request.method"], own["url.path"], own["http.response.status_code"]) for own, _ in trace.calls()]
    expected = [(request["method"], hidden(request["path"]), request["status"]) for request in pull["requests"]]
    check(f"{what}: the requests", asked == expected, f"{asked}, not {expected}")
    own = [span for span in trace.spans if trace.services[span["processID"]] == service]
    check(f"{what}: no other span", len(own) == 1 + len(steps) + len(asked), [span["operationName"] for span in own])
    check(f"{what}: no failure", not any(tags(span).get("error") for span in trace.spans))
    if with_mocks:
        # Metadata services are not told of the trace.
        served = [[trace.services[span["processID"]] for span in trace.below(call)] for _, call in trace.calls()]
        check(f"{what}: Artifactory's side", not asked or served[-1] == ["mock-artifactory"], served)


def start(*command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    return process, json.loads(process.stdout.readline())


def pull(jaeger, binaries, service, environment, root):
    """One pull of a node of Azure; the exit code."""
    telemetry = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{jaeger.http}",
        "OTEL_SERVICE_NAME": service,
        "OTEL_RESOURCE_ATTRIBUTES": "k8s.node.name=node-7",
        "ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT": root,
    }
    request = {
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": f"{environment['artifactory_url']}/docker-local/hello:1",
    }
    done = subprocess.run(
        [binaries / "artifactory-credential-provider"],
        input=json.dumps(request),
        env={**environment, **telemetry, "cloud_provider": "azure"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode


def fault(url, **fields):
    body = json.dumps(fields).encode()
    asked = urllib.request.Request(f"{url}/__mock/faults", body, {"content-type": "application/json"}, method="POST")
    urllib.request.urlopen(asked, timeout=5).close()


def retry_and_failure(jaeger, binaries, root):
    cloud, cloud_ready = start(binaries / "mock-cloud")
    artifactory, artifactory_ready = start(binaries / "mock-artifactory", "--trust", cloud_ready["url"])
    try:
        environment = {
            **cloud_ready["environment"],
            **artifactory_ready["environment"],
            "SSL_CERT_FILE": artifactory_ready["ca_file"],
        }
        fault(cloud_ready["url"], path="/metadata/identity/oauth2/token", status=503, times=1)
        check("retry: answered", pull(jaeger, binaries, "retry", environment, root) == 0)
        [trace] = jaeger.traces("retry", 1)
        calls = [own for own, _ in trace.calls()]
        seen = [(own["http.response.status_code"], own.get("http.request.resend_count")) for own in calls]
        check("retry: an attempt each, the second counted", seen[:2] == [(503, None), (200, 1)], seen)
        check("retry: the pull did not fail", not tags(trace.root).get("error"), tags(trace.root))
        check("retry: the node is named", trace.resource.get("k8s.node.name") == "node-7", trace.resource)

        fault(cloud_ready["url"], path="/metadata/identity/oauth2/token", status=400)
        check("failure: exit code 4", pull(jaeger, binaries, "failure", environment, root) == 4)
        [trace] = jaeger.traces("failure", 1)
        steps = {span["operationName"]: span for span in trace.steps()}
        check("failure: it ends with the identity", list(steps) == ["request", "route", "identity"], list(steps))
        check("failure: root and step are errors", all(tags(span).get("error") for span in (trace.root, steps["identity"])))
        check("failure: the exit code is told", tags(trace.root).get("credential_provider.exit_code") == 4, tags(trace.root))
        [log] = steps["identity"]["logs"]
        told = {field["key"]: field["value"] for field in log["fields"]}
        check("failure: with its remedy", bool(told.get("credential_provider.hint")), told)
    finally:
        for process in (artifactory, cloud):
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def main():
    binaries = pathlib.Path(sys.argv[3])
    jaeger = Jaeger(sys.argv[1], sys.argv[2])
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as root:
            pathlib.Path(root, "run").mkdir()
            for protocol in ("http/protobuf", "http/json", "grpc"):
                demo(jaeger, binaries, protocol, root)
            retry_and_failure(jaeger, binaries, root)
    finally:
        jaeger.end()
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
