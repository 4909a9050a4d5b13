//! Tells the files of this node of the pulls that they do not know yet.

use std::io;
use std::path::Path;

use crate::telemetry::record::{Batch, Pull};
use crate::telemetry::settings::{Files, Log};
use crate::telemetry::spool::{Counter, Spool};
use crate::telemetry::summary::Summary;
use crate::telemetry::{log, textfile};

/// Tells them of all that the spool holds. A file that cannot be written is no reason to end; it learns later how many pulls
/// it does not know.
///
/// That the files are told is kept before they are: an exporter that is killed in between leaves pulls uncounted, and counts
/// none twice.
pub(super) fn tell(files: &Files, spool: &Spool) {
    if files.is_empty() {
        return;
    }
    while let Ok(batch) = spool.untold() {
        if batch.length > 0 && spool.tell(&batch).is_err() {
            return;
        }
        if let Some(path) = &files.metrics {
            learn(&spool.uncounted(), &batch, |missing| count(path, &batch.pulls, missing));
        }
        if let Some(place) = &files.log {
            learn(&spool.unlogged(), &batch, |missing| add(place, &batch.pulls, missing));
        }
        if batch.length == 0 {
            return;
        }
    }
}

/// Tells one file of these pulls and of the number of those that it does not know, if there is anything to tell. It says
/// how many it did not take.
fn learn(unknown: &Counter, batch: &Batch, tell: impl FnOnce(u64) -> io::Result<u64>) {
    let before = unknown.value();
    let missing = before + batch.spoiled;
    if batch.pulls.is_empty() && missing == 0 {
        return;
    }
    match tell(missing) {
        Ok(lost) => {
            unknown.take_off(before);
            unknown.add(lost);
        }
        Err(_) => unknown.add(batch.spoiled + batch.pulls.len() as u64),
    }
}

fn add(place: &Log, pulls: &[Pull], missing: u64) -> io::Result<u64> {
    match place {
        Log::File(path) => log::add(path, pulls, missing).map(|()| 0),
        Log::Journald(socket) => log::journald::add(socket, pulls, missing),
    }
}

fn count(path: &Path, pulls: &[Pull], missing: u64) -> io::Result<u64> {
    textfile::change(path, |metrics| {
        pulls.iter().map(Summary::of).for_each(|pull| metrics.count(&pull));
        metrics.miss(missing);
    })
    .map(|()| 0)
}
