//! What is no error and seldom meant.

use std::path::Path;

use crate::access::{Access, StaticPassword, StaticSource};
use crate::config::{Config, Environment, Route, environment};

/// Every oddity, a line and its hint each.
pub(super) fn of(config: &Config, file: Option<&Path>, environment: &Environment) -> String {
    let unknown = environment.names().filter(|name| environment::looks_like_ours(name)).map(unknown_variable);
    let patterns = config.routes.iter().zip(1..).flat_map(|(route, place)| stars_in_paths(route, place));
    let readable = file.filter(|file| config.routes.iter().any(holds_a_password) && others_can_read(file));
    unknown.chain(patterns).chain(readable.map(readable_by_others)).collect()
}

fn unknown_variable(name: &str) -> String {
    let hint = environment::nearest(name).map_or_else(
        || "unset it, or look its name up in the README".to_owned(),
        |similar| format!("did you mean `{similar}`?"),
    );
    format!("warning: the variable `{name}` means nothing here\n  hint: {hint}\n")
}

/// In a path `*` is a character like any other, and no image name has it.
fn stars_in_paths(route: &Route, place: usize) -> impl Iterator<Item = String> {
    let starred = route
        .images
        .patterns()
        .iter()
        .filter(|pattern| pattern.as_str().split_once('/').is_some_and(|(_, path)| path.contains('*')));
    starred.map(move |pattern| {
        format!(
            "warning: `{pattern}` of route {place} matches no image\n  hint: a path is a prefix: leave `*` out of it\n"
        )
    })
}

fn holds_a_password(route: &Route) -> bool {
    match &route.access {
        Access::Static(StaticSource::Credentials(several)) => {
            several.iter().any(|credential| matches!(credential.password, StaticPassword::Inline(_)))
        }
        Access::Static(StaticSource::DockerConfig(_)) | Access::Exchange { .. } => false,
    }
}

fn readable_by_others(file: &Path) -> String {
    let file = file.display();
    format!(
        "warning: `{file}` holds a password and everybody on the node can read it\n  hint: chmod 0600 {file}, or use `passwordFile`\n"
    )
}

#[cfg(unix)]
fn others_can_read(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(file).is_ok_and(|metadata| metadata.mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}
