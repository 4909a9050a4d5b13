//! The kubelet's own code as a process: a question a line in, an answer a line out.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use conformance::kubelet::{GoVersion, KubeletVersion};
use serde_json::Value;

const VERSIONS: [&str; 4] = ["1.36", "1.35", "1.34", "1.33"];

/// One version of the kubelet's own code.
pub(crate) struct Oracle {
    pub(crate) version: KubeletVersion,
    pipes: RefCell<Pipes>,
}

struct Pipes {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Every version that is built.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        VERSIONS.into_iter().filter_map(|version| {
            let path = folder().join(format!("v{version}"));
            let oracle = path.exists().then(|| Self::start(version, &path));
            if oracle.is_none() {
                let _ = writeln!(
                    std::io::stderr(),
                    "skipped: kubelet {version}: {} is not there, conformance/oracle/build makes it",
                    path.display()
                );
            }
            oracle
        })
    }

    fn start(version: &str, path: &Path) -> Self {
        let mut child = Command::new(path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let pipes = RefCell::new(Pipes { child, questions, answers });
        let oracle = Self { version: version.parse().unwrap(), pipes };
        let told = oracle.ask("version", serde_json::json!({}));
        assert!(told["kubernetes"].as_str().unwrap().starts_with(&format!("v{version}.")), "{told}");
        oracle
    }

    /// The rules of the Go that it was built with, which is newer than that of some versions.
    pub(crate) fn go(&self) -> GoVersion {
        self.version.go().max(GoVersion::Go1_25_8)
    }

    /// Asks about something, with the fields of a vector of that kind.
    pub(crate) fn ask(&self, about: &str, mut question: Value) -> Value {
        question["ask"] = about.into();
        let pipes = &mut *self.pipes.borrow_mut();
        writeln!(pipes.questions.as_mut().unwrap(), "{question}").unwrap();
        let mut line = String::new();
        pipes.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}` is no answer to {question}"))
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}

/// Where the build puts its programs.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("oracle")
}
