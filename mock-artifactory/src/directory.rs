//! What administrators change: OIDC providers, identity mappings and IAM roles.

use std::collections::BTreeMap;

use crate::aws::iam_role::{IamRole, RoleArn};
use crate::oidc::mapping::Mapping;
use crate::oidc::provider::Provider;

/// The providers, mappings and roles of the moment.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    providers: BTreeMap<String, Provider>,
    mappings: Vec<Mapping>,
    roles: BTreeMap<String, RoleArn>,
}

/// What a name in the directory was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It existed.
    Present,
    /// It did not.
    Absent,
}

impl Directory {
    /// The provider of a name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.get(name)
    }

    /// Every provider, by name.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values()
    }

    /// Adds or replaces a provider.
    pub fn put_provider(&mut self, provider: Provider) {
        self.providers.insert(provider.name.clone(), provider);
    }

    /// Removes a provider and its mappings.
    pub fn remove_provider(&mut self, name: &str) -> Before {
        self.mappings.retain(|mapping| mapping.provider_name != name);
        before(self.providers.remove(name).is_some())
    }

    /// The mappings of a provider, of every project.
    pub fn mappings(&self, provider: &str) -> impl Iterator<Item = &Mapping> {
        self.mappings.iter().filter(move |mapping| mapping.provider_name == provider)
    }

    /// The mapping of a name in a project (`None`: the global one).
    #[must_use]
    pub fn mapping(&self, provider: &str, name: &str, project: Option<&str>) -> Option<&Mapping> {
        self.mappings(provider).find(|mapping| mapping.name == name && mapping.project_key.as_deref() == project)
    }

    /// Adds a mapping, or replaces the one of the same name, provider and project.
    pub fn put_mapping(&mut self, mapping: Mapping) {
        self.remove_mapping(&mapping.provider_name, &mapping.name, mapping.project_key.as_deref());
        self.mappings.push(mapping);
    }

    /// Removes a mapping.
    pub fn remove_mapping(&mut self, provider: &str, name: &str, project: Option<&str>) -> Before {
        let count = self.mappings.len();
        self.mappings.retain(|mapping| {
            (mapping.provider_name.as_str(), mapping.name.as_str(), mapping.project_key.as_deref())
                != (provider, name, project)
        });
        before(self.mappings.len() < count)
    }

    /// The role of a user.
    #[must_use]
    pub fn role(&self, username: &str) -> Option<IamRole> {
        self.roles.get(username).map(|arn| IamRole { username: username.to_owned(), iam_role: arn.clone() })
    }

    /// Gives a user its one role.
    pub fn put_role(&mut self, role: IamRole) {
        self.roles.insert(role.username, role.iam_role);
    }

    /// Takes a user's role away.
    pub fn remove_role(&mut self, username: &str) -> Before {
        before(self.roles.remove(username).is_some())
    }

    /// The user of a role; the first by name where several have it.
    #[must_use]
    pub fn user_of(&self, account: &str, role: &str) -> Option<&str> {
        let mut users = self.roles.iter().filter(|(_, arn)| arn.account() == account && arn.role() == role);
        users.next().map(|(username, _)| username.as_str())
    }
}

fn before(present: bool) -> Before {
    if present { Before::Present } else { Before::Absent }
}
