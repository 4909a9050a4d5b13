//! The program as a child process: one line when it serves, and an end on request.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mock_kit::Authority;
use serde_json::Value;

/// A running program that a failing test does not leave behind.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
    }
}

fn start(arguments: &[&str]) -> (Program, Value) {
    start_in(arguments, &[])
}

fn start_in(arguments: &[&str], variables: &[(&str, &str)]) -> (Program, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-cloud"));
    command.args(arguments).envs(variables.iter().copied()).stdout(Stdio::piped()).stdin(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("stdout is a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line comes");
    (Program(child), serde_json::from_str(&line).expect("the line is JSON"))
}

fn terminate(program: &mut Program) -> Option<i32> {
    let id = program.0.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("kill runs").success());
    program.0.wait().expect("the program ends").code()
}

/// Answers the first line of the reply to a GET.
fn status_line(url: &str, path: &str) -> String {
    status_line_with(url, path, "")
}

fn status_line_with(url: &str, path: &str, headers: &str) -> String {
    let host = url.strip_prefix("http://").expect("a plain URL");
    let mut stream = TcpStream::connect(host).expect("the program listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("the reply comes");
    reply.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_ready_line_says_all_that_is_needed_and_sigterm_ends_the_program_with_zero() {
    let (mut program, ready) = start(&[]);
    assert_eq!(ready["ready"], true);
    let url = ready["url"].as_str().unwrap();
    assert!(ready["tls_url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    assert_eq!(ready["environment"]["AWS_ENDPOINT_URL_STS"], url);
    assert_eq!(ready["environment"]["aws_role_name"], "artifactory-pull");
    let ca_file = Path::new(ready["ca_file"].as_str().unwrap()).to_owned();
    assert!(std::fs::read_to_string(&ca_file).unwrap().contains("BEGIN CERTIFICATE"));
    assert_eq!(status_line(url, "/"), "HTTP/1.1 200 OK");
    assert_eq!(terminate(&mut program), Some(0));
    assert!(!ca_file.exists(), "the temporary authority file is left behind");
}

#[test]
fn a_world_file_and_an_authority_file_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let (world, ca) = (folder.path().join("world.yaml"), folder.path().join("ca.pem"));
    std::fs::write(&world, "kubernetes: {cluster: AB12}").unwrap();
    let files = [world.to_str().unwrap(), ca.to_str().unwrap()];
    let (mut program, ready) = start(&["--world", files[0], "--ca-file", files[1]]);
    assert_eq!(ready["ca_file"], files[1]);
    let url = ready["url"].as_str().unwrap();
    assert_eq!(status_line(url, "/id/AB12/keys"), "HTTP/1.1 200 OK");
    assert_eq!(terminate(&mut program), Some(0));
    assert!(ca.exists(), "the authority file that was asked for is gone");
}

#[test]
fn given_certificates_leave_no_authority_file() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let identity = Authority::generate().issue(&["127.0.0.1".into()]);
    std::fs::write(&certificate, identity.certificates_pem).unwrap();
    std::fs::write(&key, identity.key_pem).unwrap();
    let files = [certificate.to_str().unwrap(), key.to_str().unwrap()];
    let (mut program, ready) = start(&["--tls-cert", files[0], "--tls-key", files[1]]);
    assert_eq!(ready["ca_file"], Value::Null);
    assert_eq!(terminate(&mut program), Some(0));
}

#[test]
fn a_world_that_is_none_ends_the_program_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world.yaml");
    std::fs::write(&world, "moon: {}").unwrap();
    let missing = folder.path().join("none.yaml");
    for (file, reason) in [(&world, "moon"), (&missing, "none.yaml")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mock-cloud"));
        let output = command.args(["--world", file.to_str().unwrap()]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with("error: ") && stderr.contains(reason), "{stderr}");
    }
}

#[test]
fn a_request_of_a_trace_is_told_to_the_collector_before_the_end() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let (mut program, ready) = start_in(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let parent = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let url = ready["url"].as_str().unwrap();
    assert_eq!(status_line_with(url, "/", parent), "HTTP/1.1 200 OK");
    let told = std::thread::spawn(move || one_request(&collector));
    assert_eq!(terminate(&mut program), Some(0));
    let told = told.join().unwrap();
    assert!(told.starts_with(b"POST /v1/traces HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&told));
    let has = |part: &[u8]| told.windows(part.len()).any(|window| window == part);
    assert!(has(b"mock-cloud") && has(b"GET /"));
    assert!(has(&0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()));
}

/// Answers a request with 200 and gives back its bytes.
fn one_request(listener: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().expect("the collector speaks");
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut buffer).expect("the collector speaks");
        read.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&read).to_lowercase();
        let head = text.find("\r\n\r\n").map(|at| (at + 4, text[..at].to_owned()));
        let Some((start, head)) = head else { continue };
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if length == 0 || read.len() >= start + announced.unwrap_or_default() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("the collector speaks");
            return read;
        }
    }
}
