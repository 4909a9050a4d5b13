//! Tells the files of this node of the pulls that they do not know yet.

use std::io;
use std::path::Path;

use crate::telemetry::record::{Batch, Pull};
use crate::telemetry::settings::Files;
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
        if let Some(path) = &files.log {
            learn(&spool.unlogged(), &batch, |missing| log::add(path, &batch.pulls, missing));
        }
        if batch.length == 0 {
            return;
        }
    }
}

/// Tells one file of these pulls and of the number of those that it does not know, if there is anything to tell.
fn learn(unknown: &Counter, batch: &Batch, tell: impl FnOnce(u64) -> io::Result<()>) {
    let before = unknown.value();
    let missing = before + batch.spoiled;
    if batch.pulls.is_empty() && missing == 0 {
        return;
    }
    match tell(missing) {
        Ok(()) => unknown.take_off(before),
        Err(_) => unknown.add(batch.spoiled + batch.pulls.len() as u64),
    }
}

fn count(path: &Path, pulls: &[Pull], missing: u64) -> io::Result<()> {
    textfile::change(path, |metrics| {
        pulls.iter().map(Summary::of).for_each(|pull| metrics.count(&pull));
        metrics.miss(missing);
    })
}
