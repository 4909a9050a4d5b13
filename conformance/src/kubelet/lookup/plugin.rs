//! One provider of a kubelet: its cache and the runs under way.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::super::cache::{AccountKey, Cache, KeyError, expiry, flight_key, token_hash};
use super::super::cluster::Cluster;
use super::super::config::{CacheType, ProviderEntry, TokenAttributes};
use super::super::exec::{Ending, Provider, Run};
use super::super::image::ImageName;
use super::super::log::LogLine;
use super::super::matching::ImageAddress;
use super::super::service_account::{Admission, Pod, Skip};
use super::super::version::{Gate, KubeletVersion};
use super::super::{CredentialProviderRequest, CredentialProviderResponse, RegistryAuth};
use super::Settings;
use super::steps::{EntryMatch, Kept, NotUsed, ProviderLookUp, SentToken, Step};

type Auth = Vec<(String, RegistryAuth)>;
type Flight = Arc<OnceCell<Result<(Run, Duration), String>>>;

/// One provider; its cache and its runs are its own.
#[derive(Debug)]
pub(super) struct Plugin {
    entry: ProviderEntry,
    cache: Mutex<Cache<Auth>>,
    flights: Mutex<BTreeMap<Vec<u8>, Flight>>,
}

/// What a provider is asked with in service account mode; empty without it.
#[derive(Clone, Debug, Default)]
struct Account {
    token: String,
    annotations: BTreeMap<String, String>,
    key: Vec<u8>,
    flight_key: Option<Vec<u8>>,
}

impl Plugin {
    pub(super) fn new(entry: ProviderEntry, version: KubeletVersion, now: Duration) -> Self {
        Self { entry, cache: Mutex::new(Cache::new(version, now)), flights: Mutex::default() }
    }

    /// Asks the provider about an image.
    pub(super) async fn look_up(
        &self,
        image: &ImageName,
        pod: &Pod,
        cluster: &Cluster,
        settings: &Settings,
    ) -> ProviderLookUp {
        let image = image.repository();
        let entries = EntryMatch::all(&self.entry, &ImageAddress::parse(image, settings.version.go()));
        let provider = self.entry.name.clone();
        let (auth, token, log) = (Vec::new(), None, Vec::new());
        let mut look_up = ProviderLookUp { provider, entries, step: Step::NotForImage, auth, token, log };
        if look_up.entries.iter().all(|entry| entry.miss.is_some()) {
            return look_up;
        }
        match self.account(image, pod, cluster, settings).await {
            Ok(account) => {
                look_up.token = Some(SentToken(account.token.clone()));
                self.answer(image, &account, settings, &mut look_up).await;
            }
            Err((step, line)) => {
                look_up.step = step;
                look_up.log.push(line);
            }
        }
        look_up
    }

    /// Reads the account and requests a token, if the entry is in service account mode and the pod has an account.
    async fn account(
        &self,
        image: &str,
        pod: &Pod,
        cluster: &Cluster,
        settings: &Settings,
    ) -> Result<Account, (Step, LogLine)> {
        let Some(attributes) = self.token_attributes(settings.gate) else { return Ok(Account::default()) };
        let has_account = !pod.service_account_name.is_empty();
        let account =
            if has_account { cluster.account(pod).await } else { Ok(super::super::ServiceAccount::default()) };
        let uid = account.as_ref().map(|account| account.uid.clone()).unwrap_or_default();
        let annotations = match Admission::of(attributes, pod, account) {
            Admission::WithoutAccount => return Ok(Account::default()),
            Admission::WithAccount(annotations) => annotations,
            Admission::Skipped(skip) => {
                let line = Skip::log(&skip, pod);
                return Err((Step::Skipped(skip), line));
            }
        };
        let token = cluster.token(pod, &attributes.audience).await.map_err(|error| {
            let at = format!("{}/{}", pod.namespace, pod.service_account_name);
            let line = LogLine::error(format!("Error getting service account token {at}: {error}"));
            (Step::NoToken(error), line)
        })?;
        keys(image, pod, &uid, &annotations, &token, attributes.cache_type)
            .map(|(key, flight_key)| Account { token, annotations, key, flight_key: Some(flight_key) })
            .map_err(|error| {
                let line = LogLine::error(format!("Error generating service account cache key: {error}"));
                (Step::NoKey(error.to_string()), line)
            })
    }

    fn token_attributes(&self, gate: Gate) -> Option<&TokenAttributes> {
        self.entry.token_attributes.as_ref().filter(|_attributes| gate == Gate::Open)
    }

    /// Finds an answer in the cache, or runs the program.
    async fn answer(&self, image: &str, account: &Account, settings: &Settings, look_up: &mut ProviderLookUp) {
        match self.cached(image, account, settings) {
            Ok(Some((step, auth))) => {
                look_up.step = step;
                look_up.auth = auth;
            }
            Err(error) => {
                look_up.step = Step::NoKey(error.to_string());
                // The kubelet prints another variable here, which holds nothing.
                look_up.log.push(LogLine::error("Failed to get cached docker config: <nil>".to_owned()));
            }
            Ok(None) => self.run(image, account, settings, look_up).await,
        }
    }

    fn cached(&self, image: &str, account: &Account, settings: &Settings) -> Result<Option<(Step, Auth)>, KeyError> {
        let mut cache = locked(&self.cache);
        let hit = cache.look_up(image, &account.key, settings.now())?;
        Ok(hit.map(|hit| (Step::FromCache { key_type: hit.key_type, until: hit.expires_at }, hit.value.clone())))
    }

    async fn run(&self, image: &str, account: &Account, settings: &Settings, look_up: &mut ProviderLookUp) {
        let name = &self.entry.name;
        let asking = format!("Getting image {image} credentials from external exec plugin {name}");
        look_up.log.push(LogLine::verbose(5, asking));
        let failed = |words: String| {
            let start = "Failed getting credential from external registry credential provider";
            LogLine::error(format!("{start}: {words}"))
        };
        let (run, took) = match self.shared_run(image, account, settings).await {
            Ok(run) => run,
            Err(error) => {
                let words = format!("error execing credential provider plugin {name} for image {image}: {error}: ");
                look_up.log.push(failed(words));
                look_up.step = Step::NotStarted(error);
                return;
            }
        };
        let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
        let result = match self.judged(&run, account, settings) {
            Ok(response) => {
                let kept = self.kept(image, account, settings, &response);
                look_up.auth = response.auth.iter().map(|(key, auth)| (key.clone(), auth.clone())).collect();
                Ok((kept, response))
            }
            Err(not_used) => {
                look_up.log.push(match &not_used {
                    NotUsed::Failed => {
                        let ending = go_words(run.ending);
                        let words =
                            format!("error execing credential provider plugin {name} for image {image}: {ending}");
                        failed(if settings.version.shows_stderr() { format!("{words}: {stderr}") } else { words })
                    }
                    NotUsed::Response(error @ super::super::ResponseError::CacheKeyType(_)) => {
                        LogLine::error(error.kubelets_words())
                    }
                    NotUsed::Response(error) => failed(error.kubelets_words()),
                    NotUsed::EchoedToken => LogLine::error(format!(
                        "Credential provider plugin returned the service account token as the password for image \
                         \"{image}\", which is not allowed when service account cache type is not set to 'Token'"
                    )),
                });
                Err(not_used)
            }
        };
        look_up.step = Step::Ran { took, ending: run.ending, stderr, result };
    }

    /// Runs the program, or waits for a run that is under way for the same key.
    async fn shared_run(&self, image: &str, account: &Account, settings: &Settings) -> Result<(Run, Duration), String> {
        let key = account.flight_key.clone().unwrap_or_else(|| image.as_bytes().to_vec());
        let flight = Arc::clone(locked(&self.flights).entry(key.clone()).or_default());
        let result = flight.get_or_init(|| self.exec(image, account, settings)).await.clone();
        let mut flights = locked(&self.flights);
        if flights.get(&key).is_some_and(|under_way| Arc::ptr_eq(under_way, &flight)) {
            flights.remove(&key);
        }
        result
    }

    async fn exec(&self, image: &str, account: &Account, settings: &Settings) -> Result<(Run, Duration), String> {
        let request = CredentialProviderRequest {
            service_account_token: Some(account.token.as_str()).filter(|token| !token.is_empty()),
            service_account_annotations: account.annotations.clone(),
            ..CredentialProviderRequest::new(self.entry.api_version, image)
        };
        let provider = Provider {
            program: settings.bin_dir.join(&self.entry.name),
            arguments: self.entry.args.iter().map(OsString::from).collect(),
            environment: self.entry.env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        };
        let started = settings.clock.uptime();
        let run = provider.run(&settings.environment, request.to_json(), settings.timeout).await;
        let run = run.map_err(|error| {
            let words = error.to_string();
            let words = words.split(" (os error").next().unwrap_or_default().to_lowercase();
            format!("fork/exec {}: {words}", provider.program.display())
        })?;
        Ok((run, settings.clock.uptime().saturating_sub(started)))
    }

    fn judged(&self, run: &Run, account: &Account, settings: &Settings) -> Result<CredentialProviderResponse, NotUsed> {
        if run.ending != Ending::Exited(0) {
            return Err(NotUsed::Failed);
        }
        let (version, decoding) = (self.entry.api_version, settings.version.decoding());
        let decoded = super::super::Decoded::parse(&run.stdout, version, decoding).map_err(NotUsed::Response)?;
        let is_token_kept = self.entry.token_attributes.as_ref().is_some_and(|it| it.cache_type == CacheType::Token);
        let is_echo = !account.token.is_empty() && decoded.auth.values().any(|auth| auth.password == account.token);
        if is_echo && !is_token_kept && settings.version.has_cache_type() {
            return Err(NotUsed::EchoedToken);
        }
        decoded.try_into().map_err(NotUsed::Response)
    }

    fn kept(&self, image: &str, account: &Account, settings: &Settings, response: &CredentialProviderResponse) -> Kept {
        let now = settings.now();
        let default = self.entry.default_cache_duration;
        let duration = response.cache_duration.unwrap_or(default);
        let Some(until) = expiry(response.cache_duration, default, now) else { return Kept::Not };
        let auth = response.auth.iter().map(|(key, auth)| (key.clone(), auth.clone())).collect();
        let kept = locked(&self.cache).keep(response.cache_key_type, image, &account.key, auth, until);
        match kept {
            Err(_) => Kept::Not,
            Ok(()) if until < now => Kept::InVain(duration),
            Ok(()) => Kept::Until { duration, until },
        }
    }
}

/// The account's part of a cache key, and the key of its runs.
fn keys(
    image: &str,
    pod: &Pod,
    uid: &str,
    annotations: &BTreeMap<String, String>,
    token: &str,
    cache_type: CacheType,
) -> Result<(Vec<u8>, Vec<u8>), KeyError> {
    let (namespace, name) = (pod.namespace.as_str(), pod.service_account_name.as_str());
    let account = AccountKey { namespace, name, uid, annotations, token, cache_type }.to_bytes()?;
    Ok((account, flight_key(image, &token_hash(token), annotations)?))
}

/// What Go says of a run that failed: <https://pkg.go.dev/os#ProcessState.String>.
fn go_words(ending: Ending) -> String {
    let signal = |number| match number {
        1 => "hangup".to_owned(),
        2 => "interrupt".to_owned(),
        3 => "quit".to_owned(),
        4 => "illegal instruction".to_owned(),
        6 => "aborted".to_owned(),
        7 => "bus error".to_owned(),
        8 => "floating point exception".to_owned(),
        9 => "killed".to_owned(),
        11 => "segmentation fault".to_owned(),
        13 => "broken pipe".to_owned(),
        14 => "alarm clock".to_owned(),
        15 => "terminated".to_owned(),
        number => format!("signal {number}"),
    };
    match ending {
        Ending::Exited(code) => format!("exit status {code}"),
        Ending::Signalled(number) => format!("signal: {}", signal(number)),
        Ending::TimedOut => "context deadline exceeded".to_owned(),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
