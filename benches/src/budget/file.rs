//! The committed numbers, `benches/budget.toml`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Failure;

/// What a value may exceed its committed number by, in percent: compilers and C libraries differ by a few.
const TOLERANCE: u64 = 10;

const HEAD: &str = "\
# What one start of the provider may cost: each number was measured, and may be exceeded by a tenth.
# Renew with `cargo run --release --package benches -- budget --write` (`--profile dist` for the other half).

# Limits that no measurement moves.
";

/// Numbers by name, by kind.
type Kinds = BTreeMap<String, BTreeMap<String, u64>>;

/// Committed numbers by profile, and what no number may exceed.
#[derive(Debug, Deserialize)]
pub(super) struct Budget {
    most: BTreeMap<String, u64>,
    #[serde(flatten)]
    profiles: BTreeMap<String, Kinds>,
}

impl Budget {
    /// Reads the committed file.
    pub(super) fn read() -> Result<Self, Failure> {
        Self::parse(&std::fs::read_to_string(path())?)
    }

    /// Parses the file's text.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        Ok(toml::from_str(text)?)
    }

    /// The committed number.
    pub(super) fn committed(&self, profile: &str, kind: &str, name: &str) -> Option<u64> {
        self.profiles.get(profile)?.get(kind)?.get(name).copied()
    }

    /// The greatest number that passes.
    pub(super) fn limit(&self, profile: &str, kind: &str, name: &str) -> Option<u64> {
        let committed = self.committed(profile, kind, name)?;
        let limit = committed + committed * TOLERANCE / 100;
        Some(self.most.get(kind).map_or(limit, |most| limit.min(*most)))
    }

    /// Commits a number.
    pub(super) fn set(&mut self, profile: &str, kind: &str, name: &str, value: u64) {
        let kinds = self.profiles.entry(profile.to_owned()).or_default();
        kinds.entry(kind.to_owned()).or_default().insert(name.to_owned(), value);
    }

    /// Writes the file.
    pub(super) fn write(&self) -> Result<(), Failure> {
        Ok(std::fs::write(path(), self.to_toml()?)?)
    }

    fn to_toml(&self) -> Result<String, Failure> {
        let mut text = format!("{HEAD}[most]\n");
        numbers(&mut text, &self.most)?;
        for (profile, kinds) in &self.profiles {
            for (kind, values) in kinds {
                write!(text, "\n[{profile}.{kind}]\n")?;
                numbers(&mut text, values)?;
            }
        }
        Ok(text)
    }
}

fn numbers(text: &mut String, values: &BTreeMap<String, u64>) -> Result<(), std::fmt::Error> {
    values.iter().try_for_each(|(name, value)| writeln!(text, "{name} = {value}"))
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("budget.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let mut budget = Budget::parse("[most]\nbytes = 7\n[release.bytes]\nbinary = 3\n").unwrap();
        budget.set("dist", "system_calls", "aws", 150);
        let again = Budget::parse(&budget.to_toml().unwrap()).unwrap();
        assert_eq!(again.committed("release", "bytes", "binary"), Some(3));
        assert_eq!(again.committed("dist", "system_calls", "aws"), Some(150));
        assert_eq!(again.committed("dist", "bytes", "binary"), None);
        assert_eq!(again.most, budget.most);
    }

    #[test]
    fn the_committed_file_is_one_and_is_as_it_would_be_written() {
        let text = std::fs::read_to_string(path()).unwrap();
        assert_eq!(Budget::parse(&text).unwrap().to_toml().unwrap(), text);
    }
}
