//! The documents' tables, made from the rows of the source. `UPDATE_DOCUMENTS=1` writes them anew.

use artifactory_credential_provider::config::incumbent::{ANNOTATIONS, Setting, Stands, VARIABLES};

use super::repository;

/// Compares what stands between two comments of a document with what belongs there, or writes it.
fn assert_shown(document: &str, name: &str, table: &str) {
    let path = repository(document);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->\n"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{document} has no `{begin}`"));
    let (shown, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{document} has no `{end}`"));
    if shown == table {
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "the documents are written on demand only")]
    let updates = std::env::var_os("UPDATE_DOCUMENTS").is_some();
    assert!(updates, "{document} differs from the source; run this test with UPDATE_DOCUMENTS=1\n{table}");
    std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).expect("a document");
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let head = head.map(str::to_owned);
    let lines = std::iter::once(head).chain([["---"; N].map(str::to_owned)]).chain(rows);
    lines.map(|cells| line(&cells)).collect()
}

fn line(cells: &[String]) -> String {
    let cells: Vec<_> =
        cells.iter().map(|cell| if cell == "---" { cell.clone() } else { format!(" {cell} ") }).collect();
    format!("|{}|\n", cells.join("|"))
}

/// What a setting means, for whoever fills in an entry.
fn meaning(setting: &Setting) -> [String; 3] {
    [format!("`{}`", setting.name), setting.meaning.to_owned(), setting.default.to_owned()]
}

/// What becomes of a setting, for whoever has an entry of the incumbent's; nothing where it means the same.
fn change(setting: &Setting) -> Option<[String; 4]> {
    let name = format!("`{}`", setting.name);
    let (there, here, change) = match setting.stands {
        Stands::Same => return None,
        Stands::WithoutEffect { there } => (there, setting.meaning.to_owned(), None),
        Stands::Differs { there, change } => {
            (there, format!("{}; unset: {}", setting.meaning, setting.default), change)
        }
    };
    Some([name, there.to_owned(), here, change.unwrap_or("nothing").to_owned()])
}

/// The settings that mean the same, as a list.
fn unchanged() -> String {
    let same = VARIABLES.iter().chain(&ANNOTATIONS).filter(|setting| setting.stands == Stands::Same);
    let lines: Vec<_> = same.map(|setting| format!("- `{}`", setting.name)).collect();
    lines.join("\n") + "\n"
}

#[test]
fn the_readme_shows_the_incumbents_variables_and_annotations() {
    let variables = table(["variable", "meaning", "default"], VARIABLES.iter().map(meaning));
    assert_shown("README.md", "variables", &variables);
    let annotations = table(["annotation", "meaning", "without it"], ANNOTATIONS.iter().map(meaning));
    assert_shown("README.md", "annotations", &annotations);
}

#[test]
fn the_migration_shows_what_becomes_of_each_variable_and_annotation() {
    let rows = VARIABLES.iter().chain(&ANNOTATIONS).filter_map(change);
    assert_shown("docs/migrate.md", "changes", &table(["name", "there", "here", "to change"], rows));
    assert_shown("docs/migrate.md", "unchanged", &unchanged());
}
