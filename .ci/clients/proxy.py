#!/usr/bin/env python3
"""Pulls through Debian's tinyproxy, and on a node without IPv4, in network namespaces of their own.

What is near is never proxied, so the far services need addresses that are not loopback: in the namespace Artifactory has
one, and the metadata service and the Pod Identity agent have the clouds' real ones. Needs tinyproxy (tinyproxy-bin),
unshare (util-linux) and ip (iproute2).

Usage: proxy.py DIRECTORY-OF-RELEASE-BINARIES
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

USER, PASSWORD = "robot", "pr0xy-passw0rd"
NAME = "artifactory.example"

NETWORKS = {
    "both families": {
        "addresses": ["192.0.2.10/32", "192.0.2.20/32", "169.254.169.254/32", "169.254.170.23/32"],
        "cloud": ("--listen", "127.0.0.1:80", "--tls-listen", "127.0.0.1:443"),
        "artifactory": "192.0.2.10",
        "proxy": "192.0.2.20",
    },
    "without IPv4": {
        "addresses": ["2001:db8::10/128", "2001:db8::20/128"],
        "cloud": ("--listen", "[::1]:80", "--tls-listen", "[::1]:443"),
        "artifactory": "[2001:db8::10]",
        "proxy": "[2001:db8::20]",
    },
}


def start(*command):
    """Starts a mock and waits for its one line that says it is ready."""
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    return process, json.loads(process.stdout.readline())


def relay(address, port):
    """Puts the mock cloud, which has to be on loopback to be trusted without TLS, at one more address."""

    def carry(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve():
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", port))
            for ends in ((near, far), (far, near)):
                threading.Thread(target=carry, args=ends, daemon=True).start()

    listener = socket.create_server((address, port))
    threading.Thread(target=serve, daemon=True).start()


class Lab:
    """The mocks and the proxy of one namespace, and the provider."""

    def __init__(self, binaries, network, work, stack):
        self.provider = binaries / "artifactory-credential-provider"
        self.work, self.stack, self.binaries = work, stack, binaries
        self.failed = self.passed = self.before = 0
        self.cloud, ready = self.run(binaries / "mock-cloud", *network["cloud"])
        self.environment = {**ready["environment"], "cloud_provider": "aws"}
        self.ca = pathlib.Path(work, "ca.pem")
        self.host = f"{NAME}:8443"
        listen = ("--listen", f"{network['artifactory']}:8443", "--ca-file", self.ca, "--name", NAME)
        _, ready = self.run(binaries / "mock-artifactory", "--trust", self.cloud, *listen)
        self.environment |= ready["environment"] | {"artifactory_url": self.host, "SSL_CERT_FILE": str(self.ca)}
        self.proxy = f"{network['proxy']}:3128"
        self.tinyproxy(network["proxy"].strip("[]"))

    def run(self, *command):
        process, ready = start(*command)
        self.stack.callback(lambda: (process.send_signal(signal.SIGTERM), process.wait(10)))
        return ready["url"], ready

    def tinyproxy(self, address):
        """The real one, with Basic credentials and one port that a tunnel may end at."""
        self.log = pathlib.Path(self.work, "tinyproxy.log")
        config = pathlib.Path(self.work, "tinyproxy.conf")
        config.write_text(
            f'Port 3128\nListen {address}\nTimeout 30\nLogFile "{self.log}"\nLogLevel Info\nMaxClients 20\n'
            f'BasicAuth {USER} {PASSWORD}\nConnectPort 8443\nPidFile "{self.work}/tinyproxy.pid"\n'
        )
        process = subprocess.Popen(["tinyproxy", "-d", "-c", config], stdout=subprocess.DEVNULL)
        self.stack.callback(lambda: (process.send_signal(signal.SIGTERM), process.wait(10)))
        deadline = time.monotonic() + 10
        while "Accepting connections" not in (self.log.read_text() if self.log.exists() else ""):
            assert process.poll() is None and time.monotonic() < deadline, "tinyproxy does not start"
            time.sleep(0.02)

    def url(self, user=f"{USER}:{PASSWORD}@"):
        return f"http://{user}{self.proxy}"

    def asked(self):
        """The request lines that the proxy has logged so far."""
        lines = self.log.read_text().splitlines()
        return [line.split("): ", 1)[1] for line in lines if "Request (file descriptor" in line]

    def pull(self, changes=None, host=None, route=None, workload=None):
        environment, arguments = {**self.environment, **(changes or {})}, ()
        environment = {name: value for name, value in environment.items() if value}
        host = host or environment["artifactory_url"]
        if route:
            config = pathlib.Path(self.work, "config.yaml")
            config.write_text(json.dumps({"deadline": "20s", "routes": [route]}))
            arguments = ("--config", config)
        request = {
            "kind": "CredentialProviderRequest",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
            "image": f"{host}/docker-local/hello",
            **(workload or {}),
        }
        done = subprocess.run(
            [self.provider, *arguments], input=json.dumps(request), env=environment, capture_output=True, text=True
        )
        assert PASSWORD not in done.stderr + done.stdout, "the proxy's password is told"
        answered = json.loads(done.stdout)["auth"].get(host, {}) if done.returncode == 0 else {}
        return done.returncode, answered.get("username"), done.stderr

    def expect(self, what, outcome, username=None, code=0, words=(), through=()):
        """One line a case: who was answered or how it failed, and what the proxy has seen since the last case."""
        asked = self.asked()
        seen, self.before = asked[self.before :], len(asked)
        got_code, got_username, stderr = outcome
        right = got_code == code and got_username == username and all(word in stderr for word in words)
        right = right and [line.rsplit(" HTTP/", 1)[0] for line in seen] == list(through)
        self.passed, self.failed = self.passed + right, self.failed + (not right)
        print(f"{'pass' if right else 'FAIL'}  {what}", flush=True)
        if not right:
            print(f"      exit {got_code}, {got_username}, proxy saw {seen}\n{stderr}", flush=True)


def pod(cloud):
    """What the kubelet adds to its request for a pod whose service account has a Pod Identity association."""
    body = json.dumps({"audiences": ["pods.eks.amazonaws.com"], "pod": {"name": "web-0"}}).encode()
    path = f"{cloud}/__mock/kubernetes/serviceaccounts/default/pod-identity/token"
    asked = urllib.request.Request(path, body, {"content-type": "application/json"})
    with urllib.request.urlopen(asked) as answered:
        return {"serviceAccountToken": json.load(answered)["token"], "serviceAccountAnnotations": {}}


def both_families(lab):
    for address in ("169.254.169.254", "169.254.170.23"):
        relay(address, 80)
    everywhere = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    proxied = {name: lab.url() for name in everywhere}
    # Neither the metadata service nor the agent is named: they are found at the clouds' own addresses.
    nowhere = {name: "" for name in lab.environment if name.startswith("AWS_") and name != "AWS_REGION"}
    lab.environment |= nowhere
    tunnel = f"CONNECT {lab.host}"
    lab.expect("through the proxy", lab.pull(proxied), "aws-puller", through=[tunnel])
    route = {"artifactoryUrl": lab.host, "identity": {"awsPodIdentity": {}}}
    outcome = lab.pull(proxied, route=route, workload=pod(lab.cloud))
    lab.expect("the Pod Identity agent is near", outcome, "aws-pod-identity-puller", through=[tunnel])
    address = {"artifactory_url": "192.0.2.10:8443"}
    lab.expect("by address", lab.pull(proxied | address), "aws-puller", through=["CONNECT 192.0.2.10:8443"])
    for excepted in ("192.0.2.0/24", "192.0.2.10:8443", "*"):
        outcome = lab.pull(proxied | address | {"NO_PROXY": excepted})
        lab.expect(f"NO_PROXY={excepted} goes directly", outcome, "aws-puller")
    lab.expect("NO_PROXY=.example goes directly", lab.pull(proxied | {"NO_PROXY": ".example"}), "aws-puller")
    direct = {"artifactoryUrl": lab.host, "identity": {"awsInstanceRole": {}}, "proxy": "direct"}
    lab.expect("proxy: direct goes directly", lab.pull(proxied, route=direct), "aws-puller")
    file = pathlib.Path(lab.work, "credentials")
    file.write_text(f"{USER}:{PASSWORD}\n")
    named = {**direct, "proxy": {"url": lab.url(""), "credentialsFile": str(file)}}
    lab.expect("proxy.url with a file", lab.pull({"NO_PROXY": "*"}, route=named), "aws-puller", through=[tunnel])
    refusals(lab, tunnel)
    plain_http(lab, proxied)


def refusals(lab, tunnel):
    setting = f"the proxy `{lab.proxy}`, which `HTTPS_PROXY` names,"
    wrong = lab.pull({"HTTPS_PROXY": lab.url(f"{USER}:wrong@")})
    words = (setting, "does not accept these credentials (401)")
    lab.expect("a wrong password", wrong, code=5, words=words, through=[tunnel])
    without = lab.pull({"HTTPS_PROXY": lab.url("")})
    lab.expect("no password", without, code=5, words=(setting, "asks for credentials (407)"), through=[tunnel])
    right = {"HTTPS_PROXY": lab.url()}
    closed = lab.pull(right | {"artifactory_url": f"{NAME}:8444"})
    words = (setting, f"opened no tunnel to `{NAME}:8444` and answered 403", f"allow CONNECT to `{NAME}:8444`")
    lab.expect("a port that it does not allow", closed, code=5, words=words, through=[f"CONNECT {NAME}:8444"])
    unknown = lab.pull(right | {"artifactory_url": "nowhere.example:8443"})
    words = (setting, "opened no tunnel to `nowhere.example:8443` and answered 5", "it has to find and reach")
    lab.expect("a name that it cannot find", unknown, code=5, words=words, through=["CONNECT nowhere.example:8443"] * 3)
    off = lab.pull({"HTTPS_PROXY": lab.url("").replace(":3128", ":3129")})
    lab.expect("nobody listening", off, code=5, words=("`HTTPS_PROXY` names, cannot be reached: Connection refused",))


def plain_http(lab, proxied):
    _, ready = lab.run(
        lab.binaries / "mock-artifactory", "--trust", lab.cloud, "--listen", "192.0.2.10:8081", "--plain-http"
    )
    route = {"artifactoryUrl": f"http://{NAME}:8081", "insecure": True, "identity": {"awsInstanceRole": {}}}
    outcome = lab.pull(proxied, host=f"{NAME}:8081", route=route)
    post = f"POST http://{NAME}:8081/access/api/v1/aws/token?region=us-east-1"
    lab.expect("insecure: true, warned about", outcome, "aws-puller", words=("warning: route 1 sends",), through=[post])


def without_ipv4(lab):
    for cloud, username in (("aws", "aws-puller"), ("azure", "azure-puller"), ("google", "mock-cloud/google-node")):
        for host in (lab.host, "[2001:db8::10]:8443"):
            changes = {"cloud_provider": cloud, "artifactory_url": host}
            lab.expect(f"{cloud}, {host}", lab.pull(changes), username)
            outcome = lab.pull(changes | {"HTTPS_PROXY": lab.url()})
            lab.expect(f"{cloud}, {host} through the proxy", outcome, username, through=[f"CONNECT {host}"])


def inside(binaries, name):
    """What is done in the namespace, where this process may do everything."""
    network = NETWORKS[name]

    def command(*words):
        subprocess.run(words, check=True)

    command("ip", "link", "set", "lo", "up")
    if name == "without IPv4":
        command("ip", "address", "del", "127.0.0.1/8", "dev", "lo")
    for address in network["addresses"]:
        command("ip", "address", "add", address, "dev", "lo")
    with contextlib.ExitStack() as stack:
        work = stack.enter_context(tempfile.TemporaryDirectory())
        hosts = pathlib.Path(work, "hosts")
        hosts.write_text(f"127.0.0.1 localhost\n::1 localhost\n{network['artifactory'].strip('[]')} {NAME}\n")
        command("mount", "--bind", hosts, "/etc/hosts")
        stack.callback(command, "umount", "/etc/hosts")
        lab = Lab(binaries, network, work, stack)
        {"both families": both_families, "without IPv4": without_ipv4}[name](lab)
    print(f"{name}: {lab.passed} passed, {lab.failed} failed", flush=True)
    sys.exit(1 if lab.failed else 0)


def main():
    binaries = pathlib.Path(sys.argv[1]).resolve()
    if len(sys.argv) == 3:
        inside(binaries, sys.argv[2])
    statuses = []
    for name in NETWORKS:
        print(f"--- {name}", flush=True)
        ways = (["--net", "--mount"], ["--user", "--map-root-user", "--net", "--mount"])
        way = ways[0] if os.geteuid() == 0 else ways[1]
        again = [sys.executable, __file__, str(binaries), name]
        statuses.append(subprocess.run(["unshare", *way, *again], stdin=subprocess.DEVNULL).returncode)
    sys.exit(1 if any(statuses) else 0)


main()
