//! One trace a pull, read in any OpenTelemetry collector, that costs the pull next to nothing. Off unless asked for.
//!
//! ```text
//! pull ──▶ answer on stdout ──▶ one line in the spool ──▶ exit
//!   │                                   │
//!   └─ no exporter: starts one ──▶ exporter: drains the spool, sends OTLP, lingers for the
//!      (takes its lock for it)      rest of a burst, backs off while the collector is down
//! ```
//!
//! # Layout
//!
//! - `settings`: what the configuration says.
//! - `step`: the spans of the five steps, and what they say.
//! - `call`: the span of one attempt of one HTTP request.
//! - `context`: the W3C trace context that comes in and goes out.
//! - `recorder`: keeps the spans of this process in memory.
//! - `failure`: what a pull that failed says.
//! - `accounts`: hides the numbers of cloud accounts.
//! - `record`: a pull as a line of OTLP in JSON, and back.
//! - `spool`: the folder that pulls write to and one exporter reads.
//! - `start`: starts the exporter.
//! - `explain`: a pull as a picture for a terminal.
//! - `export`: the exporter.
//! - `summary`: what a pull says of itself in few words and numbers.
//! - `metrics`: what many pulls have come to, and `textfile`, where Prometheus finds that.
//! - `log`: each pull in a file of lines of JSON, or in the journal.
//!
//! # Why
//!
//! - **Why a spool and another process?** The kubelet waits until the provider has exited and both of its pipes are closed. A
//!   collector that hangs would be a part of every pull. The exporter holds neither pipe.
//! - **Why are the libraries in the pull?** `tracing-opentelemetry` and `opentelemetry_sdk` record eleven spans of eight
//!   attributes and write them to the spool in 0.15 ms at the median (0.3 ms at p95); a recorder of our own took 0.06 ms
//!   (`benches/README.md`). Both are below what a pull may lose, 0.3 ms, and the libraries are everybody's.
//! - **What does a pull lose?** Beside an exporter that runs, next to nothing. One that has to start it loses about a
//!   millisecond, which is more than was aimed at: the start of a process is not free.
//! - **Why not `opentelemetry-otlp`?** Its exporters log what a collector says of rejected spans and do not tell their caller,
//!   know no `Retry-After` of gRPC, and read the process's variables by themselves. Messages and JSON are those of
//!   `opentelemetry-proto`; the way is [`crate::http`], with its roots, client certificates and proxies.
//! - **Why lines of OTLP in JSON?** It is the format of OpenTelemetry's file exporter, which other programs read. A line that
//!   was torn spoils no other.
//! - **Why is the lock the exporter's stdin?** A lock of `flock(2)` is the open file's. The pull that takes it hands it over
//!   without letting go, so that of many pulls at once exactly one starts an exporter, and the kernel ends the lock
//!   with the last of the two, however it dies.
//! - **Why may a writer give up?** A lock whose holder is stopped would keep the pull until the kubelet kills it. A record that
//!   cannot be written within milliseconds is dropped and counted.

use std::io;
use std::path::{Path, PathBuf};

use opentelemetry::ContextGuard;
use opentelemetry::trace::TraceContextExt as _;

use crate::config::{Config, ConfigError, Environment};
use crate::error::Error;

mod accounts;
pub(crate) mod call;
mod context;
mod explain;
mod export;
mod failure;
mod log;
mod metrics;
pub mod record;
mod recorder;
mod settings;
pub mod spool;
mod start;
pub(crate) mod step;
mod summary;
mod textfile;

pub(crate) use context::traceparent;
pub use settings::{AccountIds, Collector, Compression, Files, Log, PROTOCOLS, Protocol, Sampler, Settings};
pub(crate) use settings::{Said, address, log as log_of, metrics_file};
pub(crate) use start::EXPORT;

use recorder::Recorder;
use spool::Spool;
use start::Starting;

/// The telemetry of one pull: nothing where none is asked for.
#[derive(Default)]
pub struct Telemetry(Option<Recording>);

/// A pull that is recorded.
struct Recording {
    settings: Settings,
    recorder: Recorder,
    /// Where it is written; `None` where that cannot be, and nothing is.
    spool: Option<Spool>,
    starting: Starting,
    /// The caller's context, which is the parent of the pull.
    parent: Option<ContextGuard>,
}

impl Telemetry {
    /// Begins to record, if the configuration says so; where there is none, the environment does.
    ///
    /// The whole process is recorded: only `main` calls this, and once.
    #[must_use]
    pub fn begin(config: Result<&Config, &ConfigError>, file: Option<PathBuf>, environment: &Environment) -> Self {
        let settings = match config {
            Ok(config) => config.telemetry.clone(),
            Err(_) => Settings::from_environment(environment),
        };
        Self(settings.map(|settings| Recording::begin(settings, file, environment)))
    }

    /// Writes what was recorded to the spool, once the answer or the explanation is out.
    pub fn end(self, failure: Option<&Error>) {
        if let Self(Some(recording)) = self {
            recording.end(failure);
        }
    }
}

/// What the configuration says, or the environment where there is none: it may have been broken since the pull.
fn settings(file: Option<&Path>, environment: &Environment) -> Option<Settings> {
    Config::load(file, environment).map_or_else(|_| Settings::from_environment(environment), |config| config.telemetry)
}

/// Sends what earlier pulls have recorded, until there has been nothing for a while.
///
/// # Errors
/// When no runtime can be had.
pub fn export(file: Option<&Path>, environment: &Environment) -> io::Result<()> {
    let Some(settings) = settings(file, environment) else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(export::export(&settings));
    Ok(())
}

/// The last pull that was recorded, as a picture for a terminal, or why there is none.
#[must_use]
pub fn explain(file: Option<&Path>, environment: &Environment) -> String {
    let Some(settings) = settings(file, environment) else {
        return "no pull is recorded: telemetry is off\n  hint: set `OTEL_EXPORTER_OTLP_ENDPOINT` or `telemetry.endpoint`\n"
            .to_owned();
    };
    let last = Spool::at(&settings.spool).ok().and_then(|spool| spool.last());
    last.map_or_else(
        || format!("no pull is recorded in `{}`\n", settings.spool.display()),
        |pull| explain::drawn(&pull, explain::canvas()),
    )
}

impl Recording {
    fn begin(settings: Settings, file: Option<PathBuf>, environment: &Environment) -> Self {
        let parent = context::incoming(environment);
        let recorder = Recorder::begin(&settings.sampler);
        let decided = parent.as_ref().map(|parent| parent.span().span_context().is_sampled());
        let spool = Spool::at(&settings.spool).ok();
        let starting = match &spool {
            Some(spool) if settings.tells_of_all() || settings.sampler.takes_all(decided) => {
                Starting::beside_the_pull(spool, file)
            }
            _ => Starting::after_the_pull(file),
        };
        let parent = parent.map(opentelemetry::Context::attach);
        Self { settings, recorder, spool, starting, parent }
    }

    fn end(self, failure: Option<&Error>) {
        let Self { settings, recorder, spool, starting, parent } = self;
        if failure.is_some() && recorder.is_empty() {
            // What failed before the path began is a pull too.
            drop(step::pull().entered());
        }
        drop(parent);
        let spans = recorder.spans();
        let Some(spool) = spool else { return };
        if failure.is_none() && !settings.tells_of_all() && !recorder::is_sampled(&spans) {
            return;
        }
        let mut pull = record::Pull::of(spans, &settings);
        failure::tell(&mut pull, failure);
        accounts::hide(&mut pull, settings.account_ids);
        // One that is not written is counted, and what is full is to be drained all the same.
        let _ = spool.append(&pull);
        starting.finish(&spool);
    }
}
