//! The conformance binary as an operator runs it: `conformance pull` with shell scripts as providers.

#[cfg(test)]
mod incumbent;
#[cfg(test)]
mod node;

use node::{Node, RESPONSE, account};

const IMAGE: &str = "docker.r.io/team/app:1";

fn answer(fields: &str) -> String {
    format!("cat >/dev/null; echo '{{{RESPONSE},{fields}}}'")
}

#[test]
fn a_pull_with_credentials_shows_each_step() {
    let auth = r#""auth":{"*.r.io":{"username":"reader","password":"hunter2"},"docker.r.io/team":{"username":"team","password":"hunter22"}}"#;
    let node = Node::new()
        .entry("one", "['*.r.io', r.io]", "")
        .entry("two", "[docker.r.io/teams, 'docker.r.io:443']", "")
        .program("one", &answer(&format!(r#""cacheKeyType":"Registry","cacheDuration":"10m",{auth}"#)))
        .program("two", "exit 1");
    let output = node.pull(&[IMAGE, "docker.r.io/team/web"]);
    insta::assert_snapshot!(output.shown(), @r"
    kubelet 1.36, configuration NODE/config.yaml
    no pod: as for a static pod, without a service account

    docker.r.io/team/app:1
      asked about   docker.r.io/team/app
      provider `one`
        *.r.io        matches
        r.io          no match: labels: the image's host has 3, the entry's has 2
        ran           TIME ms, exit code 0
        answered      auth for *.r.io, docker.r.io/team; cacheKeyType Registry, kept for 10m0s, until TIME
      provider `two`
        docker.r.io/teams  no match: path: `/team/app` does not begin with `/teams`, they differ at byte 6 (nearest)
        docker.r.io:443    no match: port: the image has none, the entry has `443`
        not asked     no entry of matchImages is for the image
      credentials   tried in this order, up to the first that pulls
        1. docker.r.io/team  user `team`, password of 8 characters, from provider `one`
        2. *.r.io  user `reader`, password of 7 characters, from provider `one`
      the kubelet's log
        V(5)  Getting image docker.r.io/team/app credentials from external exec plugin one

    docker.r.io/team/web
      asked about   docker.r.io/team/web
      provider `one`
        *.r.io        matches
        r.io          no match: labels: the image's host has 3, the entry's has 2
        from cache    an answer for cacheKeyType Registry, until TIME
      provider `two`
        docker.r.io/teams  no match: path: `/team/web` does not begin with `/teams`, they differ at byte 6 (nearest)
        docker.r.io:443    no match: port: the image has none, the entry has `443`
        not asked     no entry of matchImages is for the image
      credentials   tried in this order, up to the first that pulls
        1. docker.r.io/team  user `team`, password of 8 characters, from provider `one`
        2. *.r.io  user `reader`, password of 7 characters, from provider `one`
      the kubelet's log: nothing
    ");
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    assert_eq!(node.runs("one"), 1);
    output.holds_no("hunter2");
}

#[test]
fn an_anonymous_pull_shows_why() {
    let node = Node::new()
        .entry("glob", "['docker.r.io/*']", "")
        .entry("failing", "[docker.r.io]", "")
        .entry("wrong", "[docker.r.io]", "")
        .program("glob", "exit 1")
        .program("failing", "echo 'error: no role' >&2; exit 4")
        .program(
            "wrong",
            &answer(
                r#""cacheKeyType":"Registry","auth":{"docker.r.io":{"username":"u","password":"hunter2","email":"e"}}"#,
            ),
        );
    let output = node.pull(&[IMAGE]);
    insta::assert_snapshot!(output.shown(), @r#"
    kubelet 1.36, configuration NODE/config.yaml
    no pod: as for a static pod, without a service account

    docker.r.io/team/app:1
      asked about   docker.r.io/team/app
      provider `glob`
        docker.r.io/*  no match: path: `/team/app` does not begin with `/*`, they differ at byte 2; `*` in a path stands for itself (nearest)
        not asked     no entry of matchImages is for the image
      provider `failing`
        docker.r.io   matches
        ran           TIME ms, exit code 4
        stderr        error: no role
        refused       the run ended with exit code 4, so that its output counts for nothing
      provider `wrong`
        docker.r.io   matches
        ran           TIME ms, exit code 0
        refused       the response is not used: unknown field "auth.docker.r.io.email"
      credentials   none: the image is pulled anonymously
      the kubelet's log
        V(5)  Getting image docker.r.io/team/app credentials from external exec plugin failing
        E     Failed getting credential from external registry credential provider: error execing credential provider plugin failing for image docker.r.io/team/app: exit status 4: error: no role
        V(5)  Getting image docker.r.io/team/app credentials from external exec plugin wrong
        E     Failed getting credential from external registry credential provider: error decoding credential provider plugin response from stdout
        V(3)  Pulling image without credentials image="docker.r.io/team/app:1"
    "#);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), ""));
    output.holds_no("hunter2");
}

const ATTRIBUTES: &str = "  tokenAttributes: {serviceAccountTokenAudience: r.io, cacheType: Token, requireServiceAccount: true, \
                          requiredServiceAccountAnnotationKeys: [r.io/role]}\n";

#[test]
fn a_provider_that_is_silently_left_out_is_visible() {
    let node = Node::new().entry("one", "['*.r.io']", ATTRIBUTES).program("one", "exit 1");
    let output = node.pull(&[IMAGE, "--pod", &node.file("pod.yaml", "serviceAccountName: app\ntoken: hunter2\n")]);
    insta::assert_snapshot!(output.shown(), @r#"
    kubelet 1.36, configuration NODE/config.yaml
    pod default/(no name) with the service account `app`

    docker.r.io/team/app:1
      asked about   docker.r.io/team/app
      provider `one`
        *.r.io        matches
        not asked     the service account lacks the annotation `r.io/role` of requiredServiceAccountAnnotationKeys
      credentials   none: the image is pulled anonymously
      the kubelet's log
        V(5)  Failed to get service account data default/app: required annotation r.io/role not found
        V(3)  Pulling image without credentials image="docker.r.io/team/app:1"
    "#);
    assert_eq!((output.code, node.runs("one")), (Some(1), 0));
    output.holds_no("hunter2");
    let podless = node.pull(&[IMAGE]).stdout;
    assert!(
        podless.contains("not asked     the pod has no service account, and requireServiceAccount is true"),
        "{podless}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_mock_cluster_reaches_the_provider_and_nobody_else() {
    let cloud = mock_cloud::MockCloud::start(mock_cloud::World::default()).await.unwrap();
    let (annotation, name) = account();
    let node = Node::new().entry("one", "['*.r.io']", &ATTRIBUTES.replace("r.io/role", &annotation)).program(
        "one",
        &format!("cat >\"$REQUEST\"; cat \"$REQUEST\" >&2; echo '{{{RESPONSE},\"cacheKeyType\":\"Image\"}}'"),
    );
    let pod = format!("namespace: default\nname: p\nuid: u\nserviceAccountName: {name}\nkubernetes: {}\n", cloud.url());
    let output = node.pull(&[IMAGE, "--pod", &node.file("pod.yaml", &pod), "--json"]);
    let request: serde_json::Value = serde_json::from_str(&node.request()).unwrap();
    let token = request["serviceAccountToken"].as_str().unwrap();
    assert_eq!(request["serviceAccountAnnotations"].as_object().unwrap().keys().collect::<Vec<_>>(), [&annotation]);
    // It was verified where it was issued: the cluster knows it.
    assert!(cloud.secrets().iter().any(|secret| secret == token), "the cluster issued no such token");
    output.holds_no(token);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["images"][0]["providers"][0]["step"]["step"], "run");
    let absent = pod.replace(&format!("serviceAccountName: {name}"), "serviceAccountName: nobody");
    let output = node.pull(&[IMAGE, "--pod", &node.file("other.yaml", &absent)]);
    assert!(
        output
            .stdout
            .contains("E     Failed to get service account default/nobody: serviceaccounts \"nobody\" not found"),
        "{}",
        output.stdout
    );
}

#[test]
fn pull_secrets_and_the_nodes_own_credentials_come_first() {
    let own = r#"{"auths":{"docker.r.io":{"username":"node","password":"hunter2"}}}"#;
    let secret = "kind: Pod\nmetadata: {name: p}\n---\nkind: Secret\nmetadata: {name: s}\nstringData:\n  .dockerconfigjson: \
                  '{\"auths\":{\"docker.r.io\":{\"username\":\"secret\",\"password\":\"hunter2\"}}}'\n";
    let node = Node::new().entry("one", "['*.r.io']", "").program(
        "one",
        &answer(r#""cacheKeyType":"Image","auth":{"docker.r.io/team":{"username":"plugin","password":"hunter2"}}"#),
    );
    let output = node.pull(&[
        IMAGE,
        "--pod",
        &node.file("pod.yaml", secret),
        "--node-config",
        &node.file("config.json", own),
        "--json",
    ]);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let credentials = report["images"][0]["credentials"].as_array().unwrap();
    let names: Vec<_> = credentials.iter().map(|credential| credential["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["secret", "node", "plugin"]);
    output.holds_no("hunter2");
}

#[test]
fn a_name_that_is_no_image_is_told_and_the_others_are_looked_up() {
    let node = Node::new().entry("one", "[docker.io]", "").program("one", &answer(r#""cacheKeyType":"Image""#));
    let output = node.pull(&["https://r.io/a", "nginx"]);
    assert!(output.stdout.contains("no image name: invalid reference format"), "{}", output.stdout);
    assert!(output.stdout.contains("asked about   docker.io/library/nginx"), "{}", output.stdout);
    assert_eq!(node.runs("one"), 1);
}

#[test]
fn a_kubelet_that_would_not_start_is_told_with_its_words_and_a_hint() {
    let node = Node::new().entry("one", "[r.io]", "").program("two", "");
    insta::assert_snapshot!(node.pull(&[IMAGE]).complaint(), @r"
    error: kubelet 1.36 does not start: plugin binary executable  did not exist
      hint: put the program at `NODE/bin/one`, or change `providers[].name` in the configuration: it is the file name of the program
    ");
    let node = Node::new().entry("a/b", "['r.io:*']", "  Args: []\n");
    insta::assert_snapshot!(node.pull(&[IMAGE]).complaint(), @r#"
    error: kubelet 1.36 does not start: error decoding config "NODE/config.yaml": strict decoding error: unknown field "providers[0].Args"
      hint: correct the file: fields are those of CredentialProviderConfig in kubelet.config.k8s.io/v1, their case counts, and in YAML 1.1 y, n, yes, no, on and off are booleans
    "#);
    insta::assert_snapshot!(node.pull(&[IMAGE, "--kubelet-version", "1.31"]).complaint(), @r#"
    error: kubelet 1.31 does not start: failed to validate credential provider config: [providers.name: Invalid value: "a/b": provider name cannot contain '/', providers.matchImages: Invalid value: "r.io:*": match image is invalid: parse "https://r.io:*": invalid port ":*" after host]
      hint: correct the fields that are named; an error does not say which entry it is about
    "#);
    insta::assert_snapshot!(node.pull(&[IMAGE, "--kubelet-version", "1.19"]).complaint(), @r"
    error: invalid value '1.19' for '--kubelet-version <VERSION>': `1.19` is not a kubelet version known here: use 1.26 to 1.36, for example `1.34`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(node.pull_with("/nowhere", &[IMAGE]).complaint(), @r#"
    error: kubelet 1.36 does not start: unable to access path "/nowhere": stat /nowhere: no such file or directory
      hint: name a file, or since 1.34 a directory, that the kubelet can read with --config
    "#);
    let node = Node::new().entry("one", "[r.io]", "").program("one", "");
    insta::assert_snapshot!(node.pull(&[IMAGE, "--pod", "/nowhere"]).complaint(), @r"
    error: failed to read `/nowhere`: name a manifest of a pod with --pod, and a readable `tokenFile` in it
      caused by: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(node.pull(&[IMAGE, "--node-config", "/nowhere"]).complaint(), @r"
    error: failed to read `/nowhere`: name the node's Docker configuration, such as /var/lib/kubelet/config.json
      caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn a_gate_opens_service_account_mode_before_its_time() {
    let attributes = ATTRIBUTES.replace("cacheType: Token, ", "");
    let node = Node::new().entry("one", "['*.r.io']", &attributes).program("one", "exit 1");
    let gate = "KubeletServiceAccountTokenForCredentialProviders=true";
    let open = node.pull(&[IMAGE, "--kubelet-version", "1.33", "--feature-gates", gate]);
    assert!(open.stdout.contains("not asked     the pod has no service account"), "{} {}", open.stdout, open.stderr);
    let closed = node.pull(&[IMAGE, "--kubelet-version", "1.33"]).complaint();
    assert!(closed.contains("feature gate is disabled"), "{closed}");
}

#[test]
fn vectors_are_run_and_a_wrong_name_is_told() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let output = node::conformance(&["vectors", &format!("{folder}/duration.json"), &format!("{folder}/image.json")]);
    assert!(output.stdout.ends_with("40 passed, 0 failed, 0 skipped\n"), "{}", output.stdout);
    let node = Node::new();
    let wrong = node.file("duration.json", r#"[{"duration":"1d","nanos":1}]"#);
    let output = node::conformance(&["vectors", &wrong]);
    assert_eq!(output.code, Some(1));
    assert!(output.stdout.contains("expected: 1\n  got:      no duration\n"), "{}", output.stdout);
    let unknown = node::conformance(&["vectors", &node.file("x.json", "[]")]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("its name should hold one of"), "{}", unknown.stderr);
}
