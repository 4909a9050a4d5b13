#!/usr/bin/env python3
"""Signs GetCallerIdentity with awscrt, the signer of AWS's C SDKs, and judges the STS of mock-cloud by it.

    pip install awscrt
    python3 sign.py http://127.0.0.1:PORT [SEED]

The role credentials come from the mock's own metadata service (IMDSv2). What awscrt signs must be accepted, by SigV4A and
by SigV4; what was tampered with, is out of date, is for other regions or carries a foreign session token must be refused
with the error code of AWS. The last line is `N passed, N failed`; the exit status is 1 when anything failed.
"""

import datetime
import email.utils
import hashlib
import http.client
import io
import json
import random
import re
import sys
import urllib.parse

from awscrt import auth, crypto
from awscrt import http as crt_http

ACCEPTED = 500  # random questions by each algorithm that must be accepted
REFUSED = 500  # at least so many spoiled questions by each algorithm that must be refused, spread over the ways to spoil one
SIGV4 = auth.AwsSigningAlgorithm.V4
SIGV4A = auth.AwsSigningAlgorithm.V4_ASYMMETRIC
QUERY = "Action=GetCallerIdentity&Version=2011-06-15"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

# Access key, secret and the public key that follows from them. The first is of aws-c-auth, tests/key_derivation_tests.c,
# the second of its signing test suite; the third tells a derivation that compares with half the order of the curve.
KEYS = [
    ("AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom",
     "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb",
     "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"),
    ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
     "b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1",
     "865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518"),
    ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY00",
     "77d9f7849868c30eb02f833d3472f0f660d14869bf3ed7c2bdab072b41b163f9",
     "bace4ecd23170433aedf76a498d6e12f96cea277e6b6c45638669f3a1d689105"),
]
# SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point (RFC 5480).
P256_INFO = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


class Tally:
    """Counts verdicts and tells those that failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def judge(self, name, verdict, expected):
        if verdict == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}: {verdict!r} instead of {expected!r}")


class Question:
    """A GetCallerIdentity request that can be signed, spoiled and sent."""

    def __init__(self, method, host, query, body, headers):
        self.method = method
        self.host = host
        self.query = query
        self.body = body
        self.headers = dict(headers)

    def sign(self, algorithm, credentials, regions, date, **options):
        signable = crt_http.HttpRequest(
            self.method, f"/?{self.query}" if self.query else "/",
            crt_http.HttpHeaders([("Host", self.host), *self.headers.items()]),
            io.BytesIO(self.body) if self.body else None)
        provider = auth.AwsCredentialsProvider.new_static(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials.get("Token"))
        config = auth.AwsSigningConfig(
            algorithm=algorithm, signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
            credentials_provider=provider, region=regions, service="sts", date=date,
            signed_body_header_type=auth.AwsSignedBodyHeaderType.NONE, **options)
        auth.aws_sign_request(signable, config).result(30)
        self.headers = {name: value for name, value in signable.headers if name.lower() != "host"}
        return self

    def send(self, address):
        connection = http.client.HTTPConnection(address, timeout=30)
        target = f"/?{self.query}" if self.query else "/"
        connection.request(self.method, target, self.body or None, {**self.headers, "Host": self.host})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text


class Instance:
    """What the metadata service tells a program on the instance."""

    def __init__(self, address):
        self.address = address
        self.token = self.request("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "300"})
        self.role = self.get("iam/security-credentials/").splitlines()[0]
        self.credentials = json.loads(self.get(f"iam/security-credentials/{self.role}"))
        self.region = self.get("placement/region")
        self.domain = self.get("services/domain")
        self.name = self.get("instance-id")

    def get(self, path):
        return self.request("GET", f"/latest/meta-data/{path}", {"X-aws-ec2-metadata-token": self.token})

    def request(self, method, path, headers):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            sys.exit(f"{method} {path} answered {answer.status}: {text}")
        self.now = email.utils.parsedate_to_datetime(answer.getheader("Date"))
        return text


def word(length=12):
    return "".join(random.choices(LETTERS, k=length))


def other_region():
    return f"xx-{word(6)}-{random.randint(1, 9)}"


def regions_with(algorithm, region):
    if algorithm == SIGV4:
        return region
    ours = random.choice([region, "*", region[:3] + "*", region[:-1] + "*"])
    regions = [other_region() for _ in range(random.randint(0, 3))] + [ours]
    random.shuffle(regions)
    return ",".join(regions)


def question(instance):
    """A question of random method, parameters and headers."""
    noise = urllib.parse.quote("".join(random.choices(LETTERS + " %+=/~._-&", k=random.randint(0, 20))), safe="")
    parameters = f"{QUERY}&{word(5)}={noise}"
    host = f"sts.{instance.region}.{instance.domain}{random.choice(['', '', ':443'])}"
    headers = {"X-Amz-Noise": f"  {word(3)}  {word(3)}  ", "Accept": "*/*"}
    if random.random() < 0.5:
        return Question("GET", host, parameters, b"", headers)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return Question("POST", host, "", parameters.encode(), headers)


def signed(instance, algorithm):
    skew = datetime.timedelta(seconds=random.randint(-840, 840))
    regions = regions_with(algorithm, instance.region)
    return question(instance).sign(algorithm, instance.credentials, regions, instance.now + skew)


def arn_of(text):
    found = re.search("<Arn>(.*)</Arn>", text)
    return found.group(1) if found else text


def code_of(text):
    found = re.search("<Code>(.*)</Code>", text)
    return found.group(1) if found else text


def resigned(instance, algorithm, regions=None, minutes=0, changes=(), **options):
    """A question signed by the rules, but with something else than the truth."""
    credentials = {**instance.credentials, **dict(changes)}
    date = instance.now + datetime.timedelta(minutes=minutes)
    return question(instance).sign(algorithm, credentials, regions or instance.region, date, **options)


def with_other_signature(request):
    head, signature = request.headers["Authorization"].split("Signature=")
    place = random.randrange(len(signature))
    other = "1" if signature[place] == "0" else "0"
    request.headers["Authorization"] = f"{head}Signature={signature[:place]}{other}{signature[place + 1:]}"
    return request


def with_header(request, name, value):
    request.headers[name] = value
    return request


def without_header(request, name):
    del request.headers[name]
    return request


def with_parameter(request):
    addition = f"&{word(4)}={word(4)}"
    if request.method == "GET":
        request.query += addition
    else:
        request.body += addition.encode()
    return request


def with_other_host(request):
    # No name of AWS, so that the endpoint's region stays the same.
    request.host = f"{word()}.example:{random.randint(1, 65535)}"
    return request


def with_other_second(request):
    date = datetime.datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    other = date + datetime.timedelta(seconds=1 if date.second < 59 else -1)
    return with_header(request, "X-Amz-Date", other.strftime("%Y%m%dT%H%M%SZ"))


def with_token_added_after(instance, algorithm):
    request = resigned(instance, algorithm, omit_session_token=True)
    return with_header(request, "X-Amz-Security-Token", instance.credentials["Token"])


def ways_to_spoil(instance, algorithm):
    """Each way with the code that STS must answer."""
    ways = {
        "a changed signature": (lambda: with_other_signature(signed(instance, algorithm)), "SignatureDoesNotMatch"),
        "a changed header": (lambda: with_header(signed(instance, algorithm), "X-Amz-Noise", word()), "SignatureDoesNotMatch"),
        "an added parameter": (lambda: with_parameter(signed(instance, algorithm)), "SignatureDoesNotMatch"),
        "another host": (lambda: with_other_host(signed(instance, algorithm)), "SignatureDoesNotMatch"),
        "another second": (lambda: with_other_second(resigned(instance, algorithm)), "SignatureDoesNotMatch"),
        "another secret": (lambda: resigned(instance, algorithm, changes=[("SecretAccessKey", word(40))]), "SignatureDoesNotMatch"),
        "a date of the past": (lambda: resigned(instance, algorithm, minutes=-random.randint(16, 1000)), "SignatureDoesNotMatch"),
        "a date to come": (lambda: resigned(instance, algorithm, minutes=random.randint(16, 1000)), "SignatureDoesNotMatch"),
        "another region": (lambda: resigned(instance, algorithm, other_region()), "SignatureDoesNotMatch"),
        "a foreign token": (lambda: resigned(instance, algorithm, changes=[("Token", word(400))]), "InvalidClientTokenId"),
        "no token": (lambda: resigned(instance, algorithm, changes=[("Token", None)]), "InvalidClientTokenId"),
        "a foreign key": (lambda: resigned(instance, algorithm, changes=[("AccessKeyId", "ASIA" + word(16).upper())]), "InvalidClientTokenId"),
        "a token added after signing": (lambda: with_token_added_after(instance, algorithm), "IncompleteSignature"),
        "no date": (lambda: without_header(signed(instance, algorithm), "X-Amz-Date"), "IncompleteSignature"),
        "no signature": (lambda: without_header(signed(instance, algorithm), "Authorization"), "MissingAuthenticationToken"),
    }
    if algorithm == SIGV4A:
        ways["a set of other regions"] = (
            lambda: resigned(instance, algorithm, f"{other_region()},{other_region()}"), "SignatureDoesNotMatch")
        ways["a widened region set"] = (
            lambda: with_header(resigned(instance, algorithm, other_region()), "X-Amz-Region-Set", "*"), "SignatureDoesNotMatch")
    return ways


def judge_keys(tally):
    """Whether awscrt derives the published keys: each public key verifies what awscrt signs, no other one does."""
    date = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    for access_key, secret, *_ in KEYS:
        request = Question("GET", "sts.amazonaws.com", "", b"", {})
        request.sign(SIGV4A, {"AccessKeyId": access_key, "SecretAccessKey": secret}, "*", date)
        canonical = ("GET\n/\n\nhost:sts.amazonaws.com\nx-amz-date:20260102T030405Z\nx-amz-region-set:*\n\n"
                     f"host;x-amz-date;x-amz-region-set\n{hashlib.sha256(b'').hexdigest()}")
        to_sign = ("AWS4-ECDSA-P256-SHA256\n20260102T030405Z\n20260102/sts/aws4_request\n"
                   f"{hashlib.sha256(canonical.encode()).hexdigest()}")
        digest = hashlib.sha256(to_sign.encode()).digest()
        signature = bytes.fromhex(request.headers["Authorization"].split("Signature=")[1])
        for _, other_secret, x, y in KEYS:
            key = crypto.EC.new_key_from_der_data(P256_INFO + b"\x04" + bytes.fromhex(x + y))
            tally.judge(f"the public key {x[:8]} for {secret[-8:]}", key.verify(digest, signature), secret == other_secret)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    seed = sys.argv[2] if len(sys.argv) == 3 else str(random.SystemRandom().randrange(2**32))
    random.seed(seed)
    print(f"seed {seed}")
    address = urllib.parse.urlsplit(sys.argv[1]).netloc
    tally = Tally()
    judge_keys(tally)
    instance = Instance(address)
    arn_end = f":assumed-role/{instance.role}/{instance.name}"
    for algorithm in (SIGV4A, SIGV4):
        for _ in range(ACCEPTED):
            status, text = signed(instance, algorithm).send(address)
            tally.judge(f"{algorithm.name}", (status, arn_of(text).endswith(arn_end) or text), (200, True))
        ways = ways_to_spoil(instance, algorithm)
        for way, (spoiled, code) in ways.items():
            for _ in range(-(-REFUSED // len(ways))):
                status, text = spoiled().send(address)
                tally.judge(f"{algorithm.name} with {way}", (status, code_of(text)), (400 if code == "IncompleteSignature" else 403, code))
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
