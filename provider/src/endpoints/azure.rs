//! Azure's clouds: where Entra ID answers in each, and the audience that a client assertion has there.

/// One of Azure's clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AzureCloud {
    /// The public one.
    Public,
    /// The one of the US government.
    UsGovernment,
    /// The one in China that 21Vianet operates.
    China,
}

/// The names that [`AzureCloud::parse`] takes from people.
pub const AZURE_CLOUDS: &str = "AzureCloud, AzureUSGovernment, AzureChinaCloud";

/// What is particular to a cloud.
struct Facts {
    cloud: AzureCloud,
    /// As `az cloud list` has it, and as the metadata service's `azEnvironment` does.
    names: [&'static str; 2],
    /// Source: Microsoft Entra documentation, "National clouds", Microsoft Entra authentication endpoints.
    authority: &'static str,
    /// Source: Microsoft Entra documentation, "Configure an app to trust a managed identity", the audiences by cloud.
    audience: &'static str,
}

const CLOUDS: [Facts; 3] = [
    Facts {
        cloud: AzureCloud::Public,
        names: ["AzureCloud", "AzurePublicCloud"],
        authority: "https://login.microsoftonline.com",
        audience: "api://AzureADTokenExchange",
    },
    Facts {
        cloud: AzureCloud::UsGovernment,
        names: ["AzureUSGovernment", "AzureUSGovernmentCloud"],
        authority: "https://login.microsoftonline.us",
        audience: "api://AzureADTokenExchangeUSGov",
    },
    Facts {
        cloud: AzureCloud::China,
        names: ["AzureChinaCloud", "AzureChinaCloud"],
        authority: "https://login.partner.microsoftonline.cn",
        audience: "api://AzureADTokenExchangeChina",
    },
];

impl AzureCloud {
    /// Reads a cloud's name; an unknown one is `None`, and never the public cloud.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        CLOUDS.iter().find(|facts| facts.names.contains(&name)).map(|facts| facts.cloud)
    }

    /// The cloud whose client assertions have this audience.
    #[must_use]
    pub fn of_audience(audience: &str) -> Option<Self> {
        CLOUDS.iter().find(|facts| facts.audience == audience).map(|facts| facts.cloud)
    }

    /// The name that people write.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().names[0]
    }

    /// The address of Entra ID, without a trailing slash.
    #[must_use]
    pub fn authority(self) -> &'static str {
        self.facts().authority
    }

    /// The audience of a client assertion.
    #[must_use]
    pub fn exchange_audience(self) -> &'static str {
        self.facts().audience
    }

    fn facts(self) -> &'static Facts {
        match self {
            Self::Public => &CLOUDS[0],
            Self::UsGovernment => &CLOUDS[1],
            Self::China => &CLOUDS[2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_its_own_host_and_audience_by_either_name() {
        let table = [
            (["AzureCloud", "AzurePublicCloud"], "login.microsoftonline.com", "api://AzureADTokenExchange"),
            (
                ["AzureUSGovernment", "AzureUSGovernmentCloud"],
                "login.microsoftonline.us",
                "api://AzureADTokenExchangeUSGov",
            ),
            (["AzureChinaCloud"; 2], "login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"),
        ];
        for (names, host, audience) in table {
            for name in names {
                let cloud = AzureCloud::parse(name).expect(name);
                assert_eq!(cloud.authority(), format!("https://{host}"));
                assert_eq!(cloud.exchange_audience(), audience);
                assert_eq!(AzureCloud::of_audience(audience), Some(cloud));
            }
        }
    }

    #[test]
    fn an_unknown_cloud_is_none_and_not_the_public_one() {
        for name in ["", "AzureGermanCloud", "azurecloud", "AzureCloud ", "AzureUSNat"] {
            assert_eq!(AzureCloud::parse(name), None, "{name}");
        }
        assert_eq!(AzureCloud::of_audience("api://azureadtokenexchange"), None);
    }
}
