//! A static credential by the variables of kubelet-static-credential-provider.
//!
//! Source: <https://github.com/hegerdes/kubelet-static-credential-provider>, `main.go`; its first releases wrote the names
//! without the `K`.

use std::time::Duration;

use super::{Access, Config, ConfigError, DEFAULT_DEADLINE, Environment, ImagePattern, Route};
use crate::access::{StaticCredential, StaticPassword, StaticSource};
use crate::image::Images;
use crate::kubelet::parse_go_duration;
use crate::response::ResponsePolicy;
use crate::secret::Secret;

const USERNAME: [&str; 2] = ["KSCP_REGISTRY_USERNAME", "SCP_REGISTRY_USERNAME"];
const PASSWORD: [&str; 2] = ["KSCP_REGISTRY_PASSWORD", "SCP_REGISTRY_PASSWORD"];
const KEPT: &str = "KSCP_CACHE_DURATION";

/// Whether these variables are meant: no cloud is named and one of them is set.
pub(super) fn is_meant(environment: &Environment) -> bool {
    let set = |names: [&str; 2]| names.iter().any(|name| environment.value(name).is_some());
    environment.value("cloud_provider").is_none() && (set(USERNAME) || set(PASSWORD))
}

/// One credential, for every image that the kubelet asks about, or for the registry of `artifactory_url` where that is set.
///
/// Why no `KSCP_CACHE_TYPE`? It says how widely an answer is kept. There is one credential here, so that an answer per
/// registry is right whatever it says.
pub(super) fn parse(environment: &Environment) -> Result<Config, ConfigError> {
    let images = match environment.value("artifactory_url") {
        Some(address) => {
            let artifactory = crate::config::artifactory_url("artifactory_url", address)?;
            Images::Matching(vec![ImagePattern::parse(artifactory.host()).map_err(ConfigError::Pattern)?])
        }
        None => Images::Every,
    };
    let credential = StaticCredential {
        images: images.clone(),
        username: either(environment, USERNAME, "is the user name of the static credential")?.to_owned(),
        password: StaticPassword::Inline(Secret::new(
            either(environment, PASSWORD, "is the password of the static credential")?.to_owned(),
        )),
        kept: environment.value(KEPT).map(kept).transpose()?,
    };
    let access = Access::Static(StaticSource::Credentials(vec![credential]));
    Config::of(vec![Route { images, access, response: ResponsePolicy::default() }], DEFAULT_DEADLINE, environment)
}

fn either<'e>(
    environment: &'e Environment,
    [name, older]: [&'static str; 2],
    purpose: &'static str,
) -> Result<&'e str, ConfigError> {
    environment.value(name).or_else(|| environment.value(older)).map_or_else(|| environment.required(name, purpose), Ok)
}

fn kept(text: &str) -> Result<Duration, ConfigError> {
    parse_go_duration(text).map_err(|_| ConfigError::Number {
        name: KEPT,
        value: text.to_owned(),
        expected: "a duration such as `8h`",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageRef;
    use crate::lifetime::Caching;

    fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        super::super::parse(&variables.collect())
    }

    fn answered(config: &Config, image: &str) -> Option<(String, Duration)> {
        let image = ImageRef::parse(image).expect(image);
        let Access::Static(source) = &config.route(&image)?.access else { panic!("a static route") };
        let credential = source.credential_for(&image).expect("no error").expect("a credential");
        Some((credential.username, credential.lifetime.cache_duration(&Caching::default(), "node")))
    }

    #[test]
    fn both_names_of_the_variables_are_read_and_the_newer_wins() {
        let older = [("SCP_REGISTRY_USERNAME", "old"), ("SCP_REGISTRY_PASSWORD", "p")];
        let newer = [("KSCP_REGISTRY_USERNAME", "new"), ("KSCP_REGISTRY_PASSWORD", "p")];
        let five_minutes = Duration::from_mins(5);
        let answer = |variables: &[(&str, &str)]| answered(&with(variables).expect("a configuration"), "docker.io/a/b");
        assert_eq!(answer(&older), Some(("old".to_owned(), five_minutes)));
        assert_eq!(answer(&[older, newer].concat()), Some(("new".to_owned(), five_minutes)));
        let kept = [&newer[..], &[("KSCP_CACHE_DURATION", "8h"), ("KSCP_CACHE_TYPE", "global")]].concat();
        assert_eq!(answer(&kept), Some(("new".to_owned(), Duration::from_hours(8))));
    }

    #[test]
    fn artifactory_url_limits_the_credential_to_one_registry() {
        let variables =
            [("KSCP_REGISTRY_USERNAME", "u"), ("KSCP_REGISTRY_PASSWORD", "p"), ("artifactory_url", "acme.jfrog.io")];
        let config = with(&variables).expect("a configuration");
        assert!(answered(&config, "acme.jfrog.io/a").is_some());
        assert!(answered(&config, "docker.io/a/b").is_none());
    }

    #[test]
    fn half_a_credential_is_none() {
        for (variable, missing) in
            [("KSCP_REGISTRY_USERNAME", "KSCP_REGISTRY_PASSWORD"), ("SCP_REGISTRY_PASSWORD", "KSCP_REGISTRY_USERNAME")]
        {
            let error = with(&[(variable, "x")]).expect_err(missing);
            assert!(error.to_string().contains(&format!("`{missing}` is not set")), "{error}");
        }
        let kept = [("KSCP_REGISTRY_USERNAME", "u"), ("KSCP_REGISTRY_PASSWORD", "p"), ("KSCP_CACHE_DURATION", "8")];
        assert!(matches!(with(&kept), Err(ConfigError::Number { .. })));
    }

    #[test]
    fn a_cloud_that_is_named_comes_first() {
        let variables =
            [("KSCP_REGISTRY_USERNAME", "u"), ("artifactory_url", "acme.jfrog.io"), ("cloud_provider", "aws")];
        let config = with(&variables).expect("a configuration");
        assert!(matches!(config.routes[0].access, Access::Exchange { .. }));
    }
}
