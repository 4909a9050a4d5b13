//! The incumbent's variables and annotations: each row of the one table is observed by a test, and the documents show it.

use std::path::{Path, PathBuf};

mod aws;
mod azure;
mod document;
mod entry;
mod google;
mod migrate;
mod rows;
mod service_account;
mod vectors;

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").join(path)
}

/// Whether a test of the shipped program has this name.
fn is_a_test(name: &str) -> bool {
    let heads = [format!("async fn {name}() {{"), format!("fn {name}() {{")];
    let named = |source: &String| {
        let lines: Vec<_> = source.lines().collect();
        let is_test = |line: &str| line == "#[test]" || line.starts_with("#[tokio::test");
        lines.windows(2).any(|pair| is_test(pair[0]) && heads.iter().any(|head| head == pair[1]))
    };
    sources(&repository("provider/tests/it")).iter().any(named)
}

fn sources(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let texts = entries.flat_map(|path| {
        if path.is_dir() { sources(&path) } else { std::fs::read_to_string(&path).into_iter().collect() }
    });
    texts.collect()
}
