//! The routes of README's example: two Artifactory instances that trust different identities, so that a mix-up fails.

use artifactory_credential_provider::config::{Config, Environment};
use artifactory_credential_provider::image::ImageRef;
use mock_artifactory::{MockArtifactory, World};
use serde_json::{Value, json};

use crate::documents::example;
use crate::program::{Outcome, request, run};
use crate::site::Site;

/// The image, the place of its route in the file, the user that it is pulled as.
const PULLS: [(&str, usize, &str); 9] = [
    ("acme.jfrog.io/docker-local/app", 1, "aws-puller"),
    ("acme.jfrog.io/docker-private/app", 2, "pod-puller"),
    ("artifactory.example.com/docker-local/app", 3, "node-puller"),
    ("docker-local.artifactory.example.com/app", 3, "node-puller"),
    ("artifactory.example.com:5001/app", 3, "node-puller"),
    ("edge.example.com/docker-local/app", 3, "node-puller"),
    ("docker.io/library/nginx", 3, "node-puller"),
    ("docker-static.artifactory.example.com/app", 4, "robot"),
    ("docker-static.artifactory.example.com/team/app", 4, "robot"),
];

#[test]
fn each_image_has_its_route_in_every_order_of_the_routes() {
    let (path, text) = example("routes.yaml");
    let served = |config: &Config, image: &str| {
        let image = ImageRef::parse(image).expect(image);
        config.closest(&image).map(|found| found.pattern.expect("a pattern").to_string())
    };
    let config = Config::load(Some(&path), &Environment::default()).expect("a configuration");
    for (image, place, _) in PULLS {
        let image = ImageRef::parse(image).expect(image);
        assert_eq!(config.closest(&image).expect("a route").place, place, "{image}");
    }
    let mut backwards: Value = serde_saphyr::from_str(&text).expect("YAML");
    let routes = backwards["routes"].as_array_mut().expect("routes");
    assert_eq!(routes.len(), 4);
    routes.reverse();
    let turned = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(turned.path(), backwards.to_string()).expect("written");
    let turned = Config::load(Some(turned.path()), &Environment::default()).expect("a configuration");
    for (image, ..) in PULLS {
        assert_eq!(served(&config, image), served(&turned, image), "{image}");
    }
    for image in ["acme.jfrog.io:8443/x", "other.example.com/x", "a.b.artifactory.example.com/x", "quay.io/x"] {
        assert_eq!(served(&config, image), None, "{image}");
    }
}

/// The cloud and the first Artifactory, and the second one, which trusts the same cluster and no role.
struct TwoInstances {
    site: Site,
    second: MockArtifactory,
}

/// A provider `cluster` that maps one service account of the cluster to a user.
fn world(user: &str, service_account: &str) -> World {
    let mut world = World::default();
    let mut own = world.user("aws-puller").expect("a user").clone();
    user.clone_into(&mut own.name);
    world.users.push(own);
    world.providers.retain(|provider| provider.name == "kubernetes");
    let provider = &mut world.providers[0];
    "cluster".clone_into(&mut provider.name);
    let mapping = &mut provider.mappings[0];
    mapping.claims.insert("sub".to_owned(), format!("system:serviceaccount:default:{service_account}").into());
    mapping.token_spec.username = Some(user.to_owned());
    world
}

impl TwoInstances {
    async fn start() -> Self {
        let site = Site::with(mock_cloud::World::default(), world("pod-puller", "app")).await;
        let mut second = world("node-puller", "plain");
        second.iam_roles.clear();
        let second = MockArtifactory::start(second, Some(&site.cloud.url())).await.expect("an Artifactory");
        site.file("both.pem", format!("{}{}", site.artifactory.ca_pem(), second.ca_pem()));
        site.file("token", site.pod_token("plain", "artifactory"));
        site.file("robot", site.plant("robot-password"));
        Self { site, second }
    }

    /// The example with the mocks in the place of its Artifactory instances; the images keep their names.
    fn file(&self) -> String {
        let text = ["/var/lib", "/etc"].into_iter().fold(example("routes.yaml").1, |text, root| {
            text.replace(&format!("{root}/artifactory-credential-provider"), &self.site.directory())
        });
        let mut file: Value = serde_saphyr::from_str(&text).expect("YAML");
        for route in file["routes"].as_array_mut().expect("routes") {
            let host = match route["artifactoryUrl"].as_str() {
                Some("acme.jfrog.io") => self.site.host(),
                Some("artifactory.example.com") => self.second.host(),
                _ => continue,
            };
            if route["matchImages"].is_null() {
                route["matchImages"] = json!([route["artifactoryUrl"]]);
            }
            route["artifactoryUrl"] = host.into();
        }
        self.site.file("config.yaml", file.to_string())
    }

    /// A pull of an image by the example.
    async fn pull(&self, image: &str) -> Outcome {
        let site = &self.site;
        let bundle = format!("{}/both.pem", site.directory());
        let mut environment = site.environment_with("none", &[("SSL_CERT_FILE", &bundle)]);
        environment.retain(|name, _| name.starts_with(|first: char| first.is_ascii_uppercase()));
        let mut document: Value = serde_json::from_slice(&request(image)).expect("JSON");
        if image.contains("/docker-private/") {
            document["serviceAccountToken"] = site.pod_token("app", "artifactory").into();
        }
        let outcome = run(&["--config", &self.file()], &environment, document.to_string().as_bytes()).await;
        site.check_leaks(&outcome);
        outcome
    }

    fn requests(&self) -> [usize; 2] {
        [self.site.artifactory.kit().journal.requests().len(), self.second.kit().journal.requests().len()]
    }

    /// Whether an Artifactory takes a credential for one of its manifests.
    async fn reads(&self, url: &str, (username, password): &(String, String)) -> bool {
        let url = format!("{url}/v2/docker-local/hello/manifests/1");
        let bundle = format!("{}{}", self.site.artifactory.ca_pem(), self.second.ca_pem());
        let request = Site::client_trusting(&bundle).get(url).basic_auth(username, Some(password));
        request.send().await.expect("an answer").status() == 200
    }
}

#[tokio::test]
async fn each_image_is_pulled_by_its_own_route_and_its_own_artifactory() {
    let instances = TwoInstances::start().await;
    for (image, place, user) in PULLS {
        let before = instances.requests();
        let registry = image.split('/').next().expect("a registry");
        let credential = instances.pull(image).await.credential(registry);
        assert_eq!(credential.0, user, "{image}");
        let after = instances.requests();
        let asked = [after[0] - before[0], after[1] - before[1]];
        let expected = match place {
            1 | 2 => [1, 0],
            3 => [0, 1],
            _ => [0, 0],
        };
        assert_eq!(asked, expected, "{image}: one exchange, at the route's Artifactory alone");
        let first = instances.reads(&instances.site.artifactory.url(), &credential).await;
        let second = instances.reads(&instances.second.url(), &credential).await;
        assert_eq!([usize::from(first), usize::from(second)], expected, "{image}: the other one does not take it");
    }
}

/// The routes of the two instances with their addresses exchanged: neither trusts the other's identities.
#[tokio::test]
async fn a_proof_for_the_other_artifactory_is_refused() {
    let mut instances = TwoInstances::start().await;
    std::mem::swap(&mut instances.site.artifactory, &mut instances.second);
    for (image, place, _) in PULLS.into_iter().filter(|(_, place, _)| *place < 4) {
        let outcome = instances.pull(image).await;
        assert!(outcome.failure(5).contains("mapping"), "{image} of route {place}: {}", outcome.stderr);
    }
}

/// containerd asks a mirror for an image of Docker Hub; the kubelet asks by the image's own name.
#[tokio::test]
async fn docker_hubs_images_get_the_mirrors_credential_and_no_other_registrys_do() {
    let instances = TwoInstances::start().await;
    let credential = instances.pull("docker.io/library/nginx").await.credential("docker.io");
    assert!(instances.reads(&instances.second.url(), &credential).await);
    for image in ["index.docker.io/library/nginx", "registry-1.docker.io/library/nginx", "quay.io/library/nginx"] {
        let declined = instances.pull(image).await.response();
        assert_eq!((&declined["auth"], &declined["cacheDuration"]), (&json!({}), &json!("0s")), "{image}");
    }
}
