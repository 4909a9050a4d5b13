//! Whom a token is for; the managed identities of the machine, and which of them a request is for.

use super::error::ImdsError;
use super::world::{AzureWorld, UserAssigned};

/// A managed identity of the machine, of either kind, or an application.
#[expect(clippy::struct_field_names, reason = "the names that Azure gives them")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) client_id: String,
    pub(super) object_id: String,
    /// The `xms_mirid` of its tokens and, of a user-assigned one, the `msi_res_id` that selects it; an application has
    /// none.
    pub(super) resource_id: Option<String>,
}

/// How a request says which identity it wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Selector {
    #[default]
    None,
    ClientId(String),
    ObjectId(String),
    ResourceId(String),
}

/// Answers the identity that a request is for.
///
/// Without a selector it is the system-assigned one, or else the only user-assigned one.
pub(super) fn identity(world: &AzureWorld, selector: &Selector) -> Result<Identity, ImdsError> {
    let (system, mut users) = (world.system_identity(), world.user_identities());
    let chosen: &dyn Fn(&Identity) -> bool = match selector {
        Selector::None => {
            return match (system, users.len()) {
                (Some(system), _) => Ok(system),
                (None, 0) => Err(ImdsError::IdentityNotFound),
                (None, 1) => Ok(users.remove(0)),
                (None, _) => Err(ImdsError::SeveralIdentities),
            };
        }
        Selector::ClientId(id) => &|it| it.client_id.eq_ignore_ascii_case(id),
        Selector::ObjectId(id) => &|it| it.object_id.eq_ignore_ascii_case(id),
        Selector::ResourceId(id) => &|it| it.resource_id.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(id)),
    };
    let mut identities = users.into_iter().chain(system);
    let identity = identities.find(|it| chosen(it));
    identity.ok_or(ImdsError::IdentityNotFound)
}

impl AzureWorld {
    pub(super) fn system_identity(&self) -> Option<Identity> {
        let system = self.system_assigned.as_ref()?;
        let machine = &self.machine.name;
        Some(Identity {
            client_id: system.client_id.clone(),
            object_id: system.object_id.clone(),
            resource_id: Some(self.resource(&format!("Microsoft.Compute/virtualMachines/{machine}"))),
        })
    }

    pub(super) fn user_identities(&self) -> Vec<Identity> {
        let identity = |user: &UserAssigned| Identity {
            client_id: user.client_id.clone(),
            object_id: user.object_id.clone(),
            resource_id: Some(
                self.resource(&format!("Microsoft.ManagedIdentity/userAssignedIdentities/{}", user.name)),
            ),
        };
        self.user_assigned.iter().map(identity).collect()
    }

    /// Writes a resource id with the lower-case `resourcegroups` that tokens have.
    fn resource(&self, provider: &str) -> String {
        let (subscription, group) = (&self.subscription, &self.resource_group);
        format!("/subscriptions/{subscription}/resourcegroups/{group}/providers/{provider}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::azure::world::SystemAssigned;

    fn user(name: &str) -> UserAssigned {
        UserAssigned { name: name.into(), client_id: format!("{name}-client"), object_id: format!("{name}-object") }
    }

    fn world(system: bool, users: &[&str]) -> AzureWorld {
        let system =
            system.then(|| SystemAssigned { client_id: "system-client".into(), object_id: "system-object".into() });
        AzureWorld {
            system_assigned: system,
            user_assigned: users.iter().map(|name| user(name)).collect(),
            ..World::default().azure
        }
    }

    fn chosen(world: &AzureWorld, selector: &Selector) -> Result<String, ImdsError> {
        identity(world, selector).map(|identity| identity.client_id)
    }

    #[test]
    fn without_a_selector_the_system_identity_or_the_only_user_identity_is_chosen() {
        let none = Selector::None;
        assert_eq!(chosen(&world(true, &["a", "b"]), &none), Ok("system-client".into()));
        assert_eq!(chosen(&world(false, &["a"]), &none), Ok("a-client".into()));
        assert_eq!(chosen(&world(false, &["a", "b"]), &none), Err(ImdsError::SeveralIdentities));
        assert_eq!(chosen(&world(false, &[]), &none), Err(ImdsError::IdentityNotFound));
    }

    #[test]
    fn every_selector_chooses_its_identity_and_no_other() {
        let world = world(true, &["a", "b"]);
        let id = world.user_identities()[1].resource_id.clone().unwrap().to_uppercase();
        for selector in
            [Selector::ClientId("B-client".into()), Selector::ObjectId("b-object".into()), Selector::ResourceId(id)]
        {
            assert_eq!(chosen(&world, &selector), Ok("b-client".into()));
        }
        let system = Selector::ClientId("system-client".into());
        assert_eq!(chosen(&world, &system), Ok("system-client".into()));
        for selector in [
            Selector::ClientId("b-object".into()),
            Selector::ObjectId("b-client".into()),
            Selector::ResourceId("/subscriptions".into()),
        ] {
            assert_eq!(chosen(&world, &selector), Err(ImdsError::IdentityNotFound));
        }
    }
}
