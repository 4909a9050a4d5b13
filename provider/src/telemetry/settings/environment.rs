//! OpenTelemetry's own variables. One that makes no sense counts as unset, as its specification has it: a variable that is
//! set for every program of a node is no reason to refuse a pull.
//!
//! Source: OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".

use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::{AccountIds, Collector, Compression, Files, Log, Protocol, Sampler, Settings};
use crate::artifactory::Scheme;
use crate::config::Environment;
use crate::http::{ClientCertificate, Proxies, Roots, Tls, Transport};
use crate::secret::Secret;
use crate::telemetry::log::journald::SOCKET;
use crate::telemetry::textfile::EXTENSION;

/// The folder of the spool, below the system's root.
const SPOOL: &str = "run/artifactory-credential-provider/telemetry";

/// The variable of [`Files::metrics`].
const METRICS_FILE: &str = "ARTIFACTORY_CREDENTIAL_PROVIDER_METRICS_FILE";

/// The variable of [`Files::log`].
const LOG_FILE: &str = "ARTIFACTORY_CREDENTIAL_PROVIDER_LOG_FILE";

/// The word for the journal in the place of a file.
const JOURNALD: &str = "journald";

/// What the file says in the place of variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) endpoint: Option<Url>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) spool: Option<PathBuf>,
    pub(crate) metrics_file: Option<PathBuf>,
    pub(crate) log: Option<Log>,
    pub(crate) account_ids: AccountIds,
}

impl Settings {
    /// The settings of the variables alone; `None` where they ask for no telemetry.
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Option<Self> {
        Self::of(Said::default(), environment)
    }

    /// The settings of the file, and of the variables where it says nothing. The switches that turn telemetry off win over
    /// both; the one for traces leaves the node's own files alone.
    pub(crate) fn of(said: Said, environment: &Environment) -> Option<Self> {
        if is_true(environment.value("OTEL_SDK_DISABLED")) {
            return None;
        }
        let is_told = environment.value("OTEL_TRACES_EXPORTER").is_none_or(|exporter| exporter == "otlp");
        let collector = || Variables(environment).collector(said.endpoint, said.protocol);
        let collector = if is_told { collector() } else { None };
        let metrics = environment.value(METRICS_FILE).and_then(metrics_file);
        let log = || log(environment.value(LOG_FILE)?, environment);
        let files = Files { metrics: said.metrics_file.or(metrics), log: said.log.or_else(log) };
        if collector.is_none() && files.is_empty() {
            return None;
        }
        let sampler = environment.value("OTEL_TRACES_SAMPLER");
        let sampler = sampler.and_then(|word| Sampler::parse(word, environment.value("OTEL_TRACES_SAMPLER_ARG")));
        Some(Self {
            collector,
            files,
            sampler: sampler.unwrap_or_default(),
            resource: resource(environment),
            spool: said.spool.unwrap_or_else(|| environment.system_root().join(SPOOL)),
            account_ids: said.account_ids,
        })
    }
}

/// The variables of the exporter: the one for traces goes before the one for everything.
struct Variables<'e>(&'e Environment);

const ENDPOINT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const INSECURE: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"];
const PROTOCOL: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const TIMEOUT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const COMPRESSION: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
const CERTIFICATE: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];
const CLIENT_CERTIFICATE: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"];
const CLIENT_KEY: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"];

/// The time that one request has unless a variable says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

impl Variables<'_> {
    fn collector(&self, endpoint: Option<Url>, protocol: Option<Protocol>) -> Option<Collector> {
        let protocol = protocol.or_else(|| self.first(PROTOCOL).and_then(Protocol::parse)).unwrap_or_default();
        let url = self.url(endpoint, protocol)?;
        Some(Collector {
            protocol,
            headers: self.first(HEADERS).map(headers).unwrap_or_default(),
            timeout: self.first(TIMEOUT).and_then(milliseconds).unwrap_or(DEFAULT_TIMEOUT),
            compression: match self.first(COMPRESSION) {
                Some("gzip") => Compression::Gzip,
                _ => Compression::Plain,
            },
            transport: self.transport(&url),
            url: url.into(),
        })
    }

    fn first(&self, [traces, all]: [&str; 2]) -> Option<&str> {
        self.0.value(traces).or(self.0.value(all))
    }

    /// The address for traces is taken as it is; behind the one for everything, and the file's, comes the path of traces,
    /// unless the protocol is gRPC, which needs none.
    fn url(&self, said: Option<Url>, protocol: Protocol) -> Option<Url> {
        if protocol == Protocol::Grpc {
            return said.or_else(|| self.first(ENDPOINT).and_then(|text| address(text).or_else(|| self.bare(text))));
        }
        let [traces, all] = ENDPOINT;
        if let (None, Some(exact)) = (&said, self.0.value(traces)) {
            return address(exact);
        }
        let mut url = said.or_else(|| self.0.value(all).and_then(address))?;
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Some(url)
    }

    /// A host and port, which gRPC may be given without a scheme.
    fn bare(&self, text: &str) -> Option<Url> {
        let scheme = if is_true(self.first(INSECURE)) { "http" } else { "https" };
        if text.contains("://") { None } else { address(&format!("{scheme}://{text}")) }
    }

    fn transport(&self, url: &Url) -> Transport {
        let file = |names| self.first(names).map(PathBuf::from);
        let roots = file(CERTIFICATE).map_or_else(|| self.0.roots(), Roots::file);
        let pair = file(CLIENT_CERTIFICATE).zip(file(CLIENT_KEY));
        let client_certificate = pair.map(|(certificate, key)| ClientCertificate { certificate, key });
        let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
        let proxies = self.0.proxies(scheme).unwrap_or(Proxies::Direct);
        Transport { tls: Tls { client_certificate, ..Tls::trusting(roots) }, proxies }
    }
}

/// A file that the textfile collector reads, which is known by its name, wherever the program is started.
pub(crate) fn metrics_file(text: &str) -> Option<PathBuf> {
    let path = Path::new(text.trim());
    let is_read = path.extension().is_some_and(|extension| extension == EXTENSION);
    (path.is_absolute() && is_read).then(|| path.to_owned())
}

/// The journal, or a file that lies in the same place wherever the program is started.
pub(crate) fn log(text: &str, environment: &Environment) -> Option<Log> {
    if text == JOURNALD {
        return Some(Log::Journald(environment.system_root().join(SOCKET)));
    }
    let path = Path::new(text.trim());
    (path.is_absolute() && path.file_name().is_some()).then(|| Log::File(path.to_owned()))
}

/// An address of a collector, which is one of HTTP.
pub(crate) fn address(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn milliseconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().filter(|number| *number > 0).map(Duration::from_millis)
}

/// Pairs of `name=value` with commas between them and values percent-encoded, as in W3C Baggage.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((name.trim().to_owned(), value.into_owned())).filter(|(name, _)| !name.is_empty())
    })
}

fn headers(text: &str) -> Vec<(String, Secret)> {
    pairs(text).map(|(name, value)| (name, Secret::new(value))).collect()
}

/// Who this is: the program, the node, and what `OTEL_RESOURCE_ATTRIBUTES` adds or says otherwise.
fn resource(environment: &Environment) -> Vec<(String, String)> {
    let mut resource: Vec<_> = pairs(environment.value("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default()).collect();
    if let Some(name) = environment.value("OTEL_SERVICE_NAME") {
        resource.retain(|(key, _)| key != "service.name");
        resource.push(("service.name".to_owned(), name.to_owned()));
    }
    let own = [
        ("service.name", env!("CARGO_PKG_NAME")),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("host.name", environment.node()),
    ];
    for (key, value) in own {
        if !value.is_empty() && resource.iter().all(|(name, _)| name != key) {
            resource.push((key.to_owned(), value.to_owned()));
        }
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/base/");

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn with(variables: &[(&str, &str)]) -> Option<Settings> {
        Settings::from_environment(&environment(variables))
    }

    fn collector(variables: &[(&str, &str)]) -> Collector {
        with(variables).expect("settings").collector.expect("a collector")
    }

    #[test]
    fn a_file_of_metrics_is_enough_and_traces_may_be_off_without_it() {
        let file = (METRICS_FILE, "/var/lib/node_exporter/pulls.prom");
        let settings = with(&[file]).expect("settings");
        assert_eq!((settings.collector, settings.files.metrics), (None, Some(file.1.into())));
        let settings = with(&[file, BASE, ("OTEL_TRACES_EXPORTER", "none")]).expect("settings");
        assert!(settings.collector.is_none() && !settings.files.is_empty());
        assert_eq!(with(&[file, ("OTEL_SDK_DISABLED", "true")]), None);
        for nonsense in ["pulls.prom", "/var/lib/pulls.txt", "/", ""] {
            assert_eq!(with(&[(METRICS_FILE, nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_log_is_enough_too() {
        let settings = with(&[(LOG_FILE, "/var/log/pulls.log")]).expect("settings");
        assert_eq!(settings.files.log, Some(Log::File("/var/log/pulls.log".into())));
        let settings = with(&[(LOG_FILE, JOURNALD)]).expect("settings");
        assert_eq!(settings.files.log, Some(Log::Journald("/run/systemd/journal/socket".into())));
        for nonsense in ["pulls.log", "/", ""] {
            assert_eq!(with(&[(LOG_FILE, nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn no_endpoint_is_no_telemetry_and_each_switch_turns_it_off() {
        assert_eq!(with(&[]), None);
        assert_eq!(with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")]), None);
        assert_eq!(with(&[BASE, ("OTEL_SDK_DISABLED", "TRUE")]), None);
        assert_eq!(with(&[BASE, ("OTEL_TRACES_EXPORTER", "none")]), None);
        assert!(with(&[BASE, ("OTEL_SDK_DISABLED", "1"), ("OTEL_TRACES_EXPORTER", "otlp")]).is_some());
    }

    #[test]
    fn the_address_for_traces_is_exact_and_the_other_is_a_base() {
        let url = |variables: &[(&str, &str)]| collector(variables).url;
        assert_eq!(url(&[BASE]), "http://collector:4318/base/v1/traces");
        let exact = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c.example.com/otlp");
        assert_eq!(url(&[BASE, exact]), "https://c.example.com/otlp");
        let said = Said { endpoint: address("http://file:1"), ..Said::default() };
        let settings = Settings::of(said, &environment(&[BASE, exact])).expect("settings");
        assert_eq!(settings.collector.expect("a collector").url, "http://file:1/v1/traces");
    }

    #[test]
    fn an_address_of_grpc_has_no_path_and_may_have_no_scheme() {
        let url = |variables: &[(&str, &str)]| {
            let grpc = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
            with(&[&grpc, variables].concat()).and_then(|settings| settings.collector).map(|collector| collector.url)
        };
        let base = |address| url(&[("OTEL_EXPORTER_OTLP_ENDPOINT", address)]);
        assert_eq!(base("http://collector:4317").as_deref(), Some("http://collector:4317/"));
        assert_eq!(base("collector:4317").as_deref(), Some("https://collector:4317/"));
        let insecure = [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("OTEL_EXPORTER_OTLP_INSECURE", "true")];
        assert_eq!(url(&insecure).as_deref(), Some("http://collector:4317/"));
        assert_eq!(base("unix:///run/collector.sock"), None);
    }

    #[test]
    fn the_variable_for_traces_goes_before_the_one_for_everything() {
        let collector = collector(&[
            BASE,
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x = y ,,nothing"),
        ]);
        assert_eq!((collector.protocol, collector.timeout), (Protocol::HttpJson, Duration::from_millis(250)));
        assert_eq!(collector.compression, Compression::Gzip);
        let headers: Vec<_> = collector.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(headers, [("api-key", "a b"), ("x", "y")]);
    }

    #[test]
    fn what_makes_no_sense_counts_as_unset() {
        let settings = with(&[
            BASE,
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
        ]);
        assert_eq!(settings, with(&[BASE]));
        assert_eq!(settings.expect("settings").collector.expect("a collector").timeout, DEFAULT_TIMEOUT);
    }

    #[test]
    fn certificates_are_files_of_the_variables() {
        let collector = collector(&[
            BASE,
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/client.pem"),
            ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/key.pem"),
        ]);
        let tls = collector.transport.tls;
        assert_eq!(tls.roots, Roots::file("/ca.pem".into()));
        let files = tls.client_certificate.expect("a client certificate");
        assert_eq!((files.certificate, files.key), ("/client.pem".into(), "/key.pem".into()));
    }

    #[test]
    fn the_resource_is_the_programs_unless_the_variables_say_otherwise() {
        let resource = |variables: &[(&str, &str)]| {
            let environment = environment(&[&[BASE], variables].concat()).on_node("node-1");
            let mut resource = Settings::from_environment(&environment).expect("settings").resource;
            resource.sort();
            resource.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        };
        let version = env!("CARGO_PKG_VERSION");
        let own = format!("host.name=node-1 service.name=artifactory-credential-provider service.version={version}");
        assert_eq!(resource(&[]), own);
        let said = [
            ("OTEL_RESOURCE_ATTRIBUTES", "k8s.node.name=n%2C1,service.name=x,host.name=h"),
            ("OTEL_SERVICE_NAME", "pulls"),
        ];
        let expected = format!("host.name=h k8s.node.name=n,1 service.name=pulls service.version={version}");
        assert_eq!(resource(&said), expected);
    }
}
