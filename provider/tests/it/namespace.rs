//! A network of a test's own: a namespace with other addresses, and a hosts file that names them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The addresses of a name that has two, when the namespace has both families.
pub(crate) const BOTH: &str = "dual.example";
pub(crate) const V4: &str = "192.0.2.1";
pub(crate) const V6: &str = "2001:db8::1";

/// Ways into a namespace: as anybody, where the system lets anybody; else as root.
const WAYS_IN: [&[&str]; 2] = [&["--user", "--map-root-user", "--net", "--mount"], &["--net", "--mount"]];

/// Which of a name's addresses the resolver gives first.
#[derive(Clone, Copy)]
pub(crate) enum Network {
    /// No IPv4 at all, not even loopback.
    V6Only,
    /// Both families, IPv6 first.
    V6First,
    /// Both families, IPv4 first.
    V4First,
}

impl Network {
    /// Source: `gai.conf(5)`: a higher precedence comes first, and `::ffff:0:0/96` stands for IPv4.
    fn set_up(self, directory: &str) -> String {
        let address = match self {
            Self::V6Only => "ip address del 127.0.0.1/8 dev lo".to_owned(),
            Self::V6First | Self::V4First => format!("ip address add {V4}/32 dev lo"),
        };
        let precedence = if matches!(self, Self::V4First) { 100 } else { 10 };
        format!(
            "set -e; ip link set lo up; {address}; ip -6 address add {V6}/128 dev lo nodad
             printf '127.0.0.1 localhost\\n::1 localhost\\n{V6} {BOTH}\\n{V4} {BOTH}\\n' > {directory}/hosts
             printf 'precedence ::1/128 50\\nprecedence ::/0 40\\nprecedence ::ffff:0:0/96 {precedence}\\n' > {directory}/gai.conf
             mount --bind {directory}/hosts /etc/hosts; mount --bind {directory}/gai.conf /etc/gai.conf
             exec \"$0\" \"$@\""
        )
    }
}

/// Runs an ignored test of this binary in a network of its own, or says on stderr why it cannot.
pub(crate) fn run_inside(network: Network, test: &str) {
    let way = WAYS_IN.into_iter().find(|way| is_open(way));
    let Some(way) = way.filter(|_| ["/etc/hosts", "/etc/gai.conf"].iter().all(|path| Path::new(path).exists())) else {
        let _ = writeln!(std::io::stderr(), "skip: {test}: no network namespace can be made here");
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let program = std::env::current_exe().expect("this program");
    let output = Command::new("unshare")
        .args(way)
        .args(["sh", "-c", &network.set_up(&directory.path().display().to_string())])
        .arg(program)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output()
        .expect("unshare runs");
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

fn is_open(way: &[&str]) -> bool {
    let mut command = Command::new("unshare");
    let command = command.args(way).args(["sh", "-c", "ip link set lo up"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
