//! A node's surroundings: a cloud, an Artifactory, and the certificate authority of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mock_artifactory::{MockArtifactory, Options};
use mock_cloud::MockCloud;
use mock_cloud::kubernetes::{Pod, TokenRequest};
use mock_kit::Recorded;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Outcome, request, run};

/// The clouds' names in `cloud_provider`.
pub(crate) const CLOUDS: [&str; 3] = ["aws", "azure", "google"];

/// One test's surroundings; dropping it ends them.
pub(crate) struct Site {
    pub(crate) cloud: MockCloud,
    pub(crate) artifactory: MockArtifactory,
    directory: TempDir,
    planted: Mutex<Vec<String>>,
    keys: Mutex<Vec<String>>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(mock_cloud::World::default(), mock_artifactory::World::default()).await
    }

    pub(crate) async fn with(cloud: mock_cloud::World, artifactory: mock_artifactory::World) -> Self {
        Self::reached(cloud, artifactory, Options::default()).await
    }

    /// The built-in worlds, with an Artifactory that is reached in another way.
    pub(crate) async fn over(options: Options) -> Self {
        Self::reached(mock_cloud::World::default(), mock_artifactory::World::default(), options).await
    }

    async fn reached(cloud: mock_cloud::World, artifactory: mock_artifactory::World, options: Options) -> Self {
        let cloud = MockCloud::start(cloud).await.expect("a cloud");
        let options = Options { trust: Some(cloud.url()), ..options };
        Self::of(cloud, MockArtifactory::start_with(artifactory, options).await.expect("an Artifactory"))
    }

    /// Surroundings that were started elsewhere.
    pub(crate) fn of(cloud: MockCloud, artifactory: MockArtifactory) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let site = Self { cloud, artifactory, directory, planted: Mutex::default(), keys: Mutex::default() };
        site.file("ca.pem", site.artifactory.ca_pem());
        site
    }

    /// Writes a file that belongs to the test and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("a name").to_owned()
    }

    /// Writes a file that is its owner's alone.
    pub(crate) fn private_file(&self, name: &str, content: &str) -> String {
        let path = self.file(name, content);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
        path
    }

    /// Where the files of the test lie.
    pub(crate) fn directory(&self) -> String {
        self.directory.path().display().to_string()
    }

    /// Names a secret that the test gives to the program, which may reach stdout as a password and nobody else.
    pub(crate) fn plant(&self, secret: &str) -> String {
        self.planted.lock().expect("no panic before").push(secret.to_owned());
        secret.to_owned()
    }

    /// Names a private key in PEM that the test gives to the program, which shows no line of it to anybody.
    pub(crate) fn plant_key(&self, pem: &str) {
        let lines = pem.lines().filter(|line| line.len() > 20 && !line.starts_with('-'));
        self.keys.lock().expect("no panic before").extend(lines.map(str::to_owned));
    }

    /// The environment of the kubelet's entry for one of the clouds.
    pub(crate) fn environment(&self, cloud: &str) -> BTreeMap<String, String> {
        let mut environment = self.cloud.environment();
        environment.extend(self.artifactory.environment());
        environment.insert("cloud_provider".to_owned(), cloud.to_owned());
        environment.insert("SSL_CERT_FILE".to_owned(), self.directory.path().join("ca.pem").display().to_string());
        environment
    }

    /// The same with some variables set, or removed where they are empty.
    pub(crate) fn environment_with(&self, cloud: &str, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut environment = self.environment(cloud);
        environment.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        environment
    }

    /// Artifactory's host and port, as `artifactory_url` has it.
    pub(crate) fn host(&self) -> String {
        self.artifactory.host()
    }

    /// Text with the addresses of this test replaced by their names, for snapshots.
    pub(crate) fn named(&self, text: &str) -> String {
        let directory = self.directory.path().display().to_string();
        let cloud = self.cloud.url().replace("http://", "");
        let tls = self.cloud.tls_url().replace("https://", "");
        text.replace(&tls, "CLOUD-TLS")
            .replace(&self.host(), "ARTIFACTORY")
            .replace(&cloud, "CLOUD")
            .replace(&directory, "DIRECTORY")
    }

    /// The image that the built-in worlds hold.
    pub(crate) fn image(&self) -> String {
        format!("{}/docker-local/hello", self.host())
    }

    /// One pull on a cloud's identity, with the leak check.
    pub(crate) async fn pull(&self, cloud: &str) -> Outcome {
        self.pull_in(&[], &self.environment(cloud)).await
    }

    /// One pull with this command line and environment, with the leak check.
    pub(crate) async fn pull_in(&self, arguments: &[&str], environment: &BTreeMap<String, String>) -> Outcome {
        let outcome = run(arguments, environment, &request(&self.image())).await;
        self.check_leaks(&outcome);
        outcome
    }

    /// The requests that the cloud's services saw, as `METHOD path`.
    pub(crate) fn cloud_requests(&self) -> Vec<String> {
        summary(&self.cloud.kit().journal.requests())
    }

    /// The requests that Artifactory saw, as `METHOD path`.
    pub(crate) fn artifactory_requests(&self) -> Vec<String> {
        summary(&self.artifactory.kit().journal.requests())
    }

    /// The last token exchange that Artifactory saw.
    pub(crate) fn last_exchange(&self) -> Recorded {
        let requests = self.artifactory.kit().journal.requests();
        requests.into_iter().rfind(|request| request.path.starts_with("/access/")).expect("an exchange")
    }

    /// What went over the wire and must stay where it belongs.
    ///
    /// Role credentials stay between the metadata service and the program; the session token also goes to Artifactory, as
    /// the protocol has it, and to the services of AWS that it signs for. The secret of a Cognito client goes to the token
    /// endpoint, which sees nothing of the role. A client assertion goes to Entra ID only, a subject token to Artifactory,
    /// the registry credential to stdout, and nothing to stderr. Of what the test planted only the answered password shows up on stdout.
    pub(crate) fn check_leaks(&self, outcome: &Outcome) {
        let role = self.cloud.secrets();
        let cloud = text(&self.cloud.kit().journal.requests());
        let artifactory = text(&self.artifactory.kit().journal.requests());
        let exchanged = self.subject_tokens();
        let answered = passwords(&outcome.stdout);
        let planted = self.planted.lock().expect("no panic before").clone();
        for secret in role.iter().chain(&exchanged).chain(&answered).chain(&planted) {
            assert!(!outcome.stderr.contains(secret.as_str()), "a secret on stderr: {}", outcome.stderr);
        }
        for secret in role.iter().chain(&exchanged) {
            assert!(!outcome.stdout.contains(secret.as_str()), "a secret on stdout");
        }
        for secret in planted.iter().filter(|secret| !answered.contains(secret)) {
            assert!(!outcome.stdout.contains(secret.as_str()), "a planted secret on stdout");
        }
        for secret in exchanged.iter().chain(&answered) {
            assert!(!cloud.contains(secret.as_str()), "a secret of Artifactory's in a request to the cloud");
        }
        // A secret access key has 40 characters (AWS IAM user guide, "IAM identifiers"); it signs and is never sent.
        for secret_access_key in role.iter().filter(|secret| secret.len() == 40) {
            assert!(
                !artifactory.contains(secret_access_key.as_str()),
                "the secret access key in a request to Artifactory"
            );
            assert!(!cloud.contains(secret_access_key.as_str()), "the secret access key in a request to the cloud");
        }
        // Google's access tokens open Google's services, and prove nothing to Artifactory.
        for access_token in role.iter().filter(|secret| secret.starts_with("ya29.")) {
            assert!(!artifactory.contains(access_token.as_str()), "Google's access token in a request to Artifactory");
        }
        for line in self.keys.lock().expect("no panic before").iter() {
            for text in [&outcome.stdout, &outcome.stderr, &cloud, &artifactory] {
                assert!(!text.contains(line.as_str()), "a private key where nobody may see it");
            }
        }
        self.check_client_secrets(&role, outcome);
        for token in self.calling_tokens() {
            assert!(!artifactory.contains(&token), "the token of whoever assumed the role in a request to Artifactory");
        }
        for assertion in self.client_assertions() {
            assert!(!artifactory.contains(&assertion), "a client assertion in a request to Artifactory");
            for text in [&outcome.stdout, &outcome.stderr] {
                assert!(!text.contains(&assertion), "a client assertion in what the program writes");
            }
        }
        for request in self.cloud.kit().journal.requests().iter().chain(&self.artifactory.kit().journal.requests()) {
            for secret in role.iter().chain(&exchanged).chain(&answered) {
                assert!(!request.query.contains(secret.as_str()), "a secret in a query");
            }
        }
    }

    /// What a collector was sent, and what the spool holds, of which no secret is a part.
    pub(crate) fn check_telemetry(&self, outcome: &Outcome, export: &[u8], spool: &std::path::Path) {
        let files = std::fs::read_dir(spool).expect("a spool").map(|entry| entry.expect("an entry").path());
        let kept = files.filter_map(|path| std::fs::read(path).ok());
        let texts: Vec<_> = kept.chain([export.to_vec()]).collect();
        assert!(texts.iter().any(|text| text.windows(4).any(|part| part == b"pull")), "something is told");
        let planted = self.planted.lock().expect("no panic before").clone();
        let keys = self.keys.lock().expect("no panic before").clone();
        let secrets = [self.cloud.secrets(), passwords(&outcome.stdout), planted, keys].concat();
        assert!(!secrets.is_empty(), "there are secrets");
        let assertions: Vec<_> =
            self.client_assertions().into_iter().chain(self.calling_tokens()).chain(self.subject_tokens()).collect();
        for secret in secrets.iter().chain(&assertions) {
            for text in &texts {
                let found = text.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "a secret in the telemetry: {}", String::from_utf8_lossy(text));
            }
        }
    }

    /// The secret of a Cognito client, and the pair that it makes for Basic, in requests to the token endpoint only.
    fn check_client_secrets(&self, role: &[String], outcome: &Outcome) {
        let documents = role.iter().filter_map(|secret| serde_json::from_str::<Value>(secret).ok());
        let client = |document: &Value| {
            let text = |key: &str| document[key].as_str().map(str::to_owned);
            let (id, secret) = (text("client-id")?, text("client-secret")?);
            (!secret.is_empty()).then(|| [STANDARD.encode(format!("{id}:{secret}")), secret])
        };
        let secrets: Vec<_> = documents.filter_map(|document| client(&document)).flatten().collect();
        for secret in &secrets {
            assert!(!outcome.stderr.contains(secret.as_str()), "a client's secret on stderr: {}", outcome.stderr);
        }
        for request in self.cloud.kit().journal.requests().iter().chain(&self.artifactory.kit().journal.requests()) {
            let carries = |secret: &String| text(std::slice::from_ref(request)).contains(secret.as_str());
            if request.path.ends_with("/oauth2/token") {
                let foreign = role.iter().filter(|secret| !secrets.contains(secret));
                assert!(!foreign.into_iter().any(carries), "a secret of the role's at the token endpoint");
            } else {
                assert!(!secrets.iter().any(carries), "a client's secret in {} {}", request.method, request.path);
            }
        }
    }

    /// Reads a manifest with a credential, as a registry client that sends Basic at once does.
    pub(crate) async fn read_manifest(&self, repository: &str, username: &str, password: &str) -> u16 {
        let url = format!("{}/v2/{repository}/hello/manifests/1", self.artifactory.url());
        let request = self.client().get(url).basic_auth(username, Some(password));
        request.send().await.expect("an answer").status().as_u16()
    }

    /// Makes something by Artifactory's REST API, as its administrator.
    pub(crate) async fn administer(&self, path: &str, document: String) {
        let request = self.client().post(format!("{}{path}", self.artifactory.url()));
        assert_eq!(as_administrator(request, document).await, 201, "{path}");
    }

    /// The same where the API replaces what is there.
    pub(crate) async fn put(&self, path: &str, document: String) {
        let request = self.client().put(format!("{}{path}", self.artifactory.url()));
        assert!((200..300).contains(&as_administrator(request, document).await), "{path}");
    }

    /// The token that the kubelet sends for a pod of a service account in the namespace `default`.
    pub(crate) fn pod_token(&self, service_account: &str, audience: &str) -> String {
        let pod = Pod { name: "pod-1".to_owned(), uid: "0f4a2f6e-3b1d-4f0e-8a53-6c9d2b7e1aff".to_owned() };
        let request = TokenRequest { audiences: vec![audience.to_owned()], pod: Some(pod), expiration_seconds: None };
        let token = self.cloud.service_account_token("default", service_account, &request).expect("a token").token;
        self.plant(&token)
    }

    /// A token of a pod that claims to be of this issuer and audience, signed by nobody whom anyone trusts.
    pub(crate) fn token_of_issuer(issuer: &str, audience: &str) -> String {
        let header = serde_json::json!({"alg": "RS256"}).as_object().expect("a header").clone();
        let claims = serde_json::json!({"iss": issuer, "aud": [audience], "sub": "system:serviceaccount:default:app"});
        mock_kit::SigningKey::generate().sign(header, &claims)
    }

    /// A token that claims to be an issuer's, with the id of its key and the signature of another.
    pub(crate) async fn forged_token(&self, issuer: &str) -> String {
        let url = format!("{}/__mock/issuers/{issuer}/tokens", self.cloud.url());
        let claims = r#"{"aud":"44444444-5555-4666-8777-888888888888","oid":"33333333-4444-4555-8666-777777777777"}"#;
        let reply = self.client().post(url).body(claims).send().await.expect("an answer").text().await.expect("a body");
        let reply: Value = serde_json::from_str(&reply).expect("JSON");
        let token = reply["token"].as_str().expect("a token");
        let part = |index: usize| -> Value {
            let segment = token.split('.').nth(index).expect("a segment");
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).expect("base64")).expect("JSON")
        };
        let header = part(0).as_object().expect("a header").clone();
        mock_kit::SigningKey::generate().sign(header, &part(1))
    }

    /// A client that trusts the test's authority.
    pub(crate) fn client(&self) -> reqwest::Client {
        Self::client_trusting(self.artifactory.ca_pem())
    }

    /// A client that trusts the authorities of a bundle.
    pub(crate) fn client_trusting(bundle: &str) -> reqwest::Client {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
            roots.add(certificate.expect("a certificate")).expect("a root");
        }
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        #[expect(clippy::disallowed_methods, reason = "a registry client beside the program under test")]
        let builder = reqwest::Client::builder();
        builder.tls_backend_preconfigured(tls).no_proxy().build().expect("a client")
    }

    /// The session tokens that signed calls for the pull itself, and so never Artifactory's call for the caller's identity.
    fn calling_tokens(&self) -> BTreeSet<String> {
        let requests = self.cloud.kit().journal.requests();
        let calls = requests.iter().filter(|request| request.method == "POST");
        calls.filter_map(|request| request.header("x-amz-security-token").map(str::to_owned)).collect()
    }

    fn client_assertions(&self) -> BTreeSet<String> {
        let requests = self.cloud.kit().journal.requests();
        let fields = requests.iter().flat_map(|request| request.body.split('&'));
        fields.filter_map(|field| field.strip_prefix("client_assertion=")).map(str::to_owned).collect()
    }

    fn subject_tokens(&self) -> BTreeSet<String> {
        let requests = self.artifactory.kit().journal.requests();
        let bodies = requests.iter().filter_map(|request| serde_json::from_str::<Value>(&request.body).ok());
        bodies.filter_map(|body| body["subject_token"].as_str().map(str::to_owned)).collect()
    }
}

async fn as_administrator(request: reqwest::RequestBuilder, document: String) -> u16 {
    let request = request.header("content-type", "application/json").body(document);
    let request = request.basic_auth("admin", Some("admin-password"));
    request.send().await.expect("an answer").status().as_u16()
}

fn passwords(stdout: &str) -> Vec<String> {
    let response: Value = serde_json::from_str(stdout).unwrap_or_default();
    let auth = response["auth"].as_object().into_iter().flat_map(serde_json::Map::values);
    auth.filter_map(|entry| entry["password"].as_str().map(str::to_owned)).collect()
}

fn summary(requests: &[Recorded]) -> Vec<String> {
    requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

fn text(requests: &[Recorded]) -> String {
    serde_json::to_string(requests).expect("JSON")
}
