//! The pod that images are pulled for, from a file.
//!
//! Either a manifest of a pod, which may be followed by the manifests of its `ServiceAccount` and of its pull secrets and
//! by a document with `token`, `tokenFile` or `kubernetes`; or one document with all of it:
//!
//! ```yaml
//! namespace: default
//! name: app-1
//! uid: 6f0a0f3c-0000-4000-8000-000000000001
//! serviceAccountName: app
//! serviceAccount:
//!   uid: 6f0a0f3c-0000-4000-8000-000000000002
//!   annotations: {r.io/role: puller}
//! tokenFile: /tmp/token          # or token: .., or kubernetes: http://127.0.0.1:8080, a mock cluster
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::Auth;
use super::docker_config::{self, DockerConfigError};
use crate::kubelet::{Cluster, Pod, ServiceAccount, yaml_documents};

/// Why a pod cannot be used. No message holds a value of it.
#[derive(Debug, Error)]
pub enum PodFileError {
    /// A file that cannot be read.
    #[error("failed to read `{}`: name a manifest of a pod with --pod, and a readable `tokenFile` in it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No YAML.
    #[error("`{}` is no YAML: {problem}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        problem: String,
    },
    /// A document that is none of those known.
    #[error(
        "`{}` has a document that is not understood: it should be a Pod, a ServiceAccount or a Secret, or have the fields \
         namespace, name, uid, serviceAccountName, serviceAccount, token, tokenFile, kubernetes: {problem}",
        path.display()
    )]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A pull secret that holds no Docker configuration.
    #[error(transparent)]
    Secret(#[from] DockerConfigError),
    /// The mock cluster cannot be asked.
    #[error("failed to prepare the client of the cluster")]
    Client(#[source] reqwest::Error),
}

/// What a file says of a pod.
#[derive(Debug, Default)]
pub(super) struct PodFile {
    pub(super) pod: Pod,
    pub(super) cluster: Cluster,
    /// Pull secrets by name, in the order of the file.
    pub(super) pull_secrets: Vec<(String, Auth)>,
    /// The token, if it is in the file or in another.
    pub(super) token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Plain {
    namespace: Option<String>,
    name: String,
    uid: String,
    service_account_name: String,
    service_account: Account,
    annotations: BTreeMap<String, String>,
    token: Option<String>,
    token_file: Option<PathBuf>,
    kubernetes: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Account {
    uid: String,
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    namespace: Option<String>,
    name: String,
    uid: String,
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    data: BTreeMap<String, String>,
    #[serde(default, rename = "stringData")]
    string_data: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    service_account_name: Option<String>,
}

/// Everything that the documents say, before it is put together.
#[derive(Default)]
struct Gathered {
    pod: Pod,
    account: ServiceAccount,
    token: Option<String>,
    kubernetes: Option<String>,
    pull_secrets: Vec<(String, Auth)>,
}

impl PodFile {
    pub(super) fn read(path: &Path) -> Result<Self, PodFileError> {
        let bytes = std::fs::read(path).map_err(|source| PodFileError::Read { path: path.to_owned(), source })?;
        let documents = yaml_documents(&bytes);
        let documents = documents.map_err(|problem| PodFileError::Yaml { path: path.to_owned(), problem })?;
        let mut gathered = Gathered::default();
        for document in documents {
            gathered.add(document, path)?;
        }
        gathered.into_pod_file()
    }
}

impl Gathered {
    fn add(&mut self, document: Value, path: &Path) -> Result<(), PodFileError> {
        let unfit = |error: serde_json::Error| {
            let words = error.to_string();
            // The parser quotes a value of a wrong type, which may be a token.
            let is_about_names = ["unknown field", "missing field"].iter().any(|start| words.starts_with(start));
            let problem = if is_about_names { words } else { "a field has the wrong type".to_owned() };
            PodFileError::Document { path: path.to_owned(), problem }
        };
        let kind = document.get("kind").and_then(Value::as_str).map(str::to_owned);
        match kind.as_deref() {
            None => self.add_plain(serde_json::from_value(document).map_err(unfit)?)?,
            Some("Pod") => self.add_pod(serde_json::from_value(document).map_err(unfit)?),
            Some("ServiceAccount") => {
                let Manifest { metadata: Metadata { uid, annotations, .. }, .. } =
                    serde_json::from_value(document).map_err(unfit)?;
                self.account = ServiceAccount { uid, annotations };
            }
            Some("Secret") => self.add_secret(&serde_json::from_value(document).map_err(unfit)?)?,
            Some(other) => {
                let problem = format!("kind is `{other}`");
                return Err(PodFileError::Document { path: path.to_owned(), problem });
            }
        }
        Ok(())
    }

    fn add_plain(&mut self, plain: Plain) -> Result<(), PodFileError> {
        let Plain {
            namespace,
            name,
            uid,
            service_account_name,
            service_account: Account { uid: account, annotations },
            ..
        } = plain;
        let is_pod = !name.is_empty() || !service_account_name.is_empty() || namespace.is_some();
        if is_pod {
            let namespace = namespace.unwrap_or_else(|| "default".to_owned());
            self.pod = Pod { namespace, name, uid, service_account_name };
        }
        if !account.is_empty() || !annotations.is_empty() || !plain.annotations.is_empty() {
            let annotations = annotations.into_iter().chain(plain.annotations).collect();
            self.account = ServiceAccount { uid: account, annotations };
        }
        if let Some(path) = plain.token_file {
            let token = std::fs::read_to_string(&path).map_err(|source| PodFileError::Read { path, source })?;
            self.token = Some(token.trim().to_owned());
        }
        self.token = plain.token.or(self.token.take());
        self.kubernetes = plain.kubernetes.or(self.kubernetes.take());
        Ok(())
    }

    /// A pod that names no service account has `default`, as the API server sees to.
    fn add_pod(&mut self, Manifest { metadata, spec, .. }: Manifest) {
        let Metadata { namespace, name, uid, .. } = metadata;
        let service_account_name = spec.service_account_name.unwrap_or_else(|| "default".to_owned());
        let namespace = namespace.unwrap_or_else(|| "default".to_owned());
        self.pod = Pod { namespace, name, uid, service_account_name };
    }

    fn add_secret(&mut self, Manifest { metadata, data, string_data, .. }: &Manifest) -> Result<(), PodFileError> {
        let shown = format!("the secret `{}`", metadata.name);
        for key in [".dockerconfigjson", ".dockercfg"] {
            let plain = string_data.get(key).map(|text| text.clone().into_bytes());
            let encoded = data.get(key).map(|text| STANDARD.decode(text).unwrap_or_default());
            if let Some(bytes) = plain.or(encoded) {
                self.pull_secrets.push((metadata.name.clone(), docker_config::parse(&bytes, &shown)?));
                return Ok(());
            }
        }
        Err(DockerConfigError::Shape(shown).into())
    }

    fn into_pod_file(self) -> Result<PodFile, PodFileError> {
        let Self { pod, account, token, kubernetes, pull_secrets } = self;
        let cluster = match kubernetes {
            Some(url) => Cluster::mock(&url).map_err(PodFileError::Client)?,
            None if pod.service_account_name.is_empty() => Cluster::Absent,
            None => Cluster::Given { account, token: token.clone() },
        };
        Ok(PodFile { pod, cluster, pull_secrets, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PodFile, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pod.yaml");
        std::fs::write(&path, text).unwrap();
        PodFile::read(&path).map_err(|error| error.to_string().replace(&*folder.path().to_string_lossy(), "DIR"))
    }

    #[test]
    fn one_document_says_it_all() {
        let pod = read(
            "namespace: ns\nname: p\nuid: u\nserviceAccountName: s\nserviceAccount: {uid: su, annotations: {a: b}}\ntoken: t\n",
        );
        let pod = pod.unwrap();
        assert_eq!(pod.pod.service_account_name, "s");
        let Cluster::Given { account, token } = pod.cluster else { panic!() };
        assert_eq!((account.uid.as_str(), account.annotations["a"].as_str(), token.as_deref()), ("su", "b", Some("t")));
    }

    #[test]
    fn manifests_are_read_as_the_api_server_has_them() {
        let text = "kind: Pod\nmetadata: {name: p, uid: u}\nspec: {containers: []}\n---\nkind: ServiceAccount\nmetadata: {name: default, \
                    annotations: {a: b}}\n---\nkind: Secret\nmetadata: {name: s}\nstringData: {.dockerconfigjson: '{\"auths\":{\"r.io\":\
                    {\"auth\":\"dTpw\"}}}'}\n---\ntoken: t\n";
        let pod = read(text).unwrap();
        assert_eq!((pod.pod.namespace.as_str(), pod.pod.service_account_name.as_str()), ("default", "default"));
        assert_eq!(pod.pull_secrets[0].1["r.io"].username, "u");
        assert_eq!(pod.token.as_deref(), Some("t"));
    }

    #[test]
    fn a_document_that_is_not_understood_is_told_without_its_values() {
        let error = read("serviceAccount: {token: hunter2}\n").unwrap_err();
        assert!(error.contains("unknown field `token`") && !error.contains("hunter2"), "{error}");
        let error = read("serviceAccount: hunter2\n").unwrap_err();
        assert!(error.ends_with("a field has the wrong type") && !error.contains("hunter2"), "{error}");
        assert!(read("kind: Job\n").unwrap_err().ends_with("kind is `Job`"));
        assert!(read("a: [\n").unwrap_err().starts_with("`DIR/pod.yaml` is no YAML: yaml: line "));
        assert!(read("tokenFile: /nowhere/token\n").unwrap_err().contains("a readable `tokenFile`"));
        assert!(read("kind: Secret\nmetadata: {name: s}\n").unwrap_err().starts_with("the secret `s` is no Docker"));
    }
}
