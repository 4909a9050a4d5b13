//! The exporter: sends what the spool holds, waits a little for more, and goes.
//!
//! A collector that is away is asked again after ever longer pauses. Whoever starts the next exporter goes on where this one
//! has ended.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use super::record::{Pull, ROOT, number};
use super::settings::Settings;
use super::spool::Spool;
use crate::time::{self, Deadline, pause};

mod collector;
mod files;
mod grpc;

use collector::Outcome;

/// How long the exporter lives at most: the environment and the certificates it was started with grow old.
const LIFE: Duration = Duration::from_mins(15);
/// How long it waits for more after it has found something: a burst of pulls is spread over seconds.
const LINGER: Duration = Duration::from_secs(3);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(200);
/// The pause before a collector that is away is asked again; it doubles with each further one, up to the greatest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const GREATEST_PAUSE: Duration = Duration::from_secs(30);
/// The most pulls in one request: about a third of a megabyte.
const MOST: usize = 64;
/// A pull that is older than this when its turn comes is dropped.
const GREATEST_AGE: Duration = Duration::from_hours(24);

/// What became of the next pulls.
enum Progress {
    /// There are none.
    Nothing,
    /// They are done with.
    Done,
    /// They wait, so long if the collector has said so.
    Later(Option<Duration>),
}

/// Sends what the spool holds until there has been nothing for a while.
///
/// Two exporters of one spool do not run at a time: without the lock there is nothing to do.
pub(super) async fn export(settings: &Settings) {
    let Ok(spool) = Spool::at(&settings.spool) else { return };
    let life = Deadline::after(LIFE);
    let exporter = Exporter { settings, spool, life };
    let mut lock = exporter.lock_of_stdin();
    while let Some(held) = lock.or_else(|| exporter.spool.exporters_lock().ok().flatten()) {
        exporter.drain().await;
        let _ = held.unlock();
        // A pull that has found the lock held relies on this look.
        if !exporter.spool.has_pulls() || life.remaining().is_none() {
            return;
        }
        lock = None;
    }
}

struct Exporter<'s> {
    settings: &'s Settings,
    spool: Spool,
    life: Deadline,
}

impl Exporter<'_> {
    /// The lock that the pull has handed over.
    fn lock_of_stdin(&self) -> Option<File> {
        let stdin = io::stdin();
        let file = if stdin.is_terminal() { None } else { crate::platform::stdin_file() };
        file.filter(|file| self.spool.is_exporters_lock(file))
    }

    /// An error of the spool ends it: nothing can be sent that cannot be read, and nobody is there to be told.
    async fn drain(&self) {
        let mut quiet = Deadline::after(LINGER);
        let mut growing = FIRST_PAUSE;
        pause(LOOK).await;
        while let Some(left) = self.life.remaining() {
            match self.advance().await {
                Ok(Progress::Nothing) if quiet.remaining().is_none() => return,
                Ok(Progress::Nothing) => pause(LOOK).await,
                Ok(Progress::Done) => {
                    quiet = Deadline::after(LINGER);
                    growing = FIRST_PAUSE;
                }
                Ok(Progress::Later(asked)) => {
                    self.wait(asked.unwrap_or(growing).min(left)).await;
                    quiet = Deadline::after(LINGER);
                    growing = (growing * 2).min(GREATEST_PAUSE);
                }
                Err(_) => return,
            }
        }
    }

    /// The node's own files do not wait for a collector.
    async fn wait(&self, length: Duration) {
        let end = Deadline::after(length);
        while let Some(left) = end.remaining() {
            files::tell(&self.settings.files, &self.spool);
            pause(left.min(FIRST_PAUSE)).await;
        }
    }

    /// Sends the next pulls.
    async fn advance(&self) -> io::Result<Progress> {
        files::tell(&self.settings.files, &self.spool);
        if !self.spool.take()? {
            return Ok(Progress::Nothing);
        }
        let batch = self.spool.next(MOST)?;
        if batch.length == 0 {
            return self.spool.finish().map(|()| Progress::Nothing);
        }
        let oldest = oldest();
        let (pulls, aged): (Vec<_>, Vec<_>) = batch.pulls.into_iter().partition(|pull| pull.began() >= oldest);
        let lost = batch.spoiled + aged.len() as u64;
        let progress = self.send(pulls, lost).await;
        if !matches!(progress, Progress::Later(_)) {
            self.spool.done(batch.length)?;
        }
        Ok(progress)
    }

    /// Sends these pulls, with the number of those that never will be.
    async fn send(&self, pulls: Vec<Pull>, lost: u64) -> Progress {
        let (dropped, rejected) = (self.spool.dropped(), self.spool.rejected());
        let (sampled, others): (Vec<_>, Vec<_>) = pulls.into_iter().partition(Pull::is_told);
        let Some(collector) = self.settings.collector.as_ref().filter(|_| !sampled.is_empty()) else {
            dropped.add(lost);
            let _ = self.spool.keep(&[sampled, others].concat());
            return Progress::Done;
        };
        let told = (dropped.value(), rejected.value());
        match collector::send(collector, told_of(&sampled, told.0 + lost, told.1)).await {
            Outcome::Accepted { rejected: now } => {
                dropped.take_off(told.0);
                rejected.take_off(told.1);
                rejected.add(now);
                let _ = self.spool.keep(&[sampled, others].concat());
                Progress::Done
            }
            Outcome::Refused => {
                dropped.add(lost + sampled.len() as u64);
                Progress::Done
            }
            Outcome::Later(asked) => Progress::Later(asked),
        }
    }
}

/// The spans of all these pulls; the first tells what was lost before it.
fn told_of(pulls: &[Pull], dropped: u64, rejected: u64) -> Vec<ResourceSpans> {
    let mut pulls = pulls.to_vec();
    if let Some(root) = pulls.first_mut().and_then(|pull| pull.spans_mut().find(|span| span.name == ROOT)) {
        for (key, lost) in [
            ("credential_provider.telemetry.dropped_pulls", dropped),
            ("credential_provider.telemetry.rejected_spans", rejected),
        ] {
            if lost > 0 {
                root.attributes.push(number(key, i64::try_from(lost).unwrap_or(i64::MAX)));
            }
        }
    }
    pulls.into_iter().flat_map(Pull::into_spans).collect()
}

/// The beginning of the oldest pull that is sent, in nanoseconds since 1970.
fn oldest() -> u64 {
    time::unix(time::now()).saturating_sub(GREATEST_AGE.as_secs()).saturating_mul(1_000_000_000)
}
