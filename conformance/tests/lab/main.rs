//! `conformance lab` as a person runs it, with the shipped provider and with commands of the system.

#![cfg(target_os = "linux")]

#[cfg(test)]
mod cases;
#[cfg(test)]
mod command;
#[cfg(test)]
mod entries;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod pulls;

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use command::{CONFORMANCE, Ended, User, ends_soon, is_inhabited, lab, make_readable, script};

/// Tells the test that runs in a lab whose machine it is on.
const MACHINE: &str = "LAB_MACHINE";

#[test]
fn the_shipped_provider_pulls_on_every_identity_with_nothing_overridden() {
    if pulls::shipped().is_none() {
        return;
    }
    let own = std::env::current_exe().unwrap();
    let own = own.to_str().unwrap();
    let tests = [own, "--ignored", "--exact", "pulls::every_identity_of_this_machine_pulls", "--nocapture"];
    for user in User::all() {
        let asked = |machine: &str| {
            let ended: Ended = lab(user, &["--cloud", machine], &tests).env(MACHINE, machine).output().unwrap().into();
            assert_eq!(ended.code, Some(0), "{user:?} on {machine}: {ended:#?}");
            ended.stderr
        };
        insta::allow_duplicates! {
            insta::assert_snapshot!(asked("aws"), @r"
            pulled: instance role
              GET 169.254.169.254 /latest/meta-data/iam/security-credentials/artifactory-pull
              GET 169.254.169.254 /latest/meta-data/placement/region
              GET sts.us-east-1.amazonaws.com /
              PUT 169.254.169.254 /latest/api/token
            pulled: instance role, cloud found
              GET 169.254.169.254 /latest/meta-data/iam/security-credentials/artifactory-pull
              GET 169.254.169.254 /latest/meta-data/placement/region
              GET sts.us-east-1.amazonaws.com /
              PUT 169.254.169.254 /latest/api/token
            pulled: web identity
              GET sts.us-east-1.amazonaws.com /
              POST sts.us-east-1.amazonaws.com /
            pulled: pod identity
              GET 169.254.170.23 /v1/credentials
              GET sts.us-east-1.amazonaws.com /
            pulled: cross-account role
              GET 169.254.169.254 /latest/meta-data/iam/security-credentials/
              GET 169.254.169.254 /latest/meta-data/iam/security-credentials/artifactory-pull
              GET 169.254.169.254 /latest/meta-data/placement/region
              GET sts.us-east-1.amazonaws.com /
              POST sts.us-east-1.amazonaws.com /
              PUT 169.254.169.254 /latest/api/token
            pulled: cognito
              GET 169.254.169.254 /latest/meta-data/iam/security-credentials/artifactory-pull
              GET 169.254.169.254 /latest/meta-data/placement/region
              GET cognito-idp.us-east-1.amazonaws.com /us-east-1_Artifacts/.well-known/jwks.json
              GET cognito-idp.us-east-1.amazonaws.com /us-east-1_Artifacts/.well-known/openid-configuration
              POST artifactory-demo.auth.us-east-1.amazoncognito.com /oauth2/token
              POST cognito-idp.us-east-1.amazonaws.com /
              POST secretsmanager.us-east-1.amazonaws.com /
              PUT 169.254.169.254 /latest/api/token
            ");
            insta::assert_snapshot!(asked("azure"), @r"
            pulled: managed identity, cloud found
              GET 169.254.169.254 /metadata/identity/oauth2/token
              GET login.microsoftonline.com /11111111-2222-4333-8444-555555555555/discovery/v2.0/keys
              GET login.microsoftonline.com /11111111-2222-4333-8444-555555555555/v2.0/.well-known/openid-configuration
            pulled: federated
              GET 169.254.169.254 /metadata/identity/oauth2/token
              GET 169.254.169.254 /metadata/instance/compute/azEnvironment
              POST login.microsoftonline.com /11111111-2222-4333-8444-555555555555/oauth2/v2.0/token
            pulled: azure workload identity
              POST login.microsoftonline.com /11111111-2222-4333-8444-555555555555/oauth2/v2.0/token
            ");
            insta::assert_snapshot!(asked("google"), @r"
            pulled: metadata server, cloud found
              GET 169.254.169.254 /computeMetadata/v1/instance/service-accounts/artifactory-pull@artifactory-demo.iam.gserviceaccount.com/identity
              GET accounts.google.com /.well-known/openid-configuration
              GET accounts.google.com /oauth2/v3/certs
            pulled: impersonation
              GET 169.254.169.254 /computeMetadata/v1/instance/service-accounts/default/token
              POST iamcredentials.googleapis.com /v1/projects/-/serviceAccounts/images@artifactory-demo.iam.gserviceaccount.com:generateIdToken
            pulled: google workload identity
              POST iamcredentials.googleapis.com /v1/projects/-/serviceAccounts/images@artifactory-demo.iam.gserviceaccount.com:generateIdToken
              POST sts.googleapis.com /v1/token
            pulled: application default credentials
              GET 169.254.169.254 /computeMetadata/v1/instance/service-accounts/default/identity
            ");
            insta::assert_snapshot!(asked("none"), @r"
            pulled: service account token
              GET oidc.eks.us-east-1.amazonaws.com /id/0123456789ABCDEF0123456789ABCDEF/.well-known/openid-configuration
              GET oidc.eks.us-east-1.amazonaws.com /id/0123456789ABCDEF0123456789ABCDEF/keys
            pulled: the node's token file
            ");
        }
    }
}

#[test]
fn the_clouds_have_their_addresses_and_names_inside_only() {
    let asked = "for url in http://169.254.169.254/ 'http://[fd00:ec2::254]/' http://169.254.170.23/v1/credentials \
                 http://metadata.google.internal/ https://sts.us-east-1.amazonaws.com/ https://login.microsoftonline.com/ \
                 https://accounts.google.com/.well-known/openid-configuration \
                 https://$LAB_ARTIFACTORY/artifactory/api/system/ping; do \
                 curl -gsS -o /dev/null -w '%{http_code} %{remote_ip}\\n' \"$url\"; done";
    for user in User::all() {
        let ended = script(user, &[], asked);
        insta::allow_duplicates! {
            insta::assert_snapshot!(ended.stdout, @r"
            200 169.254.169.254
            200 fd00:ec2::254
            400 169.254.170.23
            200 169.254.169.254
            302 198.18.0.1
            404 198.18.0.1
            200 198.18.0.1
            200 198.18.0.2
            ");
        }
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{user:?}");
    }
    let names = ["metadata.google.internal", "artifactory.example.com"];
    for name in names {
        assert!(!std::fs::read_to_string("/etc/hosts").unwrap().contains(name), "{name}");
    }
    assert!(!std::fs::read_to_string("/proc/net/fib_trie").unwrap().contains("198.18.0.1\n"));
}

#[test]
fn a_name_that_the_lab_does_not_have_leads_nowhere() {
    for user in User::all() {
        let ended = script(user, &[], "curl -sS https://example.com/; echo code $?");
        assert_eq!(ended.stdout, "code 6\n", "could not resolve: {ended:?}");
        let ended = script(user, &[], "grep ^hosts: /etc/nsswitch.conf");
        assert_eq!(ended.stdout, "hosts: files dns\n", "nobody outside is asked: {ended:?}");
        let ended = script(user, &[], "curl -sS --connect-timeout 2 http://192.0.2.1/; echo code $?");
        assert_eq!(ended.stdout, "code 7\n", "could not connect: {ended:?}");
    }
}

#[test]
fn a_further_host_leads_to_the_clouds_with_a_certificate() {
    for user in User::all() {
        let host = "sts.eu-central-1.amazonaws.com";
        let asked = format!("curl -sS -o /dev/null -w '%{{http_code}}' https://{host}/");
        assert_eq!(script(user, &["--host", host], &asked).stdout, "302");
        assert_ne!(script(user, &[], &asked).code, Some(0));
    }
}

#[test]
fn a_machine_is_of_one_cloud() {
    let facts = "cat /sys/class/dmi/id/sys_vendor; \
                 curl -s -o /dev/null -D - http://169.254.169.254/latest/meta-data/ | tr -d '\\r' | grep -iE '^(http|server)'; \
                 getent hosts metadata; ls -d /sys/class/net";
    for user in User::all() {
        let of = |machine| script(user, &["--cloud", machine], facts).stdout;
        insta::allow_duplicates! {
            insta::assert_snapshot!(of("aws"), @r"
            Amazon EC2
            HTTP/1.1 401 Unauthorized
            server: EC2ws
            /sys/class/net
            ");
            insta::assert_snapshot!(of("azure"), @r"
            Microsoft Corporation
            HTTP/1.1 400 Bad Request
            server: IMDS/150.870.65.1854
            /sys/class/net
            ");
            insta::assert_snapshot!(of("google"), @r"
            Google
            HTTP/1.1 403 Forbidden
            server: Metadata Server for VM
            169.254.169.254 metadata
            /sys/class/net
            ");
            insta::assert_snapshot!(of("none"), @r"
            QEMU
            /sys/class/net
            ");
        }
    }
}

#[test]
fn a_lab_within_a_lab_is_another_machine() {
    let tag = "cat /sys/class/dmi/id/chassis_asset_tag";
    for user in User::all() {
        let inner = format!("{tag}; {CONFORMANCE} lab --cloud azure -- {tag}; {tag}");
        let ended = script(user, &["--cloud", "aws"], &inner);
        assert_eq!(ended.stdout, "Amazon EC2\n7783-7084-3265-9085-8269-3286-77\nAmazon EC2\n", "{user:?}: {ended:?}");
    }
}

#[test]
fn the_command_decides_the_exit_code_and_has_the_callers_streams() {
    for user in User::all() {
        assert_eq!(script(user, &[], "exit 0").code, Some(0));
        let ended = script(user, &[], "echo out; echo err >&2; exit 7");
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(7), "out\n", "err\n"));
        assert_eq!(script(user, &[], "kill -TERM $$").code, Some(143));
    }
}

#[test]
fn nothing_is_left_when_the_lab_is_killed() {
    for user in User::all() {
        for signal in ["KILL", "TERM", "INT"] {
            let mut lab = lab(user, &[], &["sh", "-c", "setsid sleep 60 & readlink /proc/self/ns/net; sleep 60"]);
            let mut child = lab.spawn().unwrap();
            let mut namespace = String::new();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            stdout.read_line(&mut namespace).unwrap();
            let namespace = namespace.trim();
            assert!(namespace.starts_with("net:[") && is_inhabited(namespace), "{user:?} {namespace}");
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
            let status = child.wait().unwrap();
            assert_eq!(status.code(), if signal == "KILL" { None } else { Some(143) }, "{user:?} {signal}");
            assert!(ends_soon(stdout), "{user:?} {signal}: somebody still holds standard output");
            assert!(!is_inhabited(namespace), "{user:?} {signal}");
        }
    }
}

#[test]
fn a_lab_changes_no_file_of_this_machine() {
    let state = || {
        let files = ["/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/proc/self/mountinfo"];
        files.map(|file| std::fs::read_to_string(file).unwrap_or_default())
    };
    let before = state();
    for user in User::all() {
        let ended = script(user, &["--cloud", "aws"], "cat /etc/hosts; echo lab > $(dirname $SSL_CERT_FILE)/own");
        assert!(ended.stdout.contains("sts.amazonaws.com"), "{ended:?}");
        assert_eq!(state(), before, "{user:?}");
    }
}

#[test]
fn a_background_process_of_the_command_ends_with_the_lab() {
    for user in User::all() {
        let ended = script(user, &[], "readlink /proc/self/ns/net; setsid sleep 60 >/dev/null 2>&1 & exit 0");
        assert_eq!(ended.code, Some(0));
        assert!(!is_inhabited(ended.stdout.trim()), "{user:?}");
    }
}

#[test]
fn a_round_trip_takes_its_time() {
    const ROUND_TRIP: f64 = 0.2;
    let host = "sts.us-east-1.amazonaws.com";
    let asked =
        format!("curl -sS --max-time 20 -o /dev/null -w '%{{time_connect}} %{{time_total}}\\n' https://{host}/;")
            .repeat(5);
    for user in User::all() {
        let ended = script(user, &["--rtt", &format!("{host}=200ms")], &asked);
        assert_eq!(ended.stderr, format!("lab: 200 ms to 198.18.2.1 {host}, by a delaying link\n"));
        let times = ended.stdout.split_whitespace().map(|time| time.parse::<f64>().unwrap() / ROUND_TRIP);
        let times: Vec<_> = times.collect();
        let (connect, total): (Vec<_>, Vec<_>) = times.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        let best = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
        // One round trip for the connection, one for TLS 1.3, one for the request: none less in any try, and none more in the
        // best of five, whatever else the machine does.
        assert_eq!(total.len(), 5, "{ended:?}");
        assert!((1.0..2.0).contains(&best(&connect)), "{user:?}: {times:?}");
        assert!((3.0..4.0).contains(&best(&total)), "{user:?}: {times:?}");
    }
}

#[test]
fn a_large_answer_comes_whole_through_the_link() {
    let asked =
        "curl -sS --max-time 30 -o /dev/null -w '%{http_code} %{size_download}' http://169.254.169.254/latest/large";
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("large.json");
    let fault =
        r#"{"about": "a large answer", "cloud": [{"path": "/latest/large", "status": 200, "body_bytes": 3000000}]}"#;
    std::fs::write(&profile, fault).unwrap();
    make_readable(folder.path());
    for user in User::all() {
        let options = ["--fault", profile.to_str().unwrap(), "--rtt", "169.254.169.254=5ms"];
        assert_eq!(script(user, &options, asked).stdout, "200 3000000", "{user:?}");
    }
}

#[test]
fn faults_are_in_force_from_the_start() {
    let access = "curl -sS -o /dev/null -w '%{http_code} ' https://$LAB_ARTIFACTORY/access/api/v1/oidc/token; ";
    let metadata = "curl -sS -m 1 -X PUT http://169.254.169.254/latest/api/token; echo $?";
    for user in User::all() {
        let ended = script(
            user,
            &["--fault", "access-starting", "--fault", "imds-hop-limit"],
            &format!("{}{metadata}", access.repeat(3)),
        );
        assert_eq!(ended.stdout, "503 503 405 28\n", "{user:?}: {ended:?}");
        let ended =
            script(user, &["--fault", "sts-unreachable"], "curl -sS https://sts.us-east-1.amazonaws.com/; echo $?");
        assert_eq!(ended.stdout, "7\n", "{user:?}: {ended:?}");
    }
}

#[test]
fn what_is_missing_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let with = |tools: &[&str]| {
        for tool in tools {
            let path = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].map(|folder| std::path::Path::new(folder).join(tool));
            let path = path.iter().find(|path| path.exists()).unwrap();
            let _ = std::os::unix::fs::symlink(path, folder.path().join(tool));
        }
        let ended: Ended = lab(User::Own, &[], &["true"]).env("PATH", folder.path()).output().unwrap().into();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(125), ""));
        ended.stderr
    };
    insta::assert_snapshot!(with(&[]), @r"
    error: `setpriv` is not there
      hint: install the package `util-linux`, which has `setpriv`
    ");
    insta::assert_snapshot!(with(&["setpriv"]), @r"
    error: `unshare` is not there
      hint: install the package `util-linux`, which has `unshare`
    ");
    insta::assert_snapshot!(with(&["unshare", "true"]), @r"
    error: `mount` is not there
      hint: install the package `mount`, which has `mount`
    ");
    insta::assert_snapshot!(with(&["mount"]), @r"
    error: `ip` is not there
      hint: install the package `iproute2`, which has `ip`
    ");
    if User::all().contains(&User::Own) {
        assert_eq!(script(User::Own, &[], "exec no-such-command").code, Some(127));
    }
}

#[test]
fn a_machine_without_namespaces_is_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let unshare = folder.path().join("unshare");
    std::fs::write(&unshare, "#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
        .unwrap();
    make_readable(&unshare);
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let ended: Ended = lab(User::Own, &[], &["true"]).env("PATH", path).output().unwrap().into();
    assert_eq!(ended.code, Some(125));
    insta::assert_snapshot!(ended.stderr, @r"
    error: this machine does not let this user make namespaces: unshare: unshare failed: Operation not permitted
      hint: run it as root, or let ordinary users make user namespaces: `sysctl user.max_user_namespaces` above 0, `kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, `kernel.unprivileged_userns_clone=1` on older Debian; a container needs `--privileged`
    ");
}

#[test]
fn what_cannot_be_a_lab_is_refused() {
    let refused = |options: &[&str]| {
        let ended: Ended = lab(User::Own, options, &["true"]).output().unwrap().into();
        assert_eq!(ended.stdout, "");
        (ended.code, ended.stderr)
    };
    for (options, word) in
        [(["--rtt", "x=20"], "20ms"), (["--fault", "nosuch"], "imds-silent"), (["--cloud", "moon"], "google")]
    {
        let (code, stderr) = refused(&options);
        assert_eq!(code, Some(2));
        assert!(stderr.contains(word), "{stderr}");
    }
    if User::all().contains(&User::Own) {
        let (code, stderr) = refused(&["--rtt", "nowhere.test=20ms"]);
        assert_eq!(code, Some(125));
        insta::assert_snapshot!(stderr, @r"
        error: `nowhere.test` is no host of the lab
          hint: `--rtt` takes a name of the lab's hosts file (`conformance lab -- cat /etc/hosts`), one given by `--host`, or an address of a metadata service
        ");
        let (code, stderr) = refused(&["--world", "/nowhere.yaml"]);
        assert_eq!(code, Some(125));
        insta::assert_snapshot!(stderr, @r"
        error: failed to read the world `/nowhere.yaml`
          caused by: No such file or directory (os error 2)
          hint: name a YAML file of the form of `mock-cloud/src/world/default.yaml` or `mock-artifactory/src/world/default.yaml`
        ");
    }
}
