//! Which certificate authorities are trusted.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;

use super::tls::certificates;

/// Where distributions keep their bundle, in the order they are tried.
///
/// One file and never a directory: reading each file of `/etc/ssl/certs` costs several milliseconds a pull.
/// Source: Go `crypto/x509` `root_linux.go`, `certFiles`.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The authorities that are trusted: those of all these sources together, read at each pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots(Vec<RootSource>);

/// One source of root certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootSource {
    /// The first bundle of the system that exists.
    System,
    /// A PEM file: a route's `caFile`, or `SSL_CERT_FILE`.
    File(PathBuf),
    /// Each PEM file of a directory: one of `SSL_CERT_DIR`. Each file costs a read.
    Directory(PathBuf),
}

/// Why no root certificate could be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// No bundle at any of the usual places, and nothing in the directories that were named.
    #[error("no bundle of root certificates was found on this system")]
    Missing,
    /// The file cannot be read or is not PEM.
    #[error("cannot read root certificates from `{}`: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The file holds no certificate.
    #[error("`{}` holds no usable certificate", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Roots {
    /// One file and nothing else.
    #[must_use]
    pub fn file(path: PathBuf) -> Self {
        Self(vec![RootSource::File(path)])
    }

    /// These sources together.
    pub fn of(sources: impl IntoIterator<Item = RootSource>) -> Self {
        Self(sources.into_iter().collect())
    }

    /// The same and one file more.
    #[must_use]
    pub fn and(mut self, path: PathBuf) -> Self {
        self.0.push(RootSource::File(path));
        self
    }

    /// The sources.
    #[must_use]
    pub fn sources(&self) -> &[RootSource] {
        &self.0
    }

    /// Where the authorities stand, for a message.
    #[must_use]
    pub fn in_words(&self) -> String {
        let words = self.0.iter().map(|source| match source {
            RootSource::System => "the system's bundle".to_owned(),
            RootSource::File(path) | RootSource::Directory(path) => format!("`{}`", path.display()),
        });
        words.collect::<Vec<_>>().join(" or ")
    }

    /// Reads the certificates.
    ///
    /// # Errors
    /// When a file is missing, is not PEM, or holds no usable certificate. A directory may be missing or hold nothing, as long as
    /// another source holds something.
    pub fn load(&self) -> Result<RootCertStore, RootsError> {
        let mut store = RootCertStore::empty();
        for source in &self.0 {
            source.read_into(&mut store)?;
        }
        if store.is_empty() { Err(RootsError::Missing) } else { Ok(store) }
    }
}

impl RootSource {
    fn read_into(&self, store: &mut RootCertStore) -> Result<(), RootsError> {
        let path = match self {
            Self::System => BUNDLES.iter().map(Path::new).find(|path| path.exists()).ok_or(RootsError::Missing)?,
            Self::File(path) => path,
            Self::Directory(path) => {
                for file in files(path) {
                    store.add_parsable_certificates(certificates(&file).unwrap_or_default());
                }
                return Ok(());
            }
        };
        let path = || path.to_owned();
        let found = certificates(&path()).map_err(|cause| RootsError::Unreadable { path: path(), cause })?;
        // A bundle may hold a certificate that this library cannot use; the others still count.
        let (usable, _) = store.add_parsable_certificates(found);
        if usable == 0 { Err(RootsError::Empty { path: path() }) } else { Ok(()) }
    }
}

/// The files of a directory, without the links to each other that `openssl rehash` makes. A list of directories names those of
/// several distributions, so one that is not there has none.
///
/// Source: Go `crypto/x509` `root_unix.go`, `readUniqueDirectoryEntries`.
fn files(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_alias = |path: &PathBuf| fs::read_link(path).is_ok_and(|target| target.components().count() == 1);
    entries.filter(move |path| !is_alias(path))
}

#[cfg(test)]
mod tests {
    use mock_kit::Authority;

    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        fs::write(&path, "not a certificate").expect("a file");
        assert_eq!(Roots::file(path.clone()).load().expect_err("no certificate"), RootsError::Empty { path });
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Roots::file("/nowhere".into()).load().expect_err("nothing there");
        assert!(matches!(&error, RootsError::Unreadable { path, .. } if path == Path::new("/nowhere")), "{error}");
    }

    #[test]
    fn files_add_up_and_each_must_hold_a_certificate() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = |name: &str, content: &str| {
            let path = directory.path().join(name);
            fs::write(&path, content).expect("a file");
            path
        };
        let one = file("one.pem", Authority::generate().certificate_pem());
        let two = file(
            "two.pem",
            &[Authority::generate(), Authority::generate()].map(|it| it.certificate_pem().to_owned()).concat(),
        );
        let none = file("none.pem", "");
        let both = Roots::file(one.clone()).and(two);
        assert_eq!(both.load().expect("authorities").len(), 3);
        assert_eq!(both.clone().and(none.clone()).load().expect_err("one is empty"), RootsError::Empty { path: none });
        assert!(both.in_words().contains("one.pem` or `"), "{}", both.in_words());
    }

    #[test]
    fn a_directory_is_read_without_its_aliases_and_other_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        fs::write(path.join("ca.pem"), Authority::generate().certificate_pem()).expect("a file");
        fs::write(path.join("README"), "no certificate").expect("a file");
        #[cfg(unix)]
        std::os::unix::fs::symlink("ca.pem", path.join("12345678.0")).expect("a link");
        let roots = Roots::of(["/nowhere".into(), path.to_owned()].map(RootSource::Directory));
        assert_eq!(roots.load().expect("an authority").len(), 1);
        let nothing = Roots::of([RootSource::Directory("/nowhere".into())]);
        assert_eq!(nothing.load().expect_err("nothing there"), RootsError::Missing);
    }
}
