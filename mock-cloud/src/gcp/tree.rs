//! The tree of metadata below `/computeMetadata/`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::world::GcpWorld;

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

    /// Writes all that is below as lines of path and value, without tokens.
    pub(super) fn lines(&self, path: &str) -> String {
        match self {
            Self::Token | Self::Identity => String::new(),
            Self::Text(text) => format!("{path} {text}\n"),
            Self::Number(number) => format!("{path} {number}\n"),
            Self::Lines(lines) => lines.iter().flat_map(|line| [path, " ", line, "\n"]).collect(),
            Self::Directory(entries) => {
                let below = |entry: &Entry| match path {
                    "" => entry.name.clone(),
                    _ => format!("{path}/{}", entry.name),
                };
                entries.iter().map(|entry| entry.node.lines(&below(entry))).collect()
            }
        }
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

/// A service account as the metadata server shows it.
#[derive(Clone, Copy)]
pub(super) struct ShownAccount<'a> {
    pub(super) email: &'a str,
    pub(super) scopes: &'a [String],
}

/// Builds what an instance can read.
///
/// Source: Compute Engine, Predefined metadata keys.
pub(super) fn root(world: &GcpWorld, attributes: &BTreeMap<String, String>, account: Option<ShownAccount<'_>>) -> Node {
    let (project, zone) = (&world.project, &world.zone);
    let in_project = |kind: &str, name: &str| text(format!("projects/{}/{kind}/{name}", world.project_number));
    let instance = &world.instance;
    let accounts = account.map(service_accounts);
    directory([
        entry(
            "instance",
            directory([
                entry("attributes", directory(attributes.iter().map(|(name, value)| named(name, text(value))))),
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

/// The account by its address and by its alias.
fn service_accounts(account: ShownAccount<'_>) -> [Entry; 2] {
    ["default", account.email].map(|name| {
        let files = directory([
            entry("aliases", Node::Lines(vec!["default".into()])),
            entry("email", text(account.email)),
            entry("identity", Node::Identity),
            entry("scopes", Node::Lines(account.scopes.to_vec())),
            entry("token", Node::Token),
        ]);
        named(name, files)
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

/// An entry whose name somebody chose, which JSON keeps as it is.
fn named(name: &str, node: Node) -> Entry {
    Entry { name: name.to_owned(), json_name: name.to_owned(), node }
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

    fn built_in() -> Node {
        let GcpWorld { service_account, .. } = World::default().gcp;
        let account = service_account.unwrap();
        let account = ShownAccount { email: &account.email, scopes: &account.scopes };
        root(&World::default().gcp, &BTreeMap::from([("my-key".into(), "v".into())]), Some(account))
    }

    #[test]
    fn a_node_is_found_by_its_path_and_another_is_not() {
        let at = |path| built_in().at(path);
        assert_eq!(at("project/project-id"), Some(text("artifactory-demo")));
        assert_eq!(at("instance/service-accounts/default/token"), Some(Node::Token));
        assert!(matches!(at(""), Some(Node::Directory(_))));
        for path in ["none", "project/project-id/deeper", "instance/service-accounts/other"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn json_has_no_tokens() {
        let account = built_in().at("instance/service-accounts/default");
        let json = account.unwrap().json().unwrap();
        let names: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["aliases", "email", "scopes"]);
    }

    #[test]
    fn chosen_names_stay_as_they_are() {
        let attributes = built_in().at("instance").unwrap().json().unwrap();
        assert_eq!(attributes["attributes"], json!({"my-key": "v"}));
    }

    #[test]
    fn lines_are_paths_and_values_without_tokens() {
        let project = built_in().at("project").unwrap();
        assert_eq!(project.lines(""), "numeric-project-id 123456789012\nproject-id artifactory-demo\n");
        let account = built_in().at("instance/service-accounts/default").unwrap().lines("");
        assert!(account.starts_with("aliases default\nemail ") && !account.contains("token"), "{account}");
    }
}
