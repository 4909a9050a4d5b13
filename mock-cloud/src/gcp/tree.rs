//! The tree of metadata below `/computeMetadata/`.

use serde_json::{Map, Value, json};

use super::world::{GcpWorld, ServiceAccount};

/// One element of the metadata.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Lists its entries, or all that is below it as JSON.
    Directory(Vec<Entry>),
    /// A text without a final newline.
    Text(String),
    /// A number, which is one in JSON too.
    Number(u64),
    /// One line each.
    Lines(Vec<String>),
    /// An access token of the service account.
    Token,
    /// An ID token of the service account.
    Identity,
}

/// A node by its name in a path and its name in JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    name: String,
    json_name: String,
    node: Node,
}

impl Node {
    /// Answers the node at a path without slashes at its ends.
    pub(super) fn at(self, path: &str) -> Option<Self> {
        let mut segments = path.split('/').filter(|_| !path.is_empty());
        segments.try_fold(self, |node, segment| match node {
            Self::Directory(entries) => {
                let entry = entries.into_iter().find(|entry| entry.name == segment)?;
                Some(entry.node)
            }
            _ => None,
        })
    }

    /// Writes a directory as its entries, those that are directories with a slash.
    pub(super) fn listing(entries: &[Entry]) -> String {
        let line = |entry: &Entry| match entry.node {
            Self::Directory(_) => format!("{}/\n", entry.name),
            _ => format!("{}\n", entry.name),
        };
        entries.iter().map(line).collect()
    }

    /// Writes all that is below, without tokens.
    pub(super) fn json(&self) -> Option<Value> {
        Some(match self {
            Self::Token | Self::Identity => return None,
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Lines(lines) => json!(lines),
            Self::Directory(entries) => {
                let values = entries.iter();
                let values = values.filter_map(|entry| Some((entry.json_name.clone(), entry.node.json()?)));
                Value::Object(values.collect::<Map<_, _>>())
            }
        })
    }
}

/// Builds what an instance can read.
///
/// Source: Compute Engine, Predefined metadata keys.
pub(super) fn root(world: &GcpWorld) -> Node {
    let (project, zone) = (&world.project, &world.zone);
    let in_project = |kind: &str, name: &str| text(format!("projects/{}/{kind}/{name}", world.project_number));
    let instance = &world.instance;
    let accounts = world.service_account.as_ref().map(service_accounts);
    directory([
        entry(
            "instance",
            directory([
                entry("hostname", text(format!("{}.{zone}.c.{project}.internal", instance.name))),
                entry("id", Node::Number(instance.id)),
                entry("machine-type", in_project("machineTypes", &instance.machine_type)),
                entry("name", text(&instance.name)),
                entry("service-accounts", directory(accounts.into_iter().flatten())),
                entry("zone", in_project("zones", zone)),
            ]),
        ),
        entry(
            "project",
            directory([
                entry("numeric-project-id", Node::Number(world.project_number)),
                entry("project-id", text(project)),
            ]),
        ),
        entry("universe", directory([entry("universe-domain", text("googleapis.com"))])),
    ])
}

/// The account by its address and by its alias; aliases are names, so JSON keeps them as they are.
fn service_accounts(account: &ServiceAccount) -> [Entry; 2] {
    ["default", &account.email].map(|name| Entry {
        name: name.to_owned(),
        json_name: name.to_owned(),
        node: directory([
            entry("aliases", Node::Lines(vec!["default".into()])),
            entry("email", text(&account.email)),
            entry("identity", Node::Identity),
            entry("scopes", Node::Lines(account.scopes.clone())),
            entry("token", Node::Token),
        ]),
    })
}

fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

fn directory(entries: impl IntoIterator<Item = Entry>) -> Node {
    Node::Directory(entries.into_iter().collect())
}

fn entry(name: &str, node: Node) -> Entry {
    let (name, json_name) = (name.to_owned(), camel_case(name));
    Entry { name, json_name, node }
}

/// Writes `service-accounts` as `serviceAccounts`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| {
        let (initial, rest) = word.split_at(1.min(word.len()));
        camel + &initial.to_ascii_uppercase() + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    #[test]
    fn names_become_camel_case() {
        assert_eq!(camel_case("numeric-project-id"), "numericProjectId");
        assert_eq!(camel_case("id"), "id");
    }

    #[test]
    fn a_node_is_found_by_its_path_and_another_is_not() {
        let at = |path| root(&World::default().gcp).at(path);
        assert_eq!(at("project/project-id"), Some(text("artifactory-demo")));
        assert_eq!(at("instance/service-accounts/default/token"), Some(Node::Token));
        assert!(matches!(at(""), Some(Node::Directory(_))));
        for path in ["none", "project/project-id/deeper", "instance/service-accounts/other"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn json_has_no_tokens() {
        let account = root(&World::default().gcp).at("instance/service-accounts/default");
        let json = account.unwrap().json().unwrap();
        let names: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["aliases", "email", "scopes"]);
    }
}
