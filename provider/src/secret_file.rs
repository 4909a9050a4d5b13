//! Files that hold a secret: read at each pull, so that a rotated file needs no restart, and never without a limit.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::platform::mode;
use crate::secret::Secret;

/// The largest file that can be a password or token, in bytes; tokens are a few kilobytes.
pub const TOKEN_LIMIT: usize = 64 * 1024;

/// A file that cannot be read, or holds what no secret is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{}`: {cause}", .path.display())]
pub struct SecretFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, in the operating system's words or ours.
    pub cause: String,
}

/// Reads a whole file without the line ends at its end.
///
/// A link is followed, as projected volumes need it. What is no regular file is not opened: a pipe without a writer would
/// hold the pull until the kubelet kills it.
///
/// # Errors
/// When it is no regular file, cannot be read, is larger than the limit in bytes, or is no text.
pub fn read(path: &Path, limit: usize) -> Result<Secret, SecretFileError> {
    let failed = |cause: String| SecretFileError { path: path.to_owned(), cause };
    if !fs::metadata(path).map_err(|error| failed(error.to_string()))?.is_file() {
        return Err(failed("it is no regular file".to_owned()));
    }
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(limit as u64 + 1).read_to_string(&mut text);
    let text = Secret::new(text);
    read.map_err(|error| failed(error.to_string()))?;
    if text.expose().len() > limit {
        return Err(failed(format!("it is larger than {limit} bytes")));
    }
    Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned()))
}

/// The permission bits of a file to which others than its owner have any right; `None` for a file that is its owner's alone.
///
/// Whose file it is does not matter, as for ssh (OpenSSH `authfile.c`, `sshkey_perm_ok`). Where files have no such bits there
/// is nothing to be found.
///
/// # Errors
/// When there is no such file.
pub fn mode_beyond_owner(path: &Path) -> Result<Option<u32>, SecretFileError> {
    let metadata = fs::metadata(path);
    let metadata = metadata.map_err(|error| SecretFileError { path: path.to_owned(), cause: error.to_string() })?;
    Ok(Some(mode(&metadata)).filter(|mode| mode & 0o077 != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(content: &[u8]) -> Result<Secret, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("secret");
        fs::write(&path, content).expect("a file");
        read(&path, 100).map_err(|error| error.cause)
    }

    #[test]
    fn a_line_end_is_not_part_of_the_secret() {
        assert_eq!(reading(b" s3cret \r\n").expect("a secret").expose(), " s3cret ");
        assert_eq!(reading(b"\n").expect("no secret").expose(), "");
    }

    #[test]
    fn a_file_up_to_the_limit_is_read_and_no_longer_one() {
        assert_eq!(reading(&[b'x'; 100]).expect("a secret").expose().len(), 100);
        assert_eq!(reading(&[b'x'; 101]), Err("it is larger than 100 bytes".to_owned()));
    }

    #[test]
    fn what_is_no_text_or_no_file_is_refused() {
        assert!(reading(b"\xff\xfe").is_err());
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(read(directory.path(), 100).expect_err("a directory").cause, "it is no regular file");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_its_owners_alone_or_its_mode_is_told() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key");
        fs::write(&path, "").expect("a file");
        for mode in [0o600, 0o400, 0o700, 0o640, 0o604, 0o620, 0o601, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
            let beyond = mode_beyond_owner(&path).expect("a file");
            assert_eq!(beyond, Some(mode).filter(|mode| mode % 0o100 != 0), "{mode:o}");
        }
    }
}
