//! `/metadata/instance`: what the virtual machine can read about itself.

use serde_json::{Value, json};

use super::error::ImdsError;
use super::world::AzureWorld;

/// The versions that a refusal names.
pub(super) const NEWEST_VERSIONS: [&str; 3] = ["2025-04-07", "2024-07-17", "2024-03-15"];

/// Every version of the instance document, oldest first.
///
/// Source: Azure, Azure Instance Metadata Service, Supported API versions.
pub(super) const VERSIONS: &[&str] = &[
    "2017-03-01",
    "2017-04-02",
    "2017-08-01",
    "2017-10-01",
    "2017-12-01",
    "2018-02-01",
    "2018-04-02",
    "2018-10-01",
    "2019-02-01",
    "2019-03-11",
    "2019-04-30",
    "2019-06-01",
    "2019-06-04",
    "2019-08-01",
    "2019-08-15",
    "2019-11-01",
    "2020-06-01",
    "2020-07-15",
    "2020-09-01",
    "2020-10-01",
    "2020-12-01",
    "2021-01-01",
    "2021-02-01",
    "2021-03-01",
    "2021-05-01",
    "2021-10-01",
    "2021-11-01",
    "2021-11-15",
    "2021-12-13",
    "2023-07-01",
    "2023-11-15",
    "2024-03-15",
    "2024-07-17",
    "2025-04-07",
];

/// Answers the element at `path`, which is relative to `/metadata/instance`.
///
/// A branch is JSON; a leaf must be asked for as text.
pub(super) fn element(world: &AzureWorld, path: &str, as_text: bool) -> Result<Value, ImdsError> {
    let document = document(world);
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let element = segments.try_fold(&document, |element, segment| element.get(segment));
    match element.ok_or(ImdsError::NotFound)? {
        Value::String(_) if !as_text => Err(ImdsError::LeafFormat),
        element => Ok(element.clone()),
    }
}

/// Every primitive is a string, and an absent one is empty.
fn document(world: &AzureWorld) -> Value {
    let (subscription, group) = (&world.subscription, &world.resource_group);
    let machine = &world.machine;
    json!({
        "compute": {
            "azEnvironment": world.environment,
            "location": world.location,
            "name": machine.name,
            "osType": "Linux",
            "provider": "Microsoft.Compute",
            "resourceGroupName": group,
            "resourceId": format!(
                "/subscriptions/{subscription}/resourceGroups/{group}\
                 /providers/Microsoft.Compute/virtualMachines/{}",
                machine.name,
            ),
            "subscriptionId": subscription,
            "tags": "",
            "vmId": machine.id,
            "vmSize": machine.size,
            "zone": "",
        },
        "network": { "interface": [] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    #[test]
    fn the_newest_versions_are_the_last_of_all() {
        let last: Vec<_> = VERSIONS.iter().rev().take(3).collect();
        assert_eq!(last, NEWEST_VERSIONS.iter().collect::<Vec<_>>());
    }

    #[test]
    fn an_element_is_found_by_its_path_and_another_is_not() {
        let world = World::default().azure;
        let element = |path, as_text| element(&world, path, as_text);
        assert_eq!(element("/compute/azEnvironment", true), Ok(json!("AzurePublicCloud")));
        assert_eq!(element("/compute", false).unwrap()["location"], "eastus");
        assert_eq!(element("/compute/none", true), Err(ImdsError::NotFound));
        assert_eq!(element("/compute/location", false), Err(ImdsError::LeafFormat));
    }
}
