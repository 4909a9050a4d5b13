//! What is kept, and everything that makes it of no use.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

fn booted(id: &str) -> TempDir {
    let system = tempfile::tempdir().expect("a directory");
    fs::create_dir(system.path().join("run")).expect("a directory");
    boot_again(&system, id);
    system
}

fn boot_again(system: &TempDir, id: &str) {
    let path = system.path().join(BOOT_ID);
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    fs::write(path, format!("{id}\n")).expect("a file");
}

fn kept(system: &TempDir) -> PathBuf {
    system.path().join(DIRECTORY).join(FILE)
}

fn found() -> Found {
    Found { cloud: Cloud::Azure, evidence: "it answered".to_owned(), step: Step::Metadata, others: Vec::new() }
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn what_is_kept_is_read_until_it_is_dropped() {
    let system = booted("one");
    assert_eq!(read(system.path()), None);
    write(system.path(), &found());
    let again = read(system.path()).expect("what was kept");
    assert_eq!((again.cloud, again.step), (Cloud::Azure, Step::Kept));
    assert_eq!(again.evidence, "an earlier pull of this boot found that it answered");
    write(system.path(), &Found { cloud: Cloud::Google, ..found() });
    assert_eq!(read(system.path()).map(|found| found.cloud), Some(Cloud::Google), "the last one counts");
    remove(system.path());
    assert_eq!(read(system.path()), None);
}

#[test]
fn only_the_user_can_read_it_and_nothing_else_is_left() {
    let system = booted("one");
    write(system.path(), &found());
    let directory = system.path().join(DIRECTORY);
    assert_eq!((mode_of(&directory), mode_of(&kept(&system))), (0o700, 0o600));
    assert_eq!(fs::read_dir(directory).expect("a directory").count(), 1);
    let text = fs::read_to_string(kept(&system)).expect("a file");
    assert_eq!(text, r#"{"boot":"one","cloud":"azure","evidence":"it answered"}"#);
}

#[test]
fn another_boot_knows_nothing() {
    let system = booted("one");
    write(system.path(), &found());
    boot_again(&system, "two");
    assert_eq!(read(system.path()), None);
    fs::remove_file(system.path().join(BOOT_ID)).expect("a file");
    assert_eq!(read(system.path()), None);
}

#[test]
fn what_others_could_have_written_is_ignored() {
    for (path, mode) in
        [(DIRECTORY.to_owned(), 0o770), (DIRECTORY.to_owned(), 0o707), (format!("{DIRECTORY}/{FILE}"), 0o620)]
    {
        let system = booted("one");
        write(system.path(), &found());
        fs::set_permissions(system.path().join(&path), Permissions::from_mode(mode)).expect("permissions");
        assert_eq!(read(system.path()), None, "{path} {mode:o}");
    }
}

#[test]
fn a_directory_that_others_can_write_to_is_not_used() {
    let system = booted("one");
    let directory = system.path().join(DIRECTORY);
    fs::create_dir(&directory).expect("a directory");
    fs::set_permissions(&directory, Permissions::from_mode(0o777)).expect("permissions");
    write(system.path(), &found());
    assert!(!kept(&system).exists());
}

#[test]
fn what_somebody_else_owns_is_ignored() {
    for path in [DIRECTORY.to_owned(), format!("{DIRECTORY}/{FILE}")] {
        let system = booted("one");
        write(system.path(), &found());
        // Only root can give a file away; for anybody else the table below stands alone.
        if std::os::unix::fs::chown(system.path().join(&path), Some(65_534), None).is_ok() {
            assert_eq!(read(system.path()), None, "{path}");
        }
    }
}

#[test]
fn only_the_user_and_root_are_trusted() {
    for (owner, mode, trusted) in
        [(1000, 0o600, true), (0, 0o644, true), (1001, 0o600, false), (1000, 0o620, false), (0, 0o602, false)]
    {
        assert_eq!(is_trusted(owner, mode, 1000), trusted, "{owner} {mode:o}");
    }
}

#[test]
fn other_content_is_ignored() {
    for text in [
        "",
        "azure",
        r#"{"boot":"one","cloud":"gcp","evidence":"x"}"#,
        r#"{"boot":"one","cloud":"azure"}"#,
        r#"{"boot":"one","cloud":"azure","evidence":"x","more":1}"#,
        &format!(r#"{{"boot":"one","cloud":"azure","evidence":"{}"}}"#, "x".repeat(5_000)),
    ] {
        let system = booted("one");
        write(system.path(), &found());
        fs::write(kept(&system), text).expect("a file");
        assert_eq!(read(system.path()), None, "{text}");
    }
}

#[test]
fn a_link_in_the_place_of_the_file_or_directory_is_ignored() {
    let system = booted("one");
    write(system.path(), &found());
    let elsewhere = system.path().join("elsewhere");
    fs::rename(kept(&system), &elsewhere).expect("a file");
    std::os::unix::fs::symlink(&elsewhere, kept(&system)).expect("a link");
    assert_eq!(read(system.path()), None);
    fs::remove_file(kept(&system)).expect("a link");
    fs::rename(&elsewhere, kept(&system)).expect("a file");
    assert!(read(system.path()).is_some());
    let directory = system.path().join(DIRECTORY);
    fs::rename(&directory, &elsewhere).expect("a directory");
    std::os::unix::fs::symlink(&elsewhere, &directory).expect("a link");
    assert_eq!(read(system.path()), None);
}

#[test]
fn where_nothing_can_be_written_nothing_is_kept() {
    let system = booted("one");
    fs::write(system.path().join(DIRECTORY), "a file in the directory's place").expect("a file");
    write(system.path(), &found());
    assert_eq!(read(system.path()), None);
    let unbooted = tempfile::tempdir().expect("a directory");
    fs::create_dir(unbooted.path().join("run")).expect("a directory");
    write(unbooted.path(), &found());
    assert_eq!(fs::read_dir(unbooted.path().join("run")).expect("a directory").count(), 0);
}
