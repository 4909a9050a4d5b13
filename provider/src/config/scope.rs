//! Whether the kubelet may keep a route's answers for as many images as the route says.

use super::{ConfigError, Route};
use crate::access::{Access, StaticSource};
use crate::image::ImagePattern;
use crate::kubelet::CacheKeyType;

/// Refuses a scope in which a kept answer would leave images without a credential that are somebody else's, or only a part
/// of whose registry is the route's.
pub(super) fn refuse_hidden_images(routes: &[Route]) -> Result<(), ConfigError> {
    for (index, route) in routes.iter().enumerate() {
        let Some(scope) = route.response.cache_key_type else { continue };
        let others = routes.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
        let hidden = match scope {
            CacheKeyType::Image => None,
            CacheKeyType::Registry => in_a_registry(route, routes),
            CacheKeyType::Global => divided(route.images.patterns().iter())
                .or_else(|| others.flat_map(|other| other.images.patterns()).next().map(quoted))
                .or_else(|| by_source(route)),
        };
        if let Some(hidden) = hidden {
            return Err(ConfigError::Hidden { route: index + 1, scope, hidden });
        }
    }
    Ok(())
}

/// What hides behind an answer for a registry: a part of it that has a pattern of its own, in whichever route.
fn in_a_registry(route: &Route, routes: &[Route]) -> Option<String> {
    let own = route.images.patterns();
    let near = |pattern: &&ImagePattern| own.iter().any(|own| own.shared_image(pattern).is_some());
    let docker = matches!(route.access, Access::Static(StaticSource::DockerConfig(_)));
    divided(routes.iter().flat_map(|route| route.images.patterns()).filter(near))
        .or_else(|| docker.then(|| by_source(route)).flatten())
}

fn divided<'p>(mut patterns: impl Iterator<Item = &'p ImagePattern>) -> Option<String> {
    patterns.find(|pattern| pattern.has_path()).map(quoted)
}

fn quoted(pattern: &ImagePattern) -> String {
    format!("`{pattern}`")
}

/// What hides because one route has several credentials.
fn by_source(route: &Route) -> Option<String> {
    match &route.access {
        Access::Static(StaticSource::DockerConfig(_)) => {
            Some("what the other keys of `dockerConfigFile` are for".into())
        }
        Access::Static(StaticSource::Credentials(several)) if several.len() > 1 => {
            Some("what the other `credentials` are for".into())
        }
        Access::Static(StaticSource::Credentials(_)) | Access::Exchange { .. } => None,
    }
}
