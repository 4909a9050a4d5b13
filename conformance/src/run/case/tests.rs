use super::*;

const HEAD: &str = "rule = \"r\"\nsource = \"s\"\nlevel = \"core\"\n";

fn parse(rest: &str) -> Result<Vec<Case>, String> {
    Case::parse("wire/x.toml", &format!("{HEAD}{rest}")).map_err(|error| error.to_string())
}

#[test]
fn a_case_has_the_name_of_its_folder_and_file() {
    let case = &parse("").unwrap()[0];
    assert_eq!((case.id.as_str(), case.area(), case.level), ("wire/x", "wire", Level::Core));
    assert_eq!(case.pull.image, "{image}");
}

#[test]
fn an_unknown_key_is_an_error_with_file_and_line() {
    for (rest, key) in [
        ("colour = \"red\"", "colour"),
        ("[pull]\nimge = \"x\"", "imge"),
        ("[expect]\nexist = \"zero\"", "exist"),
        ("[[world.fault]]\nat = \"cloud\"\npath = \"/\"\nstats = 1", "stats"),
        ("[[expect.asked]]\nat = \"cloud\"\nmost = 1", "most"),
        ("[expect.kept]\nmin = \"1s\"", "min"),
        ("[[then]]\nlater = \"1h\"", "later"),
    ] {
        let error = parse(rest).unwrap_err();
        assert!(error.contains("`wire/x.toml`") && error.contains("line ") && error.contains(key), "{error}");
    }
}

#[test]
fn a_value_that_cannot_be_meant_is_an_error() {
    for (rest, words) in [
        ("[expect]\nwithin = \"1d\"", "unknown unit"),
        ("[expect]\nkubelets = [\"1.19\"]", "1.26 to 1.36"),
        ("[[world.fault]]\nat = \"cloud\"\npath = \"x\"\nstatus = 503", "must begin with `/`"),
        ("[[world.fault]]\nat = \"cloud\"\npath = \"/x\"", "is missing"),
        ("identity = 1", "line 4"),
    ] {
        let error = parse(rest).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    assert!(Case::parse("x.toml", HEAD).is_err());
}

#[test]
fn a_case_needs_its_features_and_its_identity() {
    let case = &parse("features = [\"declines\"]\nidentity = \"static\"").unwrap()[0];
    assert_eq!(case.needs().collect::<Vec<_>>(), ["declines", "static"]);
    let case = &parse("features = [\"\", \"declines\"]").unwrap()[0];
    assert_eq!(case.needs().collect::<Vec<_>>(), ["declines"]);
}

/// What `conformance/cases/README.md` explains is what the parser takes.
#[test]
fn the_readme_explains_every_key() {
    let readme = include_str!("../../../cases/README.md");
    let keys = readme.split("\n## ").find(|section| section.starts_with("Keys\n")).unwrap();
    let mut rest = keys.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let explained: std::collections::BTreeSet<_> = rest.by_ref().collect();
    let mut known = std::collections::BTreeSet::new();
    for (table, text) in [
        ("", format!("{HEAD}?=1")),
        ("pull.", format!("{HEAD}[pull]\n?=1")),
        ("expect.", format!("{HEAD}[expect]\n?=1")),
        ("expect.kept.", format!("{HEAD}[expect.kept]\n?=1")),
        ("expect.asked.", format!("{HEAD}[[expect.asked]]\nat=\"cloud\"\n?=1")),
        ("world.", format!("{HEAD}[world]\n?=1")),
        ("world.fault.", format!("{HEAD}[[world.fault]]\nat=\"cloud\"\npath=\"/\"\n?=1")),
        ("then.", format!("{HEAD}[[then]]\n?=1")),
    ] {
        let error = Case::parse("wire/x.toml", &text.replace('?', "unheard-of")).unwrap_err().to_string();
        let names = error.split("expected one of ").nth(1).unwrap_or_else(|| panic!("{error}"));
        known.extend(names.split('`').skip(1).step_by(2).map(|name| format!("{table}{name}")));
    }
    let known: std::collections::BTreeSet<_> = known.iter().map(String::as_str).collect();
    assert_eq!(explained, known);
}
