//! What an instance can learn about itself, as a tree of texts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::document::document;
use crate::aws::region::partition_of;
use crate::aws::session::RoleSession;
use crate::aws::{Facts, timestamp};

/// All texts by their path below the version.
pub(crate) type Tree = BTreeMap<String, String>;

/// The tree at a time.
pub(crate) fn tree(facts: &Facts, now: OffsetDateTime) -> Tree {
    let (world, partition) = (&facts.world, partition_of(&facts.world.region));
    let mut tree: Tree = [
        ("dynamic/instance-identity/document", identity_document(facts)),
        ("meta-data/ami-id", AMI.into()),
        ("meta-data/instance-id", world.instance_id.clone()),
        ("meta-data/instance-type", INSTANCE_TYPE.into()),
        ("meta-data/local-ipv4", PRIVATE_IP.into()),
        ("meta-data/placement/availability-zone", world.zone.clone()),
        ("meta-data/placement/region", world.region.clone()),
        ("meta-data/services/domain", partition.domain.into()),
        ("meta-data/services/partition", partition.id.into()),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into();
    if let Some(role) = world.roles.first() {
        tree.insert("meta-data/iam/info".into(), profile(facts, &role.name, now));
    }
    for role in &world.roles {
        let text = match facts.sessions.current(&role.name, now) {
            Some(session) => credentials(&session),
            None => unauthorized(&role.name, now),
        };
        tree.insert(format!("meta-data/iam/security-credentials/{}", role.name), text);
    }
    tree
}

/// The names in a folder, one a line, folders with a slash; `None` for no folder.
pub(crate) fn listing(tree: &Tree, folder: &str) -> Option<String> {
    let below = |path: &str| {
        let rest = if folder.is_empty() { path } else { path.strip_prefix(folder)?.strip_prefix('/')? };
        Some(match rest.split_once('/') {
            Some((name, _)) => format!("{name}/"),
            None => rest.to_owned(),
        })
    };
    let names: BTreeSet<String> = tree.keys().filter_map(|path| below(path)).collect();
    let names: Vec<String> = names.into_iter().collect();
    (!names.is_empty()).then(|| names.join("\n"))
}

const AMI: &str = "ami-0123456789abcdef0";
const INSTANCE_TYPE: &str = "m5.large";
const PRIVATE_IP: &str = "10.0.0.10";

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
fn identity_document(facts: &Facts) -> String {
    let world = &facts.world;
    document(&[
        ("accountId", json!(world.account)),
        ("architecture", json!("x86_64")),
        ("availabilityZone", json!(world.zone)),
        ("billingProducts", Value::Null),
        ("devpayProductCodes", Value::Null),
        ("marketplaceProductCodes", Value::Null),
        ("imageId", json!(AMI)),
        ("instanceId", json!(world.instance_id)),
        ("instanceType", json!(INSTANCE_TYPE)),
        ("kernelId", Value::Null),
        ("pendingTime", json!(timestamp::extended(facts.started))),
        ("privateIp", json!(PRIVATE_IP)),
        ("ramdiskId", Value::Null),
        ("region", json!(world.region)),
        ("version", json!("2017-09-30")),
    ])
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
fn credentials(session: &RoleSession) -> String {
    document(&[
        ("Code", json!("Success")),
        ("LastUpdated", json!(timestamp::extended(session.last_updated))),
        ("Type", json!("AWS-HMAC")),
        ("AccessKeyId", json!(session.access_key_id)),
        ("SecretAccessKey", json!(session.secret_access_key)),
        ("Token", json!(session.token)),
        ("Expiration", json!(timestamp::extended(session.expiration))),
    ])
}

// https://github.com/aws/aws-cli/issues/2060 shows the document, with an older address of the same page.
fn unauthorized(role: &str, now: OffsetDateTime) -> String {
    let message = format!(
        "EC2 cannot assume the role {role}.  Please see documentation at \
         https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc."
    );
    document(&[
        ("Code", json!("AssumeRoleUnauthorizedAccess")),
        ("Message", json!(message)),
        ("LastUpdated", json!(timestamp::extended(now))),
    ])
}

fn profile(facts: &Facts, name: &str, now: OffsetDateTime) -> String {
    let world = &facts.world;
    let partition = partition_of(&world.region).id;
    let arn = format!("arn:{partition}:iam::{}:instance-profile/{name}", world.account);
    document(&[
        ("Code", json!("Success")),
        ("LastUpdated", json!(timestamp::extended(now))),
        ("InstanceProfileArn", json!(arn)),
        ("InstanceProfileId", json!(facts.profile_id)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lists_its_names_without_a_final_line_feed() {
        let paths = ["a/b/c", "a/b/d", "a/e", "ab/f"];
        let tree: Tree = paths.map(|path| (path.to_owned(), String::new())).into();
        for (folder, names) in
            [("", Some("a/\nab/")), ("a", Some("b/\ne")), ("a/b", Some("c\nd")), ("a/b/c", None), ("b", None)]
        {
            assert_eq!(listing(&tree, folder).as_deref(), names, "{folder}");
        }
    }
}
