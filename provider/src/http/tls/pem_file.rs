//! Files of certificates in PEM: regular ones only, and never without a limit.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The largest file of certificates, in bytes; the bundles of distributions have a quarter of a megabyte.
const LIMIT: usize = 4 * 1024 * 1024;

/// The certificates of a file in their order; texts between them and other PEM sections are skipped.
///
/// # Errors
/// When it is no regular file, cannot be read, is larger than 4 MiB, or holds a section that is no PEM; in words that fit
/// behind the file's name.
pub(in crate::http) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(path)?;
    CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    // A pipe without a writer would hold the pull until the kubelet kills it.
    if !fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    file.take(LIMIT as u64 + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() > LIMIT { Err(format!("it is larger than {LIMIT} bytes")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_found_between_other_sections() {
        let (_, text) = crate::http::tls::certificate::tests::a_certificate();
        let text = format!("# comment\n-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n{text}{text}");
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("bundle.pem");
        fs::write(&path, text).expect("a file");
        assert_eq!(certificates(&path).expect("certificates").len(), 2);
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(certificates(directory.path()), Err("it is no regular file".to_owned()));
        let path = directory.path().join("large.pem");
        fs::write(&path, vec![b'\n'; LIMIT + 1]).expect("a file");
        assert_eq!(certificates(&path), Err(format!("it is larger than {LIMIT} bytes")));
        fs::write(&path, vec![b'\n'; LIMIT]).expect("a file");
        assert_eq!(certificates(&path), Ok(Vec::new()));
    }
}
