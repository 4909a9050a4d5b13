//! What a pull has found out about the cloud, kept for the next pulls of the same boot.
//!
//! The file says which cloud, how it was found and during which boot. One that anybody but this program's user could have
//! written is ignored, and where none can be written every pull looks for itself.

use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Cloud, Found, Step};
use crate::platform::{mode, new_private_file, owner, private_directory, user};

/// The program's own directory, which ends with the boot.
const DIRECTORY: &str = "run/artifactory-credential-provider";
/// The file in it.
const FILE: &str = "cloud";
/// The kernel's name of this boot. Source: proc(5), `/proc/sys/kernel/random`.
const BOOT_ID: &str = "proc/sys/kernel/random/boot_id";
/// The largest file that can be one, in bytes.
const LIMIT: u64 = 4096;

/// The file's content.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    boot: String,
    cloud: String,
    evidence: String,
}

/// What an earlier pull of this boot has found; `None` when nothing that can be trusted is there.
pub(super) fn read(system: &Path) -> Option<Found> {
    let path = system.join(DIRECTORY).join(FILE);
    let (directory, file) = (fs::symlink_metadata(path.parent()?).ok()?, fs::symlink_metadata(&path).ok()?);
    let user = user()?;
    let sound = directory.is_dir() && file.is_file() && file.len() <= LIMIT;
    if !sound || !is_only_of(&directory, user) || !is_only_of(&file, user) {
        return None;
    }
    let document: Document = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
    if document.boot != boot(system)? {
        return None;
    }
    let evidence = format!("an earlier pull of this boot found that {}", document.evidence);
    Some(Found { cloud: Cloud::parse(&document.cloud)?, evidence, step: Step::Kept, others: Vec::new() })
}

/// Keeps what was found; where it cannot be kept, the next pull looks again.
pub(super) fn write(system: &Path, found: &Found) {
    let _ = try_write(system, found);
}

/// Drops what is kept.
pub(super) fn remove(system: &Path) {
    let _ = fs::remove_file(system.join(DIRECTORY).join(FILE));
}

fn try_write(system: &Path, found: &Found) -> io::Result<()> {
    let boot = boot(system).ok_or(io::ErrorKind::Unsupported)?;
    let directory = own_directory(system)?;
    let document = Document { boot, cloud: found.cloud.word().to_owned(), evidence: found.evidence.clone() };
    let temporary = directory.join(format!("{FILE}.{}", std::process::id()));
    let mut file = new_private_file(&temporary)?;
    let written = file.write_all(serde_json::to_string(&document)?.as_bytes());
    let renamed = written.and_then(|()| fs::rename(&temporary, directory.join(FILE)));
    renamed.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// The directory, made where it is missing; one that others can write to is not used.
fn own_directory(system: &Path) -> io::Result<PathBuf> {
    let directory = system.join(DIRECTORY);
    match private_directory(&directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let metadata = fs::symlink_metadata(&directory)?;
    let sound = metadata.is_dir() && user().is_some_and(|user| is_only_of(&metadata, user));
    if sound { Ok(directory) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Whether a file or directory is the user's or root's, and nobody else can write to it.
fn is_only_of(metadata: &Metadata, user: u32) -> bool {
    owner(metadata).is_some_and(|owner| is_trusted(owner, mode(metadata), user))
}

fn is_trusted(owner: u32, mode: u32, user: u32) -> bool {
    (owner == user || owner == 0) && mode & 0o022 == 0
}

fn boot(system: &Path) -> Option<String> {
    let id = fs::read_to_string(system.join(BOOT_ID)).ok()?;
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(all(test, unix))]
mod tests;
