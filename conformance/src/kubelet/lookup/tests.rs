//! Whole look-ups with shell scripts as providers.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::kubelet::{ServiceAccount, Skip};

const RESPONSE: &str = r#""kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1""#;

/// A folder of programs, and a kubelet that runs them.
struct World {
    folder: tempfile::TempDir,
    settings: Settings,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(KubeletVersion::NEWEST, folder.path());
        settings.environment.insert("PATH".into(), "/usr/bin:/bin".into());
        Self { folder, settings }
    }

    /// Writes a program that counts its runs in the file `runs` and keeps its last request in `request`.
    fn program(self, name: &str, body: &str) -> Self {
        let path = self.folder.path().join(name);
        let home = self.folder.path().display();
        fs::write(&path, format!("#!/bin/sh\necho {name} >>{home}/runs\ncat >{home}/request\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn answering(self, name: &str, fields: &str) -> Self {
        self.program(name, &format!("echo '{{{RESPONSE},{fields}}}'"))
    }

    fn kubelet(&self, entries: &[(&str, &str)]) -> Kubelet {
        let entry = |(name, rest): &(&str, &str)| {
            format!(
                "- name: {name}\n  apiVersion: credentialprovider.kubelet.k8s.io/v1\n  matchImages: ['*.io']\n  \
                 defaultCacheDuration: 10m\n{rest}\n"
            )
        };
        let entries: String = entries.iter().map(entry).collect();
        let text =
            format!("apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n{entries}");
        let (version, gate) = (self.settings.version, self.settings.gate);
        let config = CredentialProviderConfig::parse(text.as_bytes(), version, gate).unwrap();
        Kubelet::registered(self.settings.clone(), config).unwrap()
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.folder.path().join("runs")).unwrap_or_default().lines().count()
    }

    fn request(&self) -> String {
        fs::read_to_string(self.folder.path().join("request")).unwrap()
    }
}

async fn look_up(kubelet: &Kubelet, image: &str) -> Vec<ProviderLookUp> {
    kubelet.look_up(&ImageName::parse(image).unwrap(), &Pod::default(), &Cluster::Absent).await
}

fn log(look_up: &ProviderLookUp) -> Vec<String> {
    look_up.log.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_answer_is_kept_for_what_it_says_and_for_as_long() {
    let world = World::new().answering("one", r#""cacheKeyType":"Registry","cacheDuration":"1m","auth":{"r.io":{}}"#);
    let kubelet = world.kubelet(&[("one", "")]);
    let first = look_up(&kubelet, "r.io/a:1").await;
    assert!(matches!(&first[0].step, Step::Ran { result: Ok((Kept::Until { .. }, _)), .. }), "{first:?}");
    assert!(world.request().ends_with("\"image\":\"r.io/a\"}\n"), "{}", world.request());
    let second = look_up(&kubelet, "r.io/b").await;
    assert!(
        matches!(second[0].step, Step::FromCache { key_type: crate::kubelet::CacheKeyType::Registry, .. }),
        "{second:?}"
    );
    assert_eq!((second[0].auth.len(), world.runs()), (1, 1));
    look_up(&kubelet, "q.io/b").await;
    assert_eq!(world.runs(), 2);
    world.settings.clock.advance(Duration::from_secs(61));
    look_up(&kubelet, "r.io/b").await;
    assert_eq!(world.runs(), 3);
}

#[tokio::test]
async fn an_empty_answer_is_kept_too_and_a_failure_is_not() {
    let world = World::new().answering("one", r#""cacheKeyType":"Image""#).program("two", "echo no >&2; exit 3");
    let kubelet = world.kubelet(&[("one", ""), ("two", "")]);
    look_up(&kubelet, "r.io/a").await;
    let again = look_up(&kubelet, "r.io/a").await;
    assert!(matches!(again[0].step, Step::FromCache { .. }) && again[0].auth.is_empty());
    assert!(matches!(again[1].step, Step::Ran { result: Err(NotUsed::Failed), .. }));
    let expected = [
        "V(5) Getting image r.io/a credentials from external exec plugin two",
        "E Failed getting credential from external registry credential provider: error execing credential provider plugin \
         two for image r.io/a: exit status 3: no\n",
    ];
    assert_eq!(log(&again[1]), expected);
    assert_eq!(world.runs(), 3);
}

#[tokio::test]
async fn an_answer_that_is_not_used_is_logged_and_not_kept() {
    let world = World::new()
        .answering("field", r#""cacheKeyType":"Image","metadata":{}"#)
        .answering("type", r#""cacheKeyType":"image""#)
        .program("kind", "echo trouble");
    let kubelet = world.kubelet(&[("field", ""), ("type", ""), ("kind", "")]);
    let found = look_up(&kubelet, "r.io/a").await;
    let start = "E Failed getting credential from external registry credential provider: ";
    assert_eq!(log(&found[0])[1], format!("{start}error decoding credential provider plugin response from stdout"));
    assert_eq!(log(&found[1])[1], "E credential provider plugin did not return a valid cacheKeyType: \"image\"");
    assert!(log(&found[2])[1].starts_with(&format!("{start}error reading GVK from response: ")), "{:?}", found[2].log);
    look_up(&kubelet, "r.io/a").await;
    assert_eq!(world.runs(), 6);
}

#[tokio::test]
async fn look_ups_of_one_image_at_one_time_share_a_run() {
    let world = World::new().program("one", &format!("sleep 0.3; echo '{{{RESPONSE},\"cacheKeyType\":\"Registry\"}}'"));
    let kubelet = world.kubelet(&[("one", "")]);
    let (first, second, other) =
        tokio::join!(look_up(&kubelet, "r.io/a:1"), look_up(&kubelet, "r.io/a:2"), look_up(&kubelet, "r.io/b"));
    for look_up in [first, second, other] {
        assert!(matches!(look_up[0].step, Step::Ran { result: Ok(_), .. }));
    }
    assert_eq!(world.runs(), 2);
}

#[tokio::test]
async fn variables_and_arguments_of_an_entry_reach_its_program() {
    let world = World::new().program("one", "echo \"$OWN $BOTH $#:$1\" >&2; exit 1");
    let mut settings = world.settings.clone();
    settings.environment.extend([("OWN".into(), "kubelet".into()), ("BOTH".into(), "kubelet".into())]);
    let world = World { settings, ..world };
    let kubelet =
        world.kubelet(&[("one", "  args: ['$HOME *']\n  env: [{name: BOTH, value: a}, {name: BOTH, value: entry}]")]);
    let found = look_up(&kubelet, "r.io/a").await;
    let Step::Ran { stderr, .. } = &found[0].step else { panic!("{found:?}") };
    assert_eq!(stderr, "kubelet entry 1:$HOME *\n");
}

const ATTRIBUTES: &str = "  tokenAttributes:\n    serviceAccountTokenAudience: aud\n    cacheType: ServiceAccount\n    \
                          requireServiceAccount: true\n    requiredServiceAccountAnnotationKeys: [a]\n";

fn pod(account: &str) -> Pod {
    Pod { namespace: "n".into(), name: "p".into(), uid: "u".into(), service_account_name: account.into() }
}

fn cluster(keys: &[&str], token: &str) -> Cluster {
    let annotations: BTreeMap<_, _> = keys.iter().map(|key| ((*key).to_owned(), "v".to_owned())).collect();
    let token = Some(token.to_owned()).filter(|token| !token.is_empty());
    Cluster::Given { account: ServiceAccount { uid: "s".to_owned(), annotations }, token }
}

#[tokio::test]
async fn a_provider_in_service_account_mode_gets_token_and_annotations() {
    let world =
        World::new().answering("one", r#""cacheKeyType":"Global","auth":{"*.io":{"username":"u","password":"p"}}"#);
    let kubelet = world.kubelet(&[("one", ATTRIBUTES)]);
    let image = ImageName::parse("r.io/a").unwrap();
    let found = kubelet.look_up(&image, &pod("app"), &cluster(&["a", "b"], "token-1")).await;
    assert_eq!(found[0].auth.len(), 1, "{found:?}");
    assert!(world.request().contains(r#""serviceAccountToken":"token-1","serviceAccountAnnotations":{"a":"v"}"#));
    // Another token of the same account, and another account.
    kubelet.look_up(&image, &pod("app"), &cluster(&["a"], "token-2")).await;
    assert_eq!(world.runs(), 1);
    kubelet.look_up(&image, &pod("other"), &cluster(&["a"], "token-1")).await;
    assert_eq!(world.runs(), 2);
}

#[tokio::test]
async fn a_kept_answer_of_cache_type_token_is_for_one_token() {
    let world = World::new().answering("one", r#""cacheKeyType":"Global""#);
    let kubelet = world.kubelet(&[("one", &ATTRIBUTES.replace("ServiceAccount\n", "Token\n"))]);
    let image = ImageName::parse("r.io/a").unwrap();
    for (token, runs) in [("token-1", 1), ("token-1", 1), ("token-2", 2)] {
        kubelet.look_up(&image, &pod("app"), &cluster(&["a"], token)).await;
        assert_eq!(world.runs(), runs);
    }
}

#[tokio::test]
async fn what_keeps_a_provider_from_being_asked_is_visible() {
    let world = World::new().answering("one", r#""cacheKeyType":"Global""#);
    let kubelet = world.kubelet(&[("one", ATTRIBUTES)]);
    let image = ImageName::parse("r.io/a").unwrap();
    let found = kubelet.look_up(&image, &pod(""), &Cluster::Absent).await;
    assert!(matches!(found[0].step, Step::Skipped(Skip::NoServiceAccount)));
    let found = kubelet.look_up(&image, &pod("app"), &cluster(&[], "t")).await;
    assert!(matches!(&found[0].step, Step::Skipped(Skip::MissingAnnotation(key)) if key == "a"));
    let found = kubelet.look_up(&image, &pod("app"), &cluster(&["a"], "")).await;
    assert!(matches!(found[0].step, Step::NoToken(_)));
    assert_eq!(log(&found[0]), ["E Error getting service account token n/app: no token is given for the pod"]);
    assert_eq!(world.runs(), 0);
}

#[tokio::test]
async fn a_token_that_comes_back_as_password_is_refused_unless_it_is_in_the_key() {
    let echo = r#""cacheKeyType":"Image","auth":{"r.io":{"username":"u","password":"token-1"}}"#;
    let world = World::new().answering("one", echo).answering("two", echo);
    let kubelet = world.kubelet(&[("one", ATTRIBUTES), ("two", &ATTRIBUTES.replace("ServiceAccount\n", "Token\n"))]);
    let image = ImageName::parse("r.io/a").unwrap();
    let found = kubelet.look_up(&image, &pod("app"), &cluster(&["a"], "token-1")).await;
    assert!(matches!(found[0].step, Step::Ran { result: Err(NotUsed::EchoedToken), .. }));
    assert_eq!((found[0].auth.len(), found[1].auth.len()), (0, 1));
}

#[test]
fn a_kubelet_does_not_start_without_its_programs() {
    let world = World::new().program("one", "");
    let error = |name: &str, bin_dir: &Path| {
        let text = format!(
            "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders: [{{name: '{name}', apiVersion: \
             credentialprovider.kubelet.k8s.io/v1, matchImages: [r.io], defaultCacheDuration: 1m}}]"
        );
        let config = CredentialProviderConfig::parse(text.as_bytes(), world.settings.version, world.settings.gate);
        let settings = Settings { bin_dir: bin_dir.to_owned(), ..world.settings.clone() };
        Kubelet::registered(settings, config.unwrap()).map(|_| ()).map_err(|error| error.to_string())
    };
    let home = world.folder.path();
    assert_eq!(error("one", home), Ok(()));
    assert_eq!(error("two", home), Err("plugin binary executable  did not exist".to_owned()));
    fs::write(home.join("three"), "").unwrap();
    assert!(error("three", home).unwrap_err().ends_with(": permission denied"));
    assert!(error("", home).unwrap_err().ends_with(": is a directory"));
    let absent = Err("plugin binary directory /nowhere did not exist".to_owned());
    assert_eq!(error("one", Path::new("/nowhere")), absent);
}
