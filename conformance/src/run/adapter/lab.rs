//! Where a plugin runs that nothing leads to the mocks: whose machine it is, and the names that the lab has.

use serde::Deserialize;

/// `lab` of an adapter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lab {
    machine: Machine,
    registry: HostName,
    /// Further names of the clouds' services.
    hosts: Vec<HostName>,
}

/// `lab` of one identity: what is another for it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Own {
    machine: Option<Machine>,
    registry: Option<HostName>,
}

/// Whose machine it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::run) enum Machine {
    Aws,
    Azure,
    Google,
    #[default]
    None,
}

/// A host name with a dot in it, as an image names a registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct HostName(String);

/// A text that is no host name.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no host name: small letters, digits, `-` and `.`, and no port")]
struct NoHostName(String);

/// What a lab is like for one identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::run) struct Surroundings {
    pub(in crate::run) machine: Machine,
    /// The registry's host name.
    pub(in crate::run) registry: String,
    /// Further names of the clouds' services.
    pub(in crate::run) hosts: Vec<String>,
}

impl Lab {
    /// The lab for an identity.
    pub(super) fn surroundings(&self, own: Option<&Own>) -> Surroundings {
        let machine = own.and_then(|own| own.machine).unwrap_or(self.machine);
        let registry = own.and_then(|own| own.registry.as_ref()).unwrap_or(&self.registry);
        let hosts = self.hosts.iter().map(|host| host.0.clone()).collect();
        Surroundings { machine, registry: registry.0.clone(), hosts }
    }
}

impl Default for HostName {
    fn default() -> Self {
        Self("artifactory.example.com".to_owned())
    }
}

impl TryFrom<String> for HostName {
    type Error = NoHostName;

    fn try_from(text: String) -> Result<Self, NoHostName> {
        let is_of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_of_name);
        let is_name = text.contains('.') && text.split('.').all(is_label);
        if is_name { Ok(Self(text)) } else { Err(NoHostName(text)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_may_have_another_machine_and_another_registry() {
        let lab: Lab = toml::from_str("machine = 'aws'\nregistry = 'a.test'\nhosts = ['api.test']").unwrap();
        let own: Own = toml::from_str("machine = 'google'").unwrap();
        let other: Own = toml::from_str("registry = 'b.test'").unwrap();
        let of = |own| lab.surroundings(own);
        let hosts = vec!["api.test".to_owned()];
        let expected =
            |machine, registry: &str| Surroundings { machine, registry: registry.into(), hosts: hosts.clone() };
        assert_eq!(of(None), expected(Machine::Aws, "a.test"));
        assert_eq!(of(Some(&own)), expected(Machine::Google, "a.test"));
        assert_eq!(of(Some(&other)), expected(Machine::Aws, "b.test"));
    }

    #[test]
    fn a_lab_is_of_no_cloud_unless_it_says_so() {
        let of_none = Lab::default().surroundings(None);
        assert_eq!((of_none.machine, of_none.registry.as_str()), (Machine::None, "artifactory.example.com"));
    }

    #[test]
    fn a_registry_is_a_host_name() {
        for name in ["123456789012.dkr.ecr.us-east-1.amazonaws.com", "us-docker.pkg.dev", "acme.azurecr.io"] {
            assert!(HostName::try_from(name.to_owned()).is_ok(), "{name}");
        }
        for name in ["", "registry", "a.test:443", "https://a.test", "A.test", "a..test", ".test", "a_b.test"] {
            assert!(HostName::try_from(name.to_owned()).is_err(), "{name}");
        }
    }

    #[test]
    fn the_readme_explains_every_key_of_a_lab() {
        let error = toml::from_str::<Lab>("unheard-of = 1").unwrap_err().to_string();
        let names: Vec<_> =
            error.split("expected one of ").nth(1).unwrap_or_else(|| panic!("{error}")).split('`').collect();
        let readme = include_str!("../../../cases/README.md");
        assert_eq!(names.iter().skip(1).step_by(2).count(), 3);
        for name in names.iter().skip(1).step_by(2) {
            assert!(readme.contains(&format!("| `lab.{name}` |")), "{name}");
        }
    }
}
