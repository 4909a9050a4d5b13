//! Tells the files of this node of the pulls that they do not know yet.

use crate::telemetry::record::{Batch, Pull};
use crate::telemetry::settings::Files;
use crate::telemetry::spool::Spool;
use crate::telemetry::summary::Summary;
use crate::telemetry::textfile;

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
            count(path, spool, &batch);
        }
        if batch.length == 0 {
            return;
        }
    }
}

fn count(path: &std::path::Path, spool: &Spool, batch: &Batch) {
    let uncounted = spool.uncounted();
    let missing = uncounted.value();
    if batch.pulls.is_empty() && batch.spoiled + missing == 0 {
        return;
    }
    let changed = textfile::change(path, |metrics| {
        batch.pulls.iter().map(Summary::of).for_each(|pull| metrics.count(&pull));
        metrics.miss(batch.spoiled + missing);
    });
    match changed {
        Ok(()) => uncounted.take_off(missing),
        Err(_) => uncounted.add(batch.spoiled + known(&batch.pulls)),
    }
}

fn known(pulls: &[Pull]) -> u64 {
    u64::try_from(pulls.len()).unwrap_or(u64::MAX)
}
