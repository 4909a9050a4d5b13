//! What `--check-config` prints: the configuration as a pull would have it, where it comes from, and what is odd about it.
//!
//! Nothing here goes over the network, and no file that holds a secret is opened.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::routing::Match;
use super::{Config, ConfigError, Environment};
use crate::access::{Access, StaticSource};
use crate::image::ImageRef;

mod oddities;

/// A configuration, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was asked for: the configuration as a file, or who serves one image.
    pub text: String,
    /// What is odd about the configuration, each with its remedy; empty when nothing is.
    pub warnings: String,
}

impl Report {
    /// Reads the configuration as a pull would and tells it, or who would serve an image.
    ///
    /// # Errors
    /// When there is no configuration.
    pub fn of(file: Option<&Path>, environment: &Environment, image: Option<&ImageRef>) -> Result<Self, ConfigError> {
        let config = Config::load(file, environment)?;
        let text = match image {
            Some(image) => served(&config, image),
            None => format!("{}{}{}", origins(&config, file, environment), config.to_yaml(), precedence(&config)),
        };
        Ok(Self { text, warnings: oddities::of(&config, file, environment) })
    }
}

/// Which variables had a part in the configuration, and which of the incumbent's are set and had none.
fn origins(config: &Config, file: Option<&Path>, environment: &Environment) -> String {
    // A variable counts if without it the configuration is another one, or none.
    let counts =
        |name: &&str| Config::load(file, &environment.with(name, "")).map_or(true, |without| without != *config);
    let (used, unused): (Vec<_>, Vec<_>) = environment.names().partition(counts);
    let unused = unused.into_iter().filter(|name| super::environment::is_known(name));
    let unused: Vec<_> = unused.collect();
    let mut text = String::new();
    for (what, names) in [("from the environment", used), ("set and without effect", unused)] {
        if !names.is_empty() {
            let _ = writeln!(text, "# {what}: {}", names.join(", "));
        }
    }
    text
}

/// Which images go where, as a comment behind the file.
fn precedence(config: &Config) -> String {
    let places = config.by_precedence();
    let width = places.iter().map(|found| shown(found).len()).max().unwrap_or_default();
    let lines = places.iter().map(|found| format!("#   {:width$}  route {}\n", shown(found), found.place));
    format!("# the first of these that matches an image decides:\n{}", lines.collect::<String>())
}

fn shown<'c>(found: &Match<'c>) -> &'c str {
    found.pattern.map_or("every image", |pattern| pattern.as_str())
}

/// Who serves an image, and whom that route is closer than.
fn served(config: &Config, image: &ImageRef) -> String {
    let Some(closest) = config.closest(image) else {
        return format!("`{image}` is served by no route: the pull is declined\n");
    };
    let mut text = format!("`{image}` is served by route {} ({})\n", closest.place, by(&closest));
    let _ = writeln!(text, "  its pattern `{}` is the closest", shown(&closest));
    let mut others: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for other in config.matches(image).filter(|other| other.place != closest.place) {
        others.entry(other.place).or_default().push(format!("`{}`", shown(&other)));
    }
    for (place, patterns) in others {
        let _ = writeln!(text, "  route {place} matches too, by {}", patterns.join(", "));
    }
    let scope = closest.route.response.cache_key_type.unwrap_or_else(|| config.widest_safe(closest.route, image));
    let _ = writeln!(text, "  its answer may be kept for: {}", scope.as_str());
    text
}

fn by(found: &Match<'_>) -> String {
    match &found.route.access {
        Access::Exchange { artifactory, .. } => format!("an exchange at `{artifactory}`"),
        Access::Static(StaticSource::Credentials(_)) => "a static credential".to_owned(),
        Access::Static(StaticSource::DockerConfig(config)) => format!("`{}`", config.path.display()),
    }
}
