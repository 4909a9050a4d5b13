use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use super::*;

const LINE: &[u8] = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"pull","startTimeUnixNano":"7"}]}]}]}"#;

fn pull() -> Pull {
    Pull::parse(LINE).expect("a pull")
}

fn spool() -> (tempfile::TempDir, Spool) {
    let directory = tempfile::tempdir().expect("a directory");
    let spool = Spool::at(&directory.path().join("own/telemetry")).expect("a spool");
    (directory, spool)
}

fn content(spool: &Spool, name: &str) -> String {
    fs::read_to_string(spool.path(name)).unwrap_or_default()
}

#[test]
fn what_is_added_is_taken_once_and_in_parts() {
    let (_directory, spool) = spool();
    assert!(!spool.take().expect("nothing is there"));
    for _ in 0..3 {
        spool.append(&pull()).expect("added");
    }
    assert!(spool.take().expect("taken") && !spool.has_pulls());
    let first = spool.next(2).expect("a batch");
    assert_eq!(first.pulls.len(), 2);
    assert_eq!(spool.next(2).expect("the same").pulls.len(), 2, "what is not done comes again");
    spool.done(first.length).expect("done");
    let last = spool.next(2).expect("the rest");
    assert_eq!(last.pulls.len(), 1);
    spool.done(last.length).expect("done");
    assert_eq!(spool.next(2).expect("the end").length, 0);
    spool.finish().expect("finished");
    assert!(!spool.take().expect("nothing is left"));
}

#[test]
fn what_was_taken_goes_before_what_came_later() {
    let (_directory, spool) = spool();
    spool.append(&pull()).expect("added");
    spool.take().expect("taken");
    spool.append(&pull()).expect("added");
    assert!(spool.take().expect("taken before") && spool.has_pulls());
    assert_eq!(spool.next(9).expect("a batch").pulls.len(), 1);
}

#[test]
fn files_and_folder_are_their_users_alone() {
    let (directory, spool) = spool();
    spool.append(&pull()).expect("added");
    let mode_of = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode_of(&spool.0), mode_of(&directory.path().join("own"))), (0o700, 0o700));
    assert_eq!(mode_of(&spool.path("pulls")), 0o600);
    fs::set_permissions(&spool.0, fs::Permissions::from_mode(0o722)).expect("a mode");
    let refused = Spool::at(&spool.0).expect_err("others can write to it");
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
}

#[test]
fn a_link_or_a_file_in_the_folders_place_is_refused() {
    let (directory, spool) = spool();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&spool.0, &link).expect("a link");
    assert!(Spool::at(&link).is_err());
    fs::write(directory.path().join("file"), "").expect("a file");
    assert!(Spool::at(&directory.path().join("file")).is_err());
}

#[test]
fn a_writer_whose_file_was_taken_away_writes_to_the_next_one() {
    let (_directory, spool) = spool();
    spool.append(&pull()).expect("added");
    let taken = locked(private_file(&spool.path("pulls")).expect("a file")).expect("a lock");
    let writer = thread::spawn({
        let spool = spool.clone();
        move || spool.append(&pull())
    });
    // The writer has the file open, or will find the next one: either way its line must not be in the one that is gone.
    rest(REST * 10);
    fs::rename(spool.path("pulls"), spool.path("sending")).expect("taken away");
    drop(taken);
    writer.join().expect("no panic").expect("added");
    assert_eq!(content(&spool, "sending").matches("pull").count(), 1);
    assert_eq!(content(&spool, "pulls").matches("pull").count(), 1);
}

#[test]
fn a_writer_does_not_wait_for_a_lock_that_is_not_given_back() {
    let (_directory, spool) = spool();
    let _held = locked(private_file(&spool.path("pulls")).expect("a file")).expect("a lock");
    let given_up = spool.append(&pull()).expect_err("no lock");
    assert_eq!(given_up.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(spool.dropped().value(), 1);
}

#[test]
fn a_full_spool_takes_no_more_and_counts() {
    let (_directory, spool) = spool();
    private_file(&spool.path("pulls")).expect("a file").set_len(LIMIT - 10).expect("a length");
    for dropped in 1..=2 {
        spool.append(&pull()).expect_err("it is full");
        assert_eq!(spool.dropped().value(), dropped);
    }
    assert_eq!(fs::metadata(spool.path("pulls")).expect("a file").len(), LIMIT - 10);
    spool.dropped().take_off(1);
    assert_eq!(spool.dropped().value(), 1);
    spool.dropped().take_off(9);
    assert_eq!(spool.dropped().value(), 0);
}

#[test]
fn only_one_has_the_lock_of_exporters() {
    let (_directory, spool) = spool();
    let held = spool.exporters_lock().expect("a file").expect("the lock");
    assert!(spool.exporters_lock().expect("a file").is_none());
    assert!(spool.is_exporters_lock(&held));
    assert!(!spool.is_exporters_lock(&private_file(&spool.path("pulls")).expect("a file")));
    let handed_over = held.try_clone().expect("the same file");
    drop(held);
    assert!(spool.exporters_lock().expect("a file").is_none(), "it is still held by whom it was handed over to");
    drop(handed_over);
    assert!(spool.exporters_lock().expect("a file").is_some());
}

#[test]
fn the_last_pulls_are_kept() {
    let (_directory, spool) = spool();
    assert!(spool.recent().is_empty());
    for _ in 0..3 {
        spool.keep(&vec![pull(); 8]).expect("kept");
    }
    assert_eq!(spool.recent().len(), RECENT);
}

#[test]
fn files_are_told_of_each_line_once_wherever_it_lies() {
    let (_directory, spool) = spool();
    let tell = || {
        let batch = spool.untold().expect("lines");
        spool.tell(&batch).expect("kept");
        (batch.pulls.len(), batch.spoiled)
    };
    assert_eq!(tell(), (0, 0));
    spool.append(&pull()).expect("added");
    spool.append(&pull()).expect("added");
    assert_eq!((tell(), tell()), ((2, 0), (0, 0)));
    spool.append(&pull()).expect("added");
    spool.take().expect("taken");
    spool.append(&pull()).expect("added");
    assert_eq!((tell(), tell(), tell()), ((1, 0), (1, 0), (0, 0)), "one of each file");
    spool.append(&pull()).expect("added");
    spool.finish().expect("finished");
    assert_eq!((tell(), tell()), ((1, 0), (0, 0)), "what was finished counts no more");
    spool.take().expect("taken");
    assert_eq!(tell(), (0, 0), "what was told of is not told again where it is taken");
}

#[test]
fn a_line_is_told_once_it_has_its_end() {
    let (_directory, spool) = spool();
    let (half, rest) = LINE.split_at(20);
    let write = |bytes: &[u8]| private_file(&spool.path("pulls")).expect("a file").write_all(bytes).expect("written");
    write(half);
    assert_eq!(spool.untold().expect("no line").length, 0);
    write(rest);
    write(b"\n");
    assert_eq!(spool.untold().expect("a line").pulls.len(), 1);
}
