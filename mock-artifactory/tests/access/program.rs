//! The mock as a program: its ready line, its options and its end.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mock_artifactory::trust::client;
use mock_kit::{Authority, Leaf, TlsIdentity};
use serde_json::Value;

struct Program {
    child: Child,
    ready: Value,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mock-artifactory"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).unwrap() }
    }

    fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    fn ca_file(&self) -> &Path {
        Path::new(self.ready["ca_file"].as_str().unwrap())
    }

    fn terminate(mut self) -> Option<i32> {
        self.end()
    }

    fn end(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

/// Ends it as a user does, so that its temporary file goes with it.
impl Drop for Program {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.end();
        }
    }
}

fn refused(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mock-artifactory")).args(arguments).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr).unwrap()
}

async fn ping(program: &Program, ca: &str) -> Result<String, reqwest::Error> {
    let url = format!("{}/artifactory/api/system/ping", program.url());
    client(ca).unwrap().get(url).send().await?.text().await
}

#[tokio::test]
async fn it_serves_over_tls_until_it_is_told_to_end() {
    let program = Program::start(&[]);
    assert_eq!(program.ready["ready"], true);
    let host = program.url().strip_prefix("https://").unwrap();
    assert_eq!(program.ready["environment"]["artifactory_url"], host);
    let ca_file = program.ca_file().to_owned();
    let ca = std::fs::read_to_string(&ca_file).unwrap();
    assert_eq!(ping(&program, &ca).await.unwrap(), "OK");
    assert!(ping(&program, "").await.is_err());
    assert_eq!(program.terminate(), Some(0));
    assert!(!ca_file.exists());
}

#[tokio::test]
async fn it_writes_the_authority_where_it_is_told_and_leaves_it_there() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let program = Program::start(&["--ca-file", ca_file.to_str().unwrap(), "--name", "acme.test"]);
    assert_eq!(program.ca_file(), ca_file);
    assert_eq!(ping(&program, &std::fs::read_to_string(&ca_file).unwrap()).await.unwrap(), "OK");
    assert_eq!(program.terminate(), Some(0));
    assert!(ca_file.exists());
}

#[tokio::test]
async fn it_serves_without_tls_when_asked() {
    let program = Program::start(&["--plain-http"]);
    assert!(program.url().starts_with("http://127.0.0.1:"));
    assert_eq!(ping(&program, "").await.unwrap(), "OK");
    assert!(program.ready.get("ca_file").is_none());
}

#[tokio::test]
async fn it_shows_the_certificate_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let (certificates, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let authority = mock_kit::Authority::generate();
    let identity = authority.issue(&["127.0.0.1".to_owned()]);
    std::fs::write(&certificates, &identity.certificates_pem).unwrap();
    std::fs::write(&key, &identity.key_pem).unwrap();
    let program = Program::start(&["--tls-cert", certificates.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]);
    assert_eq!(ping(&program, authority.certificate_pem()).await.unwrap(), "OK");
    assert_eq!(ping(&program, &std::fs::read_to_string(program.ca_file()).unwrap()).await.unwrap(), "OK");
}

#[tokio::test]
async fn it_starts_from_the_world_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.yaml");
    std::fs::write(&file, "service_id: jfac@1\nusers: [{name: root, password: secret, admin: true}]\n").unwrap();
    let program = Program::start(&["--world", file.to_str().unwrap()]);
    let ca = std::fs::read_to_string(program.ca_file()).unwrap();
    let url = format!("{}/access/api/v1/oidc", program.url());
    let client = client(&ca).unwrap();
    let status = async |user| client.get(&url).basic_auth(user, Some("secret")).send().await.unwrap().status().as_u16();
    assert_eq!((status("root").await, status("admin").await), (200, 401));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_trusts_the_cloud_that_it_is_pointed_at() {
    let cloud = mock_cloud::MockCloud::start(mock_cloud::World::default()).await.unwrap();
    let program = Program::start(&["--trust", &cloud.url()]);
    assert_eq!(program.ready["environment"]["jfrog_oidc_provider_name"], "mock-cloud");
    assert_eq!(ping(&program, cloud.authority().certificate_pem()).await.unwrap(), "OK");
    let ca = std::fs::read_to_string(program.ca_file()).unwrap();
    assert_eq!(ca.trim(), cloud.authority().certificate_pem().trim());
}

#[test]
fn it_says_what_is_wrong_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.yaml");
    std::fs::write(&file, "service_id: jfac@1\nuser: []\n").unwrap();
    let misspelt = refused(&["--world", file.to_str().unwrap()]);
    assert!(misspelt.contains("unknown field `user`"), "{misspelt}");
    let missing = refused(&["--world", "/nowhere/world.yaml"]);
    assert!(missing.contains("failed to read `/nowhere/world.yaml`"), "{missing}");
    let untrusted = refused(&["--trust", "http://127.0.0.1:1"]);
    assert!(untrusted.contains("failed to ask mock-cloud at `http://127.0.0.1:1/__mock/trust`"), "{untrusted}");
    let layout = refused(&["--layout", "nonsense"]);
    assert!(layout.contains("DIR=REPOSITORY/NAME:TAG"), "{layout}");
    let lone = refused(&["--tls-cert", "/chain.pem"]);
    assert!(lone.contains("--tls-key"), "{lone}");
}

/// A client that shows a certificate.
fn client_with(ca: &str, TlsIdentity { certificates_pem, key_pem }: &TlsIdentity) -> reqwest::Client {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let certificates =
        |pem: &str| CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(certificates(ca));
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap();
    let tls = tls.with_root_certificates(roots).with_client_auth_cert(certificates(certificates_pem), key).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a client with a certificate, which the mock's own has not")]
    let builder = reqwest::Client::builder();
    builder.tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

#[tokio::test]
async fn it_lets_in_clients_of_the_named_authority_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clients) = (folder.path().join("clients.pem"), Authority::named("Clients"));
    std::fs::write(&file, clients.certificate_pem()).unwrap();
    let program = Program::start(&["--client-ca", file.to_str().unwrap(), "--tls-version", "1.2"]);
    let ca = std::fs::read_to_string(program.ca_file()).unwrap();
    assert!(ping(&program, &ca).await.is_err());
    let url = format!("{}/artifactory/api/system/ping", program.url());
    let ask =
        |url: String, authority: &Authority| client_with(&ca, &authority.sign(&Leaf::client("node"))).get(url).send();
    assert!(ask(url.clone(), &Authority::named("Clients")).await.is_err());
    assert_eq!(ask(url, &clients).await.unwrap().status(), 200);
    let journal = ask(format!("{}/__mock/requests", program.url()), &clients).await.unwrap().bytes().await.unwrap();
    let journal: Value = serde_json::from_slice(&journal).unwrap();
    let handshake = serde_json::json!({"version": "TLSv1_2", "server_name": null, "client": "CN=node"});
    assert_eq!(journal[0]["tls"], handshake);
}

#[test]
fn an_authority_of_clients_that_is_none_is_refused() {
    assert!(refused(&["--client-ca", "/nowhere/clients.pem"]).contains("No such file"));
    assert!(refused(&["--client-ca", "/dev/null"]).contains("failed to listen"));
    assert!(refused(&["--tls-version", "1.1"]).contains("1.1"));
}
