//! `conformance run` with adapters that have a lab.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{CONFORMANCE, Ended, User, ends_soon, is_inhabited, make_readable};

/// A plugin that is not to answer: what it says on standard error is in the report.
const SAYS: &str = "#!/bin/sh\ncat >/dev/null\n";

/// A plugin, an adapter and a case, in a folder that every user may read.
struct Own {
    folder: TempDir,
    plugin: PathBuf,
    adapter: PathBuf,
}

impl Own {
    fn new(plugin: &str, lab: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_readable(folder.path());
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            make_readable(&path);
            path
        };
        let (plugin, adapter) = (write("plugin", plugin), write("own.toml", &adapter(lab)));
        Self { folder, plugin, adapter }
    }

    fn command(&self, user: User, arguments: &[&str]) -> Command {
        command(user, &self.plugin, &self.adapter, arguments)
    }

    fn said(&self, user: User) -> String {
        let report = report(self.command(user, &["--filter=matching/pull", "--json"]));
        report["results"][0]["pulls"][0]["stderr"].as_str().unwrap_or_else(|| panic!("{report}")).to_owned()
    }
}

fn adapter(lab: &str) -> String {
    format!(
        "title = 'own'\ndefault = 'static'\nfeatures = ['declines']\n[identity.static]\nenv = {{ OWN = 'x' }}\n{lab}\n"
    )
}

fn command(user: User, plugin: &Path, adapter: &Path, arguments: &[&str]) -> Command {
    let mut command = user.command(CONFORMANCE);
    command.args(["run", "--plugin"]).arg(plugin).arg("--adapter").arg(adapter).args(arguments);
    command.stdin(Stdio::null());
    command
}

fn report(mut command: Command) -> Value {
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The ids of the cases with a status.
fn ids(report: &Value, status: &str) -> BTreeSet<String> {
    let chosen = report["results"].as_array().unwrap().iter().filter(|result| result["status"] == status);
    chosen.map(|result| result["id"].as_str().unwrap().to_owned()).collect()
}

/// Runs a plugin of the tests, which asks Azure and Artifactory where they really are.
fn exchange(user: User, plugin: &str) -> Value {
    let file = |path: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run").join(path);
    let (plugin, adapter) = (file(&format!("plugins/{plugin}.sh")), file("adapters/exchange-lab.toml"));
    let chosen = ["wire/version", "matching/pull", "lifetime/ends-in-time", "identity-azure/works", "host-binding"];
    let filters = chosen.map(|filter| format!("--filter={filter}"));
    let arguments: Vec<_> = ["--json"].into_iter().chain(filters.iter().map(String::as_str)).collect();
    report(command(user, &plugin, &adapter, &arguments))
}

#[test]
fn a_plugin_that_nothing_leads_to_the_mocks_is_judged() {
    for user in User::all() {
        let right = exchange(user, "by-curl");
        assert_eq!(ids(&right, "fail").union(&ids(&right, "error")).collect::<Vec<_>>(), [""; 0], "{user:?}");
        assert!(ids(&right, "pass").contains("matching/pull"), "{user:?}");
        let wrong = ids(&exchange(user, "keeps-for-days"), "fail");
        assert_eq!(wrong.len(), 6, "{wrong:?}");
        assert!(wrong.iter().all(|id| id.starts_with("lifetime/") || id.starts_with("identity-azure/")), "{wrong:?}");
    }
}

#[test]
fn a_plugin_has_its_entry_and_what_a_kubelet_has_and_nothing_of_who_runs_the_suite() {
    let own = Own::new(&format!("{SAYS}tr '\\0' '\\n' </proc/$$/environ | sort >&2\nexit 1\n"), "[lab]");
    for user in User::all() {
        let mut command = own.command(user, &["--filter=matching/pull", "--json"]);
        command.env("AWS_PROFILE", "callers").env("HTTPS_PROXY", "http://proxy.test");
        let report = report(command);
        let said = report["results"][0]["pulls"][0]["stderr"].as_str().unwrap().to_owned();
        let names: Vec<_> = said.lines().filter_map(|line| line.split('=').next()).collect();
        let authorities = ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "OWN", "PATH"];
        assert_eq!(names, [&authorities[..], &["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]].concat(), "{user:?}");
    }
}

#[test]
fn the_adapter_says_whose_machine_it_is_and_what_the_registry_is_called() {
    let asks = "cat /sys/class/dmi/id/sys_vendor >&2\nfor host in us-docker.pkg.dev api.ecr.eu-west-3.amazonaws.com; do \
                curl -sS -o /dev/null -w '%{ssl_verify_result} %{remote_ip}\\n' https://$host/ >&2; done\nexit 1\n";
    let lab = "lab = { machine = 'google' }\n[lab]\nmachine = 'aws'\nregistry = 'us-docker.pkg.dev'\n\
               hosts = ['api.ecr.eu-west-3.amazonaws.com']";
    let own = Own::new(&format!("{SAYS}{asks}"), lab);
    for user in User::all() {
        assert_eq!(own.said(user), "Google\n0 198.18.0.2\n0 198.18.0.1\n", "{user:?}");
    }
}

#[test]
fn each_case_has_namespaces_of_its_own_and_what_it_leaves_ends_with_them() {
    let leaves = "readlink /proc/self/ns/net >&2\nsetsid sleep 60 >/dev/null 2>&1 </dev/null &\nexit 1\n";
    let own = Own::new(&format!("{SAYS}{leaves}"), "[lab]");
    let before = mounts();
    for user in User::all() {
        let report = report(own.command(user, &["--filter=wire/version", "--filter=matching/pull", "--json"]));
        // A version that the adapter does not declare is skipped.
        let results = report["results"].as_array().unwrap().iter().filter(|it| it["status"] != "skip");
        let said: Vec<_> = results.map(|it| it["pulls"][0]["stderr"].as_str().unwrap().trim()).collect();
        assert!(said.len() > 1 && said.iter().collect::<BTreeSet<_>>().len() == said.len(), "{said:?}");
        for namespace in said {
            assert!(namespace.starts_with("net:[") && !is_inhabited(namespace), "{user:?} {namespace}");
        }
        assert_eq!(mounts(), before);
    }
}

fn mounts() -> String {
    std::fs::read_to_string("/proc/self/mountinfo").unwrap()
}

#[test]
fn a_run_that_is_interrupted_leaves_nothing() {
    // The plugin holds the pipe open until its end.
    let holds = "exec 3>\"$0.pipe\"\nreadlink /proc/self/ns/net >&3\nsetsid sleep 60 &\nsleep 60\n";
    let own = Own::new(&format!("{SAYS}{holds}"), "[lab]");
    let pipe = own.folder.path().join("plugin.pipe");
    assert!(Command::new("mkfifo").args(["-m", "666"]).arg(&pipe).status().unwrap().success());
    for user in User::all() {
        for signal in ["KILL", "TERM", "INT"] {
            let before = mounts();
            let mut run = own.command(user, &["--filter=matching/pull"]).stdout(Stdio::null()).spawn().unwrap();
            let mut said = BufReader::new(File::open(&pipe).unwrap());
            let mut namespace = String::new();
            said.read_line(&mut namespace).unwrap();
            let namespace = namespace.trim();
            assert!(namespace.starts_with("net:[") && is_inhabited(namespace), "{user:?} {namespace}");
            assert!(Command::new("kill").args(["-s", signal, &run.id().to_string()]).status().unwrap().success());
            assert!(!run.wait().unwrap().success());
            assert!(ends_soon(said), "{user:?} {signal}: the plugin still runs");
            assert!(!is_inhabited(namespace), "{user:?} {signal}");
            assert_eq!(mounts(), before, "{user:?} {signal}");
        }
    }
}

/// A folder with these programs in front of the system's.
fn in_front(programs: &[(&str, &str)]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    make_readable(folder.path());
    for (name, script) in programs {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        make_readable(&path);
    }
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", folder.path().display());
    (folder, path)
}

#[test]
fn a_machine_without_namespaces_is_told_what_to_do_and_no_case_is_run() {
    let (_folder, path) =
        in_front(&[("unshare", "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1")]);
    let own = Own::new(SAYS, "[lab]");
    let ended: Ended = own.command(User::Own, &[]).env("PATH", path).output().unwrap().into();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: failed to make labs, which the adapter asks for
      caused by: this machine does not let this user make namespaces: unshare: unshare failed: Operation not permitted
      hint: run it as root, or let ordinary users make user namespaces: `sysctl user.max_user_namespaces` above 0, `kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, `kernel.unprivileged_userns_clone=1` on older Debian; a container needs `--privileged`
    ");
}

#[test]
fn a_lab_that_cannot_be_made_is_an_error_of_its_case_with_what_was_said() {
    if !User::all().contains(&User::Own) {
        return;
    }
    let (_folder, path) = in_front(&[("ip", "echo 'RTNETLINK answers: Operation not permitted' >&2; exit 2")]);
    let own = Own::new(SAYS, "[lab]");
    let mut command = own.command(User::Own, &["--filter=matching/pull", "--json"]);
    command.env("PATH", path);
    let report = report(command);
    assert_eq!(ids(&report, "error"), ["matching/pull".to_owned()].into());
    insta::assert_snapshot!(report["results"][0]["reasons"][0].as_str().unwrap(), @r"
    the lab of the case ended with exit status: 1: error: `ip link set lo up` failed: RTNETLINK answers: Operation not permitted
      hint: the kernel must have what this command asks for; `ip -V` of iproute2 4.19 or later
    ");
}

#[test]
fn what_run_starts_tells_that_it_is_for_run() {
    let mut command = Command::new(CONFORMANCE);
    let mut child =
        command.arg("case-inside").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{}").unwrap();
    let ended: Ended = child.wait_with_output().unwrap().into();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: standard input holds no case of a run: missing field `plugin` at line 1 column 2
      hint: this is for `conformance run`, which starts it for each case of an adapter with `lab`
    ");
}
