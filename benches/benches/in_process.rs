//! What the pure parts of a pull cost inside the process.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use artifactory_credential_provider::cloud::{Cloud, Found, Step, detect};
use artifactory_credential_provider::config::{Config, Environment};
use artifactory_credential_provider::endpoints::Endpoints;
use artifactory_credential_provider::http::Roots;
use artifactory_credential_provider::image::{ImagePattern, ImageRef};
use artifactory_credential_provider::jwt::Claims;
use artifactory_credential_provider::kubelet::{
    ApiVersion, CacheKeyType, CredentialProviderRequest, CredentialProviderResponse, RegistryAuth,
};
use artifactory_credential_provider::secret::Secret;
use artifactory_credential_provider::time::Deadline;
use criterion::{Criterion, criterion_group, criterion_main};
use tempfile::TempDir;

criterion_group!(pull, kubelet, image, jwt, config, roots, cloud);
criterion_main!(pull);

const IMAGE: &str = "acme.jfrog.io/docker-local/team/app";

/// A JWT of the size and shape of Artifactory's: its claims fill a kilobyte.
///
/// Header, then the claims `sub`, `scp`, `aud`, `iss`, `exp` and padding, then a signature nobody verifies here.
fn token() -> Secret {
    let claims = "eyJzdWIiOiJqZmFjQDAxL3VzZXJzL2F3cy1wdWxsZXIiLCJzY3AiOiJhcHBsaWVkLXBlcm1pc3Npb25zL3VzZXIiLCJhdWQiOiIqQCoiLCJpc3MiOiJqZmFjQDAxIiwiZXhwIjoyMDAwMDAwMDAwfQ";
    Secret::new(format!("eyJhbGciOiJSUzI1NiJ9.{claims}.{}", "c2ln".repeat(86)))
}

fn kubelet(criterion: &mut Criterion) {
    let request = format!(
        r#"{{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"{IMAGE}"}}"#
    );
    let auth = RegistryAuth { username: "aws-puller".to_owned(), password: token() };
    let response = CredentialProviderResponse {
        api_version: ApiVersion::V1,
        cache_key_type: CacheKeyType::Registry,
        cache_duration: Duration::from_secs(3_200),
        auth: [("acme.jfrog.io".to_owned(), auth)].into(),
    };
    criterion.bench_function("kubelet/parse a request", |bencher| {
        bencher.iter(|| CredentialProviderRequest::parse(black_box(request.as_bytes())));
    });
    criterion.bench_function("kubelet/write a response", |bencher| bencher.iter(|| black_box(&response).to_json()));
}

fn image(criterion: &mut Criterion) {
    criterion.bench_function("image/parse a name", |bencher| bencher.iter(|| ImageRef::parse(black_box(IMAGE))));
    for (name, pattern) in [
        ("a host that matches", "acme.jfrog.io"),
        ("a wildcard and a path that match", "*.jfrog.io/docker-local"),
        ("another host", "acme.example.com"),
    ] {
        let pattern = ImagePattern::parse(pattern).expect("a pattern");
        criterion
            .bench_function(&format!("image/{name}"), |bencher| bencher.iter(|| pattern.matches(black_box(IMAGE))));
    }
}

fn jwt(criterion: &mut Criterion) {
    let token = token();
    assert!(Claims::read(&token).is_some_and(|claims| claims.username() == Some("aws-puller")));
    criterion.bench_function("jwt/read claims", |bencher| bencher.iter(|| Claims::read(black_box(&token))));
}

fn config(criterion: &mut Criterion) {
    let variables = [
        ("artifactory_url", "acme.jfrog.io"),
        ("cloud_provider", "azure"),
        ("azure_auth_method", "imds_direct"),
        ("azure_app_client_id", "44444444-5555-4666-8777-888888888888"),
        ("azure_nodepool_client_id", "22222222-3333-4444-8555-666666666666"),
        ("jfrog_oidc_provider_name", "azure"),
    ];
    let environment: Environment =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    criterion.bench_function("config/from the environment", |bencher| {
        bencher.iter(|| Config::load(None, black_box(&environment)).expect("a configuration"));
    });
    for routes in [1, 50] {
        let (_folder, path) = file_with(routes);
        criterion.bench_function(&format!("config/from a file with {routes} routes"), |bencher| {
            bencher.iter(|| Config::load(Some(black_box(&path)), &environment).expect("a configuration"));
        });
    }
}

fn file_with(routes: usize) -> (TempDir, PathBuf) {
    let mut text = "routes:\n".to_owned();
    for route in 0..routes {
        let _ = writeln!(
            text,
            "  - matchImages: [\"*.r{route}.example.com/team\"]\n    artifactoryUrl: r{route}.example.com\n    identity: {{awsInstanceRole: {{roleName: node}}}}"
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, text).expect("a file");
    (folder, path)
}

fn roots(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, mock_kit::Authority::generate().certificate_pem()).expect("a file");
    bench_roots(criterion, "roots/one certificate", &Roots::file(path));
    // Debian's package ca-certificates; other distributions keep their bundle elsewhere.
    let bundle = Path::new("/etc/ssl/certs/ca-certificates.crt");
    if bundle.is_file() {
        bench_roots(criterion, "roots/the system's bundle", &Roots::file(bundle.to_owned()));
    }
}

fn bench_roots(criterion: &mut Criterion, name: &str, roots: &Roots) {
    criterion.bench_function(name, |bencher| bencher.iter(|| black_box(roots).load().expect("roots").len()));
}

/// The detection of a node's cloud, as far as it takes no network.
fn cloud(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("proc/sys/kernel/random/boot_id", "0d4f2a8e-53b1-4c1e-9a77-2f6f0c1b7a55\n");
    std::fs::create_dir(folder.path().join("run")).expect("a folder");
    Found { cloud: Cloud::Aws, evidence: "kept".to_owned(), step: Step::Metadata, others: Vec::new() }
        .settle(folder.path(), &Ok::<_, ()>(()));
    bench_detection(criterion, "cloud/kept by an earlier pull", folder.path(), Step::Kept);
    for name in ["board_vendor", "bios_vendor", "bios_version", "product_name", "product_serial", "product_uuid"] {
        write(&format!("sys/class/dmi/id/{name}"), "a machine of somebody\n");
    }
    write("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n");
    write("sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n");
    bench_detection(criterion, "cloud/decided by firmware", folder.path(), Step::Dmi);
}

fn bench_detection(criterion: &mut Criterion, name: &str, system: &Path, step: Step) {
    let endpoints = Endpoints::from_environment(&Environment::default()).expect("endpoints");
    let deadline = Deadline::after(Duration::from_hours(1));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let found = || runtime.block_on(detect(black_box(system), &endpoints, deadline)).expect("a cloud");
    assert_eq!(found().step, step);
    criterion.bench_function(name, |bencher| bencher.iter(found));
}
