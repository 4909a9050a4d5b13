//! Configurations as operators write them, and what kubelets of several versions say.

use super::*;

const HEAD: &str = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n";
const ENTRY: &str = "- name: one\n  apiVersion: credentialprovider.kubelet.k8s.io/v1\n  matchImages: [r.io]\n  defaultCacheDuration: 1m\n";
const ATTRIBUTES: &str = "  tokenAttributes:\n    serviceAccountTokenAudience: a\n    requireServiceAccount: true\n";

fn version(text: &str) -> KubeletVersion {
    text.parse().unwrap()
}

fn parse(text: &str, minor: &str, gate: Gate) -> Result<CredentialProviderConfig, String> {
    CredentialProviderConfig::parse(text.as_bytes(), version(minor), gate).map_err(|error| error.to_string())
}

fn error(text: &str) -> String {
    parse(text, "1.35", Gate::Open).unwrap_err()
}

fn field(text: &str) -> String {
    error(text).trim_start_matches("failed to validate credential provider config: ").to_owned()
}

#[test]
fn every_field_is_read() {
    let text = format!(
        "{HEAD}{ENTRY}  args: [--a, b]\n  env: [{{name: A, value: x}}, {{name: B}}]\n{ATTRIBUTES}    cacheType: Token\n    \
         requiredServiceAccountAnnotationKeys: [r.io/a]\n    optionalServiceAccountAnnotationKeys: [b]\n"
    );
    let config = parse(&text, "1.34", Gate::Open).unwrap();
    let [provider] = config.providers.as_slice() else { panic!("{config:?}") };
    assert_eq!((provider.name.as_str(), provider.api_version), ("one", ApiVersion::V1));
    assert_eq!(provider.match_images[0].0, "r.io");
    assert_eq!(provider.default_cache_duration, GoDuration::from_secs(60));
    assert_eq!(provider.args, ["--a", "b"]);
    let env = [("A", "x"), ("B", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(provider.env, env);
    let attributes = provider.token_attributes.clone().unwrap();
    assert_eq!((attributes.audience.as_str(), attributes.cache_type), ("a", CacheType::Token));
    assert_eq!(attributes.account, ServiceAccountNeed::Required);
    assert_eq!(attributes.required_annotations, ["r.io/a"]);
    assert_eq!(attributes.optional_annotations, ["b"]);
}

#[test]
fn each_rule_has_the_kubelets_words() {
    let entry = |from: &str, to: &str| field(&format!("{HEAD}{}", ENTRY.replace(from, to)));
    assert_eq!(field(&format!("{HEAD}  []\n")), "providers: Required value: at least 1 item in plugins is required");
    assert_eq!(
        entry("one", "a/b c"),
        "[providers.name: Invalid value: \"a/b c\": provider name cannot contain '/', providers.name: Invalid value: \
         \"a/b c\": provider name cannot contain spaces]"
    );
    assert_eq!(entry("one", "."), "providers.name: Invalid value: \".\": provider name cannot be '.'");
    assert_eq!(
        entry("[r.io]", "[]"),
        "providers.matchImages: Required value: at least 1 item in matchImages is required"
    );
    assert_eq!(
        entry("r.io", "'r.io:*'"),
        "providers.matchImages: Invalid value: \"r.io:*\": match image is invalid: parse \"https://r.io:*\": invalid port \
         \":*\" after host"
    );
    assert_eq!(entry("1m", "null"), "providers.defaultCacheDuration: Required value");
    assert_eq!(
        entry("1m", "-1m"),
        "providers.defaultCacheDuration: Invalid value: \"-1m0s\": must be greater than or equal to 0"
    );
    assert_eq!(entry("credentialprovider.kubelet.k8s.io/v1", "''"), "providers.apiVersion: Required value");
    assert_eq!(
        entry("kubelet.k8s.io/v1", "kubelet.k8s.io/v2"),
        "providers.apiVersion: Unsupported value: \"credentialprovider.kubelet.k8s.io/v2\": supported values: \
         \"credentialprovider.kubelet.k8s.io/v1\", \"credentialprovider.kubelet.k8s.io/v1alpha1\", \
         \"credentialprovider.kubelet.k8s.io/v1beta1\""
    );
}

#[test]
fn each_rule_of_service_account_mode_has_the_kubelets_words() {
    let entry = |attributes: &str| field(&format!("{HEAD}{ENTRY}  tokenAttributes: {{{attributes}}}\n"));
    let rest = "serviceAccountTokenAudience: a, requireServiceAccount: true, cacheType: Token";
    assert_eq!(
        entry("cacheType: Token"),
        "[providers.tokenAttributes.serviceAccountTokenAudience: Required value, \
         providers.tokenAttributes.requireServiceAccount: Required value]"
    );
    assert_eq!(
        entry("serviceAccountTokenAudience: a, requireServiceAccount: true"),
        "providers.tokenAttributes.cacheType: Required value: cacheType is required to be set when tokenAttributes is \
         specified. Supported values are: ServiceAccount, Token"
    );
    assert_eq!(
        entry("serviceAccountTokenAudience: a, requireServiceAccount: true, cacheType: token"),
        "providers.tokenAttributes.cacheType: Unsupported value: \"token\": supported values: \"ServiceAccount\", \"Token\""
    );
    assert_eq!(
        entry(
            "serviceAccountTokenAudience: a, requireServiceAccount: false, cacheType: Token, requiredServiceAccountAnnotationKeys: [a]"
        ),
        "providers.tokenAttributes.requiredServiceAccountAnnotationKeys: Forbidden: requireServiceAccount cannot be false \
         when requiredServiceAccountAnnotationKeys is set"
    );
    assert_eq!(
        entry(&format!(
            "{rest}, requiredServiceAccountAnnotationKeys: [b, a], optionalServiceAccountAnnotationKeys: [a, b]"
        )),
        "providers.tokenAttributes: Invalid value: [\"a\",\"b\"]: annotation keys cannot be both required and optional"
    );
    assert_eq!(
        entry(&format!("{rest}, optionalServiceAccountAnnotationKeys: [a, a]")),
        "providers.tokenAttributes.optionalServiceAccountAnnotationKeys: Duplicate value: \"a\""
    );
    assert!(
        entry(&format!("{rest}, optionalServiceAccountAnnotationKeys: ['-']"))
            .contains("Invalid value: \"-\": name part")
    );
    let upper = format!("{HEAD}{ENTRY}  tokenAttributes: {{{rest}, optionalServiceAccountAnnotationKeys: [R.IO/A]}}\n");
    assert!(parse(&upper, "1.35", Gate::Open).is_ok());
    let closed = parse(&upper, "1.34", Gate::Closed).unwrap_err();
    assert!(closed.ends_with("feature gate is disabled"), "{closed}");
    let older = upper.replace(
        "- name: one\n  apiVersion: credentialprovider.kubelet.k8s.io/v1",
        "- name: one\n  apiVersion: credentialprovider.kubelet.k8s.io/v1beta1",
    );
    assert_eq!(
        field(&older),
        "providers.tokenAttributes: Forbidden: tokenAttributes is only supported for credentialprovider.kubelet.k8s.io/v1 API version"
    );
}

#[test]
fn what_does_not_decode_is_told_as_the_kubelet_tells_it() {
    let typo = format!("{HEAD}{ENTRY}  Args: []\n  arg: []\n");
    let words = "strict decoding error: unknown field \"providers[0].Args\", unknown field \"providers[0].arg\"";
    assert_eq!(error(&typo), words);
    assert!(parse(&typo, "1.31", Gate::Closed).is_ok());
    let twice = format!("{HEAD}{ENTRY}  args: []\n  args: []\n");
    assert_eq!(
        error(&twice),
        "strict decoding error: yaml: unmarshal errors:\n  line 9: key \"args\" already set in map"
    );
    assert!(parse(&twice, "1.31", Gate::Closed).is_ok());
    assert_eq!(
        error("{kind: x}"),
        "couldn't get version/kind; json parse error: invalid character 'k' looking for beginning of object key string"
    );
    assert_eq!(error("# x\n"), "Object 'Kind' is missing in '# x\n'");
    assert_eq!(error("kind: X\napiVersion: v1\n"), "no kind \"X\" is registered for version \"v1\"");
    assert_eq!(
        error(&format!("{HEAD}- 1\n")),
        "json: cannot unmarshal number into Go struct field CredentialProviderConfig.providers of type CredentialProvider"
    );
}

#[test]
fn each_version_knows_its_own_fields() {
    let with = |rest: &str| format!("{HEAD}{ENTRY}{ATTRIBUTES}{rest}");
    let (old, new) = (with(""), with("    cacheType: Token\n"));
    assert_eq!(
        parse(&old, "1.32", Gate::Closed).unwrap_err(),
        "strict decoding error: unknown field \"providers[0].tokenAttributes\""
    );
    assert!(parse(&old, "1.31", Gate::Closed).unwrap().providers[0].token_attributes.is_none());
    assert!(parse(&old, "1.33", Gate::Open).is_ok() && parse(&old, "1.34", Gate::Open).is_err());
    assert!(parse(&new, "1.33", Gate::Open).is_err() && parse(&new, "1.34", Gate::Open).is_ok());
    let alpha = new.replace("config.k8s.io/v1\n", "config.k8s.io/v1alpha1\n");
    assert_eq!(
        parse(&alpha, "1.35", Gate::Open).unwrap_err(),
        "strict decoding error: unknown field \"providers[0].tokenAttributes\""
    );
}

#[test]
fn one_name_twice_fails_at_another_step_in_each_version() {
    let twice = format!("{HEAD}{ENTRY}{ENTRY}");
    let error = |minor| parse(&twice, minor, Gate::Closed).unwrap_err();
    assert_eq!(error("1.34"), "duplicate provider name \"one\" found in configuration file(s)");
    assert_eq!(
        error("1.33"),
        "failed to validate credential provider config: providers.name: Duplicate value: \"one\""
    );
    assert_eq!(error("1.32"), "Credential provider \"one\" was registered twice");
}

#[test]
fn providers_keep_their_order_since_1_33() {
    let text = format!("{HEAD}{}{}", ENTRY.replace("one", "b"), ENTRY.replace("one", "a"));
    let names = |minor| {
        let config = parse(&text, minor, Gate::Closed).unwrap();
        config.providers.iter().map(|provider| provider.name.clone()).collect::<Vec<_>>().concat()
    };
    assert_eq!([names("1.32"), names("1.33")], ["ab", "ba"]);
}

#[test]
fn a_directory_is_read_by_name_since_1_34() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let write = |name: &str, entry: &str| {
        std::fs::write(folder.path().join(name), format!("{HEAD}{}", ENTRY.replace("one", entry))).unwrap();
    };
    let read = |minor: &str| {
        let source = Source::read(path, version(minor)).map_err(|error| error.to_string().replace(path, "DIR"))?;
        let config = CredentialProviderConfig::of(&source, version(minor), Gate::Closed);
        let config = config.map_err(|error| error.to_string().replace(path, "DIR"))?;
        Ok(config.providers.iter().map(|provider| provider.name.clone()).collect::<Vec<_>>().join(","))
    };
    assert_eq!(read("1.34"), Err("no configuration files found in directory \"DIR\"".to_owned()));
    write("b.yml", "first");
    write("c.json", "second");
    write("B.yaml", "capital");
    write("d.YAML", "no");
    std::fs::create_dir(folder.path().join("a.yaml")).unwrap();
    assert_eq!(read("1.34"), Ok("capital,first,second".to_owned()));
    let older =
        "unable to read external registry credential provider configuration from \"DIR\": read DIR: is a directory";
    assert_eq!(read("1.33"), Err(older.to_owned()));
    write("e.yaml", "first");
    assert_eq!(read("1.34"), Err("duplicate provider name \"first\" found in configuration file(s)".to_owned()));
    std::fs::write(folder.path().join("f.yaml"), "kind: X").unwrap();
    assert_eq!(
        read("1.34"),
        Err("error decoding config \"DIR/f.yaml\": Object 'apiVersion' is missing in 'kind: X'".to_owned())
    );
}

#[test]
fn a_path_that_is_not_there_is_told() {
    let error = |path, minor| Source::read(path, version(minor)).unwrap_err().to_string();
    assert_eq!(error("", "1.34"), "credential provider config path is empty");
    assert_eq!(
        error("/nowhere", "1.34"),
        "unable to access path \"/nowhere\": stat /nowhere: no such file or directory"
    );
    let older = "unable to read external registry credential provider configuration from \"/nowhere\": open /nowhere: no such file or directory";
    assert_eq!(error("/nowhere", "1.33"), older);
}
