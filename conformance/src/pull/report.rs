//! What happened, as facts for a screen or a program; passwords and tokens are not among them.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::pod_file::PodFile;
use super::{LookedUp, Options};
use crate::demo::Verdict;
use crate::kubelet::{
    Ending, Kept, Level, NotUsed, Pod, ProviderLookUp, RegistryAuth, SentToken, Skip, Source as ConfigSource, Step,
};

/// Everything about one run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) kubelet: String,
    pub(super) config: Vec<String>,
    /// As in the metric `kubelet_credential_provider_config_info`.
    pub(super) config_hash: String,
    pub(super) pod: Option<PodReport>,
    pub(super) images: Vec<ImageReport>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct PodReport {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) service_account: String,
}

/// One image.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ImageReport {
    pub(super) image: String,
    /// What providers are asked about.
    pub(super) repository: Option<String>,
    pub(super) error: Option<String>,
    pub(super) providers: Vec<ProviderReport>,
    /// What the pull tries, in order; none is an anonymous pull.
    pub(super) credentials: Vec<CredentialReport>,
    pub(super) log: Vec<LogReport>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ProviderReport {
    pub(super) name: String,
    pub(super) entries: Vec<EntryReport>,
    /// The entry that came nearest, if none is for the image.
    pub(super) nearest: Option<String>,
    pub(super) step: StepReport,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct EntryReport {
    pub(super) entry: String,
    /// Why it is not for the image; absent if it is.
    pub(super) miss: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub(super) enum StepReport {
    NotAsked { reason: String },
    Cache { key_type: &'static str, until: String },
    Run { took_ms: f64, ending: String, stderr: String, answer: Option<AnswerReport>, refused: Option<String> },
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct AnswerReport {
    pub(super) key_type: &'static str,
    pub(super) kept: String,
    pub(super) keys: Vec<String>,
}

/// One credential, without its password.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CredentialReport {
    pub(super) key: String,
    pub(super) source: Source,
    pub(super) username: String,
    pub(super) password_characters: usize,
}

/// Where a credential comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "from", content = "name", rename_all = "kebab-case")]
pub(super) enum Source {
    PullSecret(String),
    Node,
    Provider(String),
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct LogReport {
    pub(super) level: String,
    pub(super) text: String,
}

impl Report {
    pub(super) fn new(options: &Options, source: &ConfigSource, pod: &PodFile) -> Self {
        let Pod { namespace, name, service_account_name, .. } = pod.pod.clone();
        let is_given = options.pod.is_some();
        Self {
            kubelet: options.version.to_string(),
            config: source.files().iter().map(|file| file.path.clone()).collect(),
            config_hash: source.hash(),
            pod: is_given.then_some(PodReport { namespace, name, service_account: service_account_name }),
            images: Vec::new(),
        }
    }

    /// Whether every image has a credential.
    pub(super) fn verdict(&self) -> Verdict {
        let is_anonymous = |image: &ImageReport| image.credentials.is_empty();
        if self.images.iter().any(is_anonymous) { Verdict::Failed } else { Verdict::Held }
    }
}

impl ImageReport {
    pub(super) fn of(image: &str, looked_up: LookedUp, pod: &PodFile, now: OffsetDateTime) -> Self {
        let image = image.to_owned();
        let (name, providers, credentials) = match looked_up {
            Ok(found) => found,
            Err(error) => {
                let (providers, credentials, log) = (Vec::new(), Vec::new(), Vec::new());
                return Self { image, repository: None, error: Some(error), providers, credentials, log };
            }
        };
        let secrets = Secrets::of(&providers, pod);
        let mut log: Vec<_> = providers
            .iter()
            .flat_map(|provider| &provider.log)
            .map(|line| LogReport { level: line.level.to_string(), text: secrets.redacted(line.text.trim_end()) })
            .collect();
        if credentials.is_empty() {
            let text = format!("Pulling image without credentials image={image:?}");
            log.push(LogReport { level: Level::Verbose(3).to_string(), text });
        }
        let repository = Some(name.repository().to_owned());
        let providers = providers.iter().map(|provider| ProviderReport::of(provider, &secrets, now)).collect();
        Self { image, repository, error: None, providers, credentials, log }
    }
}

impl ProviderReport {
    fn of(look_up: &ProviderLookUp, secrets: &Secrets, now: OffsetDateTime) -> Self {
        let entry = |it: &crate::kubelet::EntryMatch| EntryReport {
            entry: it.entry.clone(),
            miss: it.miss.as_ref().map(ToString::to_string),
        };
        Self {
            name: look_up.provider.clone(),
            entries: look_up.entries.iter().map(entry).collect(),
            nearest: look_up.nearest().map(|nearest| nearest.entry.clone()),
            step: StepReport::of(&look_up.step, secrets, now),
        }
    }
}

impl StepReport {
    fn of(step: &Step, secrets: &Secrets, now: OffsetDateTime) -> Self {
        let not_asked = |reason: String| Self::NotAsked { reason };
        match step {
            Step::NotForImage => not_asked("no entry of matchImages is for the image".to_owned()),
            Step::Skipped(Skip::NoServiceAccount) => {
                not_asked("the pod has no service account, and requireServiceAccount is true".to_owned())
            }
            Step::Skipped(Skip::MissingAnnotation(key)) => not_asked(format!(
                "the service account lacks the annotation `{key}` of requiredServiceAccountAnnotationKeys"
            )),
            Step::Skipped(Skip::NoSuchAccount(error)) => {
                not_asked(format!("the service account cannot be read: {error}"))
            }
            Step::NoToken(error) => not_asked(format!("no token of the service account was issued: {error}")),
            Step::NoKey(error) => not_asked(format!("there is no key for its cache: {error}")),
            Step::NotStarted(error) => not_asked(format!("the program could not be started: {error}")),
            Step::FromCache { key_type, until } => {
                Self::Cache { key_type: key_type.as_str(), until: moment(until.as_secs(), now) }
            }
            Step::Ran { took, ending, stderr, result } => {
                let answer = result.as_ref().ok().map(|(kept, response)| AnswerReport {
                    key_type: response.cache_key_type.as_str(),
                    kept: told(kept, now),
                    keys: response.auth.keys().cloned().collect(),
                });
                Self::Run {
                    took_ms: (took.as_secs_f64() * 1e4).round() / 10.0,
                    ending: ending.to_string(),
                    stderr: secrets.redacted(stderr.trim_end()),
                    answer,
                    refused: result.as_ref().err().map(|error| refusal(error, *ending)),
                }
            }
        }
    }
}

fn refusal(error: &NotUsed, ending: Ending) -> String {
    match error {
        NotUsed::Failed => format!("the run ended with {ending}, so that its output counts for nothing"),
        NotUsed::Response(error) => format!("the response is not used: {error}"),
        NotUsed::EchoedToken => {
            "the response holds the pod's token as a password, which only cacheType Token allows".to_owned()
        }
    }
}

fn told(kept: &Kept, now: OffsetDateTime) -> String {
    match kept {
        Kept::Not => "not kept, its duration is 0".to_owned(),
        Kept::InVain(duration) => format!("kept in vain, its duration is {duration}"),
        Kept::Until { duration, until } => format!("kept for {duration}, until {}", moment(until.as_secs(), now)),
    }
}

/// A moment, or how far it is away if no calendar has it.
fn moment(unix: u64, now: OffsetDateTime) -> String {
    let at = i64::try_from(unix).ok().and_then(|unix| OffsetDateTime::from_unix_timestamp(unix).ok());
    let text = at.and_then(|at| at.format(&Rfc3339).ok());
    text.unwrap_or_else(|| format!("some time after {}", now.year()))
}

impl CredentialReport {
    pub(super) fn new(key: &str, source: &Source, auth: &RegistryAuth) -> Self {
        Self {
            key: key.to_owned(),
            source: source.clone(),
            username: auth.username.clone(),
            password_characters: auth.password.chars().count(),
        }
    }
}

/// What no report holds.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(providers: &[ProviderLookUp], pod: &PodFile) -> Self {
        let from_providers =
            providers.iter().flat_map(|provider| provider.auth.iter().map(|(_key, auth)| &auth.password));
        let from_pod = pod.pull_secrets.iter().flat_map(|(_name, auth)| auth.values().map(|auth| &auth.password));
        let sent = providers.iter().filter_map(|provider| provider.token.as_ref().map(SentToken::expose));
        let all = from_providers.chain(from_pod).chain(&pod.token).map(String::as_str).chain(sent);
        Self(all.filter(|secret| !secret.is_empty()).map(str::to_owned).collect())
    }

    fn redacted(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "[secret]"))
    }
}
