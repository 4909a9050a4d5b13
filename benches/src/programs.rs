//! What is measured, built as it ships, and where it lies.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

const PROVIDER: &str = "artifactory-credential-provider";

/// A profile of the workspace's `Cargo.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// What builds in minutes.
    Release,
    /// What ships.
    Dist,
}

impl Profile {
    /// Parses the profile's name.
    pub(crate) fn parse(name: &str) -> Result<Self, &'static str> {
        [Self::Release, Self::Dist]
            .into_iter()
            .find(|profile| profile.name() == name)
            .ok_or("it is neither release nor dist")
    }

    /// The profile's name, which is also that of the folder it is built to.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}

/// The programs of one measurement.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The profile that the provider and the plain client are built in.
    pub(crate) profile: Profile,
    target: PathBuf,
}

impl Programs {
    /// The programs in the target directory that `own` lies in, built first if cargo started this program.
    ///
    /// Provider and plain client are built each by itself: built together, one's dependencies would switch on features in
    /// the other's. The mocks are built as `cargo demo` builds them, so that nothing is compiled twice for them.
    pub(crate) fn of(own: &Path, cargo: Option<&Path>, profile: Profile) -> Result<Self, Failure> {
        let target = own.parent().and_then(Path::parent).ok_or("this program lies in no target directory")?.to_owned();
        if let Some(cargo) = cargo {
            build(cargo, profile, &["--package", PROVIDER, "--bin", PROVIDER])?;
            build(cargo, profile, &["--package", "benches", "--bin", "plain-client"])?;
            let mocks = ["mock-cloud", "mock-artifactory"].map(|name| ["--package", name, "--bin", name]).concat();
            build(cargo, Profile::Release, &[&["--package", "conformance", "--lib"], mocks.as_slice()].concat())?;
        }
        Ok(Self { profile, target })
    }

    /// The credential provider built without the AWS SDK; its name tells it from the one that ships.
    pub(crate) fn without_sdk(&self, cargo: Option<&Path>) -> Result<PathBuf, Failure> {
        let path = self.built(&format!("{PROVIDER}-without-sdk"));
        if let Some(cargo) = cargo {
            let package = ["--package", PROVIDER, "--bin", PROVIDER];
            build(cargo, self.profile, &[&package[..], &["--no-default-features"]].concat())?;
            std::fs::copy(self.provider(), &path)?;
            build(cargo, self.profile, &package)?;
        }
        Ok(path)
    }

    /// The credential provider.
    pub(crate) fn provider(&self) -> PathBuf {
        self.built(PROVIDER)
    }

    /// The program that makes the same requests and does nothing else.
    pub(crate) fn plain_client(&self) -> PathBuf {
        self.built("plain-client")
    }

    /// A mock; it is not measured, so the quicker build does.
    pub(crate) fn mock(&self, name: &str) -> PathBuf {
        self.target.join(Profile::Release.name()).join(name)
    }

    fn built(&self, name: &str) -> PathBuf {
        self.target.join(self.profile.name()).join(name)
    }
}

fn build(cargo: &Path, profile: Profile, what: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--profile", profile.name()]).args(what);
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo ended with {status}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mocks_stay_in_the_quick_profile() {
        let programs = Programs::of(Path::new("/t/release/benches"), None, Profile::Dist).unwrap();
        assert_eq!(programs.provider(), Path::new("/t/dist/artifactory-credential-provider"));
        assert_eq!(programs.mock("mock-cloud"), Path::new("/t/release/mock-cloud"));
    }

    #[test]
    fn a_build_that_fails_ends_the_measurement() {
        let own = Path::new("/t/release/benches");
        assert!(Programs::of(own, Some(Path::new("/bin/false")), Profile::Release).is_err());
        assert!(Programs::of(own, Some(Path::new("/bin/true")), Profile::Release).is_ok());
    }
}
