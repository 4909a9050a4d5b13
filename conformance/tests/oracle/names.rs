//! Images and durations.

use conformance::kubelet::{GoDuration, ImageName};
use serde_json::{Value, json};

use super::law::{Case, holds, joined};

const IMAGE: &[&str] = &[
    "nginx",
    "docker.io",
    "index.docker.io",
    "/",
    "/",
    "/",
    ":",
    ":",
    "@",
    "@sha256:",
    "sha256:",
    "sha512:",
    "md5:",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "r.io",
    "localhost",
    "LOCALHOST",
    "A",
    "Foo",
    "_",
    "__",
    "___",
    ".",
    "..",
    "-",
    "--",
    "5000",
    ":5000",
    "[::1]",
    "[::1]:5000",
    "[",
    "]",
    "é",
    " ",
    "\n",
    "*",
    "library",
    "library/",
    "1.25",
    "latest",
    "a",
    "b",
    "0",
    "~",
    "%2f",
    "?",
    "#",
    "http://",
    "https://",
    "+",
    ".-",
    "a.b",
    "a_b",
    "a-b",
    "a--b",
    "-a",
    "a-",
    ".a",
    "a.",
    "myhost",
    "my.host",
    "\u{130}",
    "ß",
    "日",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

#[test]
fn providers_are_asked_about_the_same_repository() {
    holds("image", &joined(IMAGE, 7), |oracle, image| {
        let answer = oracle.ask("image", json!({"image": image}));
        let simulator = match ImageName::parse(image) {
            Ok(name) => json!([name.repository(), Value::Null]),
            Err(error) => json!([Value::Null, format!("error: {error}")]),
        };
        let (repository, error) = (&answer["repo_sent_to_plugin"], &answer["error"]);
        let vector = json!({"image": image, "repo_sent_to_plugin": repository, "error": error});
        Case { vector, kubelet: json!([repository, error]), simulator }
    });
}

const DURATION: &[&str] = &[
    "0",
    "1",
    "5",
    "9",
    "00",
    "60",
    "1.5",
    ".5",
    "5.",
    ".",
    "h",
    "m",
    "s",
    "ms",
    "us",
    "µs",
    "μs",
    "ns",
    "d",
    "H",
    "S",
    "+",
    "-",
    "--",
    " ",
    "e",
    "e3",
    "_",
    "9223372036854775807",
    "9223372036854775808",
    "2562047h47m16.854775807s",
    "922337203685477580",
    "0.000000001",
    "0.9999999999999999999",
    "1h",
    "1m",
    "1s",
    "30m",
    "é",
    "\u{0}",
    "٣",
    "0x1",
    "10000000000000000000000",
];

#[test]
fn durations_are_as_long() {
    holds("duration", &joined(DURATION, 6), |oracle, duration| {
        let answer = oracle.ask("duration", json!({"duration": duration}));
        let parsed = GoDuration::parse(duration);
        let simulator = match &parsed {
            Ok(duration) => json!([duration.as_nanos(), format!("\"{duration}\""), Value::Null]),
            Err(error) => json!([Value::Null, Value::Null, error.to_string()]),
        };
        let vector = json!({"duration": duration, "nanos": answer["nanos"]});
        Case { vector, kubelet: json!([answer["nanos"], answer["shown"], answer["words"]]), simulator }
    });
}
