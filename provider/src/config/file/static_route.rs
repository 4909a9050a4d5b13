//! Routes with static credentials: one, several with their own images, or those of a Docker configuration.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{Place, RouteShape, patterns, response_policy};
use crate::access::{Access, DockerConfig, StaticCredential, StaticPassword, StaticSource};
use crate::config::{ConfigError, Route, RouteProblem};
use crate::image::{ImagePattern, Images};
use crate::kubelet::parse_go_duration;
use crate::secret::Secret;

/// Static credentials: one with `username`, several with their own images, or those of a Docker configuration.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("oneOf" = super::schema::exactly_one(["username", "credentials", "dockerConfigFile"]))))]
#[cfg_attr(test, schemars(extend("not" = super::schema::any_two(["password", "passwordFile", "token", "tokenFile"]))))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StaticShape {
    /// The user name of the one credential.
    username: Option<String>,
    /// The password.
    password: Option<Secret>,
    /// A file with the password, read at each pull.
    password_file: Option<PathBuf>,
    /// A token, which is a password too.
    token: Option<Secret>,
    /// A file with the token, read at each pull.
    token_file: Option<PathBuf>,
    /// How long the kubelet may keep it, such as `8h`. Default: `5m`, or less where a token ends sooner.
    cache_duration: Option<String>,
    /// Several credentials, each with its own images.
    #[cfg_attr(test, schemars(length(min = 1)))]
    credentials: Option<Vec<CredentialShape>>,
    /// A Docker configuration (`.dockerconfigjson`), read at each pull.
    docker_config_file: Option<PathBuf>,
}

/// One of several static credentials: the one whose images fit closest is an image's.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("oneOf" = super::schema::exactly_one(["password", "passwordFile", "token", "tokenFile"]))))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CredentialShape {
    /// The images that it is for, as `matchImages` of a route.
    #[cfg_attr(test, schemars(length(min = 1)))]
    match_images: Vec<String>,
    /// The user name.
    username: String,
    /// The password.
    password: Option<Secret>,
    /// A file with the password, read at each pull.
    password_file: Option<PathBuf>,
    /// A token, which is a password too.
    token: Option<Secret>,
    /// A file with the token, read at each pull.
    token_file: Option<PathBuf>,
    /// How long the kubelet may keep it, such as `8h`. Default: `5m`, or less where a token ends sooner.
    cache_duration: Option<String>,
}

/// The four ways to write a password, of which a credential has one, and how long it may be kept.
struct PasswordShape {
    inline: [Option<Secret>; 2],
    files: [Option<PathBuf>; 2],
    kept: Option<String>,
}

impl StaticShape {
    /// The route of this shape; keys of an exchange have no use beside it.
    pub(super) fn into_route(self, route: RouteShape, place: Place) -> Result<Route, ConfigError> {
        let unused = [
            ("artifactoryUrl", route.artifactory_url.is_some()),
            ("insecure", route.insecure.is_some()),
            ("tls", route.tls.is_some()),
            ("proxy", route.proxy.is_some()),
            ("identityOrder", route.identity_order.is_some()),
            ("oidcProvider", route.oidc_provider.is_some()),
            ("matchImages", route.match_images.is_some() && self.credentials.is_some()),
        ];
        if let Some((key, _)) = unused.into_iter().find(|(_, present)| *present) {
            return Err(place.wrong(RouteProblem::Unused(key)));
        }
        let images = |entries: Option<Vec<String>>| {
            patterns(&entries.ok_or_else(|| place.wrong(RouteProblem::MatchImages))?, place)
        };
        let password = PasswordShape {
            inline: [self.password, self.token],
            files: [self.password_file, self.token_file],
            kept: self.cache_duration,
        };
        let (patterns, source) = match (self.username, self.credentials, self.docker_config_file) {
            (Some(username), None, None) => {
                let patterns = images(route.match_images)?;
                let credential = credential(patterns.clone(), username, password, place)?;
                (patterns, StaticSource::Credentials(vec![credential]))
            }
            (None, Some(shapes), None) if password.is_absent() => several(shapes, place)?,
            (None, None, Some(path)) if password.is_absent() => {
                (images(route.match_images)?, StaticSource::DockerConfig(DockerConfig { path }))
            }
            _ => return Err(place.wrong(RouteProblem::StaticForm)),
        };
        let response = response_policy(route.response)?;
        Ok(Route { images: Images::Matching(patterns), access: Access::Static(source), response })
    }
}

/// Credentials with their own images; the route serves all of those.
fn several(shapes: Vec<CredentialShape>, place: Place) -> Result<(Vec<ImagePattern>, StaticSource), ConfigError> {
    if shapes.is_empty() {
        return Err(place.wrong(RouteProblem::Empty("static.credentials")));
    }
    let mut all = Vec::new();
    let mut credentials = Vec::new();
    for shape in shapes {
        let patterns = patterns(&shape.match_images, place)?;
        all.extend(patterns.iter().cloned());
        let password = PasswordShape {
            inline: [shape.password, shape.token],
            files: [shape.password_file, shape.token_file],
            kept: shape.cache_duration,
        };
        credentials.push(credential(patterns, shape.username, password, place)?);
    }
    Ok((all, StaticSource::Credentials(credentials)))
}

fn credential(
    patterns: Vec<ImagePattern>,
    username: String,
    password: PasswordShape,
    place: Place,
) -> Result<StaticCredential, ConfigError> {
    if username.is_empty() {
        return Err(place.wrong(RouteProblem::Username));
    }
    let kept = password.kept.as_deref().map(kept).transpose()?;
    let password = password.into_password().ok_or_else(|| place.wrong(RouteProblem::Password))?;
    Ok(StaticCredential { images: Images::Matching(patterns), username, password, kept })
}

/// A length of any size, `0s` included, which keeps nothing.
fn kept(text: &str) -> Result<Duration, ConfigError> {
    let number =
        |_| ConfigError::Number { name: "cacheDuration", value: text.to_owned(), expected: "a duration such as `8h`" };
    parse_go_duration(text).map_err(number)
}

impl PasswordShape {
    fn is_absent(&self) -> bool {
        self.inline.iter().all(Option::is_none) && self.files.iter().all(Option::is_none) && self.kept.is_none()
    }

    /// The one password that is written, if it is one and not empty.
    fn into_password(self) -> Option<StaticPassword> {
        let inline = self.inline.into_iter().flatten().map(StaticPassword::Inline);
        let mut passwords = inline.chain(self.files.into_iter().flatten().map(StaticPassword::File));
        match (passwords.next(), passwords.next()) {
            (Some(StaticPassword::Inline(secret)), None) if secret.is_empty() => None,
            (password, None) => password,
            _ => None,
        }
    }
}
