//! One pull of a case: the kubelet's cache, then the plugin as the kubelet starts it.

use std::io;
use std::path::Path;
use std::time::Duration;

use mock_kit::Recorded;

use super::adapter::{Entry, TokenEntry};
use super::case::{Case, Pull, Service, Token};
use super::facts::UnknownFact;
use super::node::{Account, NAMESPACE, Node, NodeError};
use crate::kubelet::{
    AccountKey, ApiVersion, Cache, CredentialProviderRequest, CredentialProviderResponse, Decoding, Ending,
    Environment, GoDuration, ImageName, KubeletVersion, Provider, ResponseError, Run, TIMEOUT, expiry,
};

/// An audience that no plugin's entry names.
const OTHER_AUDIENCE: &str = "https://vault.example";

/// The service account that EKS Pod Identity has an association for in the built-in world.
const POD_IDENTITY: (&str, &str) = ("aws-pod-identity", "pod-identity");

/// `defaultCacheDuration` of the entry, which is required there.
const DEFAULT_DURATION: GoDuration = GoDuration::from_secs(300);

/// How long after its minute a plugin's output may be held open.
const PATIENCE: Duration = Duration::from_secs(5);

/// A kubelet and a plugin that meet in one world.
pub(super) struct Meeting<'a> {
    pub(super) node: &'a Node,
    pub(super) program: &'a Path,
    pub(super) entry: Entry,
    pub(super) token: Option<&'a TokenEntry>,
    pub(super) identity: &'a str,
    cache: Cache<CredentialProviderResponse>,
}

/// What came of one pull, not judged yet.
pub(super) struct Attempt {
    pub(super) version: ApiVersion,
    /// The repository that the kubelet asks about.
    pub(super) image: String,
    pub(super) stdin: String,
    /// The token of the service account that the plugin was given.
    pub(super) token: Option<String>,
    /// `None`: the answer was the cache's.
    pub(super) run: Option<Run>,
    pub(super) took: Duration,
    /// What a kubelet makes of it: a strict one, or else a lenient one.
    pub(super) response: Result<CredentialProviderResponse, ResponseError>,
    pub(super) asked: Vec<(Service, Recorded)>,
}

/// Why a pull could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttemptError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Fact(#[from] UnknownFact),
    #[error("`{0}` is no image name")]
    Image(String),
    #[error("the plugin does not start: {0}")]
    Start(#[from] io::Error),
}

impl<'a> Meeting<'a> {
    pub(super) fn new(
        node: &'a Node,
        program: &'a Path,
        entry: Entry,
        token: Option<&'a TokenEntry>,
        identity: &'a str,
    ) -> Self {
        let cache = Cache::new(KubeletVersion::NEWEST, node.clock.uptime());
        Self { node, program, entry, token, identity, cache }
    }

    /// Makes one pull.
    pub(super) async fn pull(&mut self, pull: &Pull) -> Result<Attempt, AttemptError> {
        let version = ApiVersion::from(pull.api_version);
        let full = self.node.facts.render(&pull.image)?;
        let image = ImageName::parse(&full).map_err(|_| AttemptError::Image(full.clone()))?.repository().to_owned();
        let (account, token) = self.account(pull)?;
        let key = self.key(&account, token.as_deref());
        let stdin = self.stdin(pull, version, &image, &account, token.as_deref())?;
        let mark = self.node.mark();
        let now = self.now();
        let kept = self.cache.look_up(&image, &key, now).ok().flatten().map(|hit| hit.value.clone());
        if let Some(response) = kept {
            let (took, response, asked) = (Duration::ZERO, Ok(response), Vec::new());
            return Ok(Attempt { version, image, stdin, token, run: None, took, response, asked });
        }
        let started = self.node.clock.uptime();
        let run = self.run(pull, &stdin).await?;
        let took = self.node.clock.uptime().saturating_sub(started);
        let parse = |decoding| CredentialProviderResponse::parse(&run.stdout, version, decoding);
        let response = parse(Decoding::Strict).or_else(|_strict| parse(Decoding::Lenient));
        if let (Ok(response), Ending::Exited(0)) = (&response, run.ending)
            && let Some(until) = expiry(response.cache_duration, DEFAULT_DURATION, now)
        {
            // A key that is too long for the cache is not kept, as in the kubelet.
            let _ = self.cache.keep(response.cache_key_type, &image, &key, response.clone(), until);
        }
        let asked = self.node.asked_since(mark);
        Ok(Attempt { version, image, stdin, token, run: Some(run), took, response, asked })
    }

    /// Runs the plugin. A child of it that holds its output open would make a kubelet wait for as long; here it is over
    /// soon after the minute.
    async fn run(&self, pull: &Pull, stdin: &str) -> Result<Run, AttemptError> {
        let (provider, environment) = (self.provider(), environment(pull, self.node)?);
        let run = provider.run(&environment, stdin.as_bytes().to_vec(), TIMEOUT);
        match tokio::time::timeout(TIMEOUT + PATIENCE, run).await {
            Ok(run) => Ok(run?),
            Err(_elapsed) => Ok(Run { ending: Ending::TimedOut, stdout: Vec::new(), stderr: Vec::new() }),
        }
    }

    fn now(&self) -> Duration {
        let nanos = self.node.clock.now().unix_timestamp_nanos();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
    }

    /// Who pulls, and the token that is sent; neither without service account mode or for a static pod.
    fn account(&self, pull: &Pull) -> Result<(Account, Option<String>), AttemptError> {
        let Some(entry) = self.token.filter(|_entry| pull.token != Token::None) else {
            return Ok((Account::default(), None));
        };
        let (identity, own) = POD_IDENTITY;
        let usual = if self.identity == identity { own } else { "app" };
        let mut account = self.node.account(pull.service_account.as_deref().unwrap_or(usual))?;
        account.annotations.retain(|key, _value| entry.annotations.contains(key));
        for (key, value) in &pull.annotations {
            account.annotations.insert(key.clone(), self.node.facts.render(value)?);
        }
        let audience = if pull.token == Token::OtherAudience { OTHER_AUDIENCE } else { entry.audience.as_str() };
        let token = self.node.token(&account.name, audience)?;
        if pull.token == Token::Expired {
            self.node.outlive_tokens();
        }
        Ok((account, Some(token)))
    }

    fn key(&self, account: &Account, token: Option<&str>) -> Vec<u8> {
        let (Some(entry), Some(token)) = (self.token, token) else { return Vec::new() };
        let Account { name, uid, annotations } = account;
        let cache_type = entry.cache_type.into();
        let key = AccountKey { namespace: NAMESPACE, name, uid, annotations, token, cache_type };
        key.to_bytes().unwrap_or_default()
    }

    fn stdin(
        &self,
        pull: &Pull,
        version: ApiVersion,
        image: &str,
        account: &Account,
        token: Option<&str>,
    ) -> Result<String, UnknownFact> {
        if let Some(text) = &pull.stdin {
            return self.node.facts.render(text);
        }
        let mut request = CredentialProviderRequest::new(version, image);
        request.service_account_token = token;
        request.service_account_annotations = account.annotations.clone();
        let text = String::from_utf8_lossy(&request.to_json()).into_owned();
        let fields = pull.fields.iter().map(|(key, value)| format!(",{}:{value}", serde_json::json!(key)));
        let end = text.rfind('}').unwrap_or_default();
        Ok(format!("{}{}{}", &text[..end], fields.collect::<String>(), &text[end..]))
    }

    fn provider(&self) -> Provider {
        Provider {
            program: self.program.to_owned(),
            arguments: self.entry.args.iter().map(Into::into).collect(),
            environment: self.entry.env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        }
    }
}

/// The kubelet's own environment: what is needed to find programs, in a lab what is needed to trust its authority, and what
/// the case adds. A proxy or a profile of who runs the suite reaches no plugin.
fn environment(pull: &Pull, node: &Node) -> Result<Environment, UnknownFact> {
    let mut own = node.environment.clone();
    own.insert("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
    for (name, value) in &pull.environment {
        own.insert(name.into(), node.facts.render(value)?.into());
    }
    Ok(own)
}

impl Attempt {
    /// What was written to standard output, or what the kubelet had kept.
    pub(super) fn stdout(&self) -> &[u8] {
        self.run.as_ref().map(|run| run.stdout.as_slice()).unwrap_or_default()
    }

    /// What was written to standard error.
    pub(super) fn stderr(&self) -> String {
        self.run.as_ref().map(|run| String::from_utf8_lossy(&run.stderr).into_owned()).unwrap_or_default()
    }

    /// Whether the kubelet uses the answer.
    pub(super) fn exited_well(&self) -> bool {
        self.run.as_ref().is_none_or(|run| run.ending == Ending::Exited(0))
    }

    /// Every password that the plugin wrote, whether or not the kubelet takes the answer.
    pub(super) fn passwords(&self) -> Vec<String> {
        if let Ok(response) = &self.response {
            return response.auth.values().map(|auth| auth.password.clone()).collect();
        }
        let json: serde_json::Value = serde_json::from_slice(self.stdout()).unwrap_or_default();
        let auth = json["auth"].as_object().into_iter().flat_map(serde_json::Map::values);
        auth.filter_map(|auth| auth["password"].as_str().map(str::to_owned)).collect()
    }
}

/// Every pull of a case: the first, then the later ones with how long after the one before.
pub(super) fn pulls(case: &Case) -> impl Iterator<Item = (Option<&str>, &Pull, &super::case::Expect)> {
    let later = case.then.iter().map(|then| (then.after.as_deref(), &then.pull, &then.expect));
    std::iter::once((None, &case.pull, &case.expect)).chain(later)
}
