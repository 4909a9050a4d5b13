//! The cases and adapters: those in the program, or files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::adapter::{Adapter, AdapterError};
use super::case::{Case, CaseError};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Why there is nothing to run.
#[derive(Debug, Error)]
pub enum SuiteError {
    /// A file is no case.
    #[error("failed to read a case")]
    Case(#[from] CaseError),
    /// A file is no adapter.
    #[error("failed to read the adapter")]
    Adapter(#[from] AdapterError),
    /// A file or folder cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Reads the cases of the program, or of a folder.
pub(super) fn cases(folder: Option<&Path>) -> Result<Vec<Case>, SuiteError> {
    let mut cases = Vec::new();
    if let Some(folder) = folder {
        for (name, text) in files(folder)? {
            cases.extend(Case::parse(&name, &text)?);
        }
    } else {
        for (name, text) in embedded::CASES {
            cases.extend(Case::parse(name, text)?);
        }
    }
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(cases)
}

/// Reads an adapter of the program, or a file.
pub(super) fn adapter(name: &str) -> Result<Adapter, SuiteError> {
    let built_in = embedded::ADAPTERS.iter().find(|(file, _)| file.strip_suffix(".toml") == Some(name));
    if let Some((file, text)) = built_in {
        return Ok(Adapter::parse(file, text)?);
    }
    let path = Path::new(name);
    if !path.is_file() {
        let known: Vec<_> = embedded::ADAPTERS.iter().filter_map(|(file, _)| file.strip_suffix(".toml")).collect();
        return Err(AdapterError::Unknown { name: name.to_owned(), known: known.join(", ") }.into());
    }
    Ok(Adapter::parse(name, &read(path)?)?)
}

/// The files AREA/NAME.toml of a folder.
fn files(folder: &Path) -> Result<Vec<(String, String)>, SuiteError> {
    let mut files = Vec::new();
    for area in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        for file in entries(&area)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == "toml")) {
            let name = [area.file_name(), file.file_name()].map(|it| it.unwrap_or_default().to_string_lossy());
            files.push((name.join("/"), read(&file)?));
        }
    }
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, SuiteError> {
    let failed = |source| SuiteError::Read { path: folder.to_owned(), source };
    fs::read_dir(folder).map_err(failed)?.map(|entry| entry.map(|it| it.path()).map_err(failed)).collect()
}

fn read(path: &Path) -> Result<String, SuiteError> {
    fs::read_to_string(path).map_err(|source| SuiteError::Read { path: path.to_owned(), source })
}

/// Whether a filter is for a case: `*` stands for any characters, `wire` alone for the whole area.
pub(super) fn is_chosen(filter: &str, id: &str) -> bool {
    let in_area = id.strip_prefix(filter).is_some_and(|rest| rest.starts_with('/') || rest.starts_with('['));
    in_area || matches(filter.as_bytes(), id.as_bytes())
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|start| matches(rest, &text[start..])),
        Some((byte, rest)) => text.split_first().is_some_and(|(first, text)| first == byte && matches(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_filter_is_an_area_a_case_or_a_pattern() {
        for (filter, id, is_for) in [
            ("wire", "wire/version", true),
            ("wire", "wires/version", false),
            ("wire/version", "wire/version[v1]", true),
            ("wire/version[v1]", "wire/version[v1]", true),
            ("wire/*", "wire/version[v1]", true),
            ("*v1]", "wire/version[v1]", true),
            ("*aws*", "identity-aws/role", true),
            ("aws", "identity-aws/role", false),
            ("wire/vers", "wire/version", false),
        ] {
            assert_eq!(is_chosen(filter, id), is_for, "{filter} {id}");
        }
    }

    #[test]
    fn every_case_of_the_program_is_one_and_has_a_name_of_its_own() {
        let cases = cases(None).unwrap();
        let ids: BTreeSet<_> = cases.iter().map(|case| case.id.as_str()).collect();
        assert_eq!(ids.len(), cases.len());
        for case in &cases {
            assert!(case.rule.ends_with('.') && case.source.len() > 10, "{}", case.id);
        }
    }

    #[test]
    fn every_adapter_of_the_program_is_one_and_an_unknown_one_is_told() {
        for (file, _) in embedded::ADAPTERS {
            adapter(file.strip_suffix(".toml").unwrap()).unwrap();
        }
        let error = adapter("nobody").unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("there is no adapter `nobody`: use acr, auth-provider-gcp, command, ecr"), "{cause}");
    }

    #[test]
    fn a_feature_that_no_adapter_has_is_a_misspelt_one() {
        let names = embedded::ADAPTERS.iter().map(|(file, _)| file.strip_suffix(".toml").unwrap());
        let adapters: Vec<_> = names.map(|name| adapter(name).unwrap()).collect();
        for case in cases(None).unwrap() {
            let is_known = |feature: &&str| adapters.iter().any(|adapter| adapter.has(feature));
            let missing: Vec<_> = case.needs().filter(|feature| !is_known(feature)).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", case.id);
        }
    }

    #[test]
    fn the_shipped_configuration_is_led_nowhere_and_has_every_identity() {
        let (led, shipped) = (adapter("ours").unwrap(), adapter("ours-lab").unwrap());
        for fact in ["{cloud", "{ca_file}"] {
            assert!(led.text.contains(fact) && !shipped.text.contains(fact), "{fact}");
        }
        let led = led.declared().into_iter().filter(|feature| feature != "registry-port").collect::<Vec<_>>();
        assert_eq!(shipped.declared(), led);
    }
}
