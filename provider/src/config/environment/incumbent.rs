//! What the incumbent's variables and annotations mean here.
//!
//! `README.md`, `docs/migrate.md` and the tests are made from these rows. The program itself needs their names alone, which are
//! taken at compile time, so that the linker leaves the texts out.
//!
//! Source: jfrog-credentials-provider 1.4.0, `main.go`, `internal/provider/provider.go`, `internal/autoupdate/auto_update.go`.

/// One variable of the provider's entry, or one annotation of a service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// What holds where it is not set.
    pub default: &'static str,
    /// How this stands to what the incumbent makes of it.
    pub stands: Stands,
}

/// How a setting here stands to the incumbent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Meaning and default are the incumbent's.
    Same,
    /// It is accepted, and nothing depends on it.
    WithoutEffect {
        /// What the incumbent makes of it.
        there: &'static str,
    },
    /// It means something else there, or has another default.
    Differs {
        /// What the incumbent makes of it.
        there: &'static str,
        /// What an operator has to change; `None` where every working set-up goes on working.
        change: Option<&'static str>,
    },
}

impl Setting {
    const fn same(name: &'static str, meaning: &'static str, default: &'static str) -> Self {
        Self { name, meaning, default, stands: Stands::Same }
    }

    const fn without_effect(name: &'static str, meaning: &'static str, there: &'static str) -> Self {
        Self { name, meaning, default: "", stands: Stands::WithoutEffect { there } }
    }

    const fn wider(name: &'static str, meaning: &'static str, default: &'static str, there: &'static str) -> Self {
        Self { name, meaning, default, stands: Stands::Differs { there, change: None } }
    }

    const fn differs(
        name: &'static str,
        meaning: &'static str,
        default: &'static str,
        there: &'static str,
        change: &'static str,
    ) -> Self {
        Self { name, meaning, default, stands: Stands::Differs { there, change: Some(change) } }
    }
}

/// The variables, in the order in which one fills in an entry.
pub const VARIABLES: [Setting; 29] = [
    Setting::differs(
        "artifactory_url",
        "Artifactory's host, `host` or `host:port`, with or without `https://` and a path; also the only registry that gets a credential",
        "required",
        "every registry that an image names gets the credential",
        "images of another host: a configuration file with `matchImages`",
    ),
    Setting::wider(
        "cloud_provider",
        "`aws`, `azure` or `google`",
        "the cloud that the node is found on",
        "unset, three metadata services are asked one after the other, and the last that answers counts",
    ),
    Setting::wider(
        "http_timeout_seconds",
        "the deadline of a pull, at most 55; what is no number of seconds counts as unset",
        "55",
        "30 by default, and no request may take longer than 10 s whatever it says",
    ),
    Setting::same("secret_ttl_seconds", "the life asked for Artifactory's token, for roles of AWS", "18000"),
    Setting::without_effect(
        "log_level",
        "no effect: there is no log file, and a failure explains itself on stderr",
        "`debug` writes more into the log file",
    ),
    Setting::without_effect(
        "disable_provider_autoupdate",
        "no effect: the program never replaces itself",
        "`true` keeps the program from replacing itself during a pull",
    ),
    Setting::without_effect(
        "JFROG_CREDENTIAL_PROVIDER_RELEASES_URL",
        "no effect, as above",
        "where the versions are listed",
    ),
    Setting::without_effect(
        "JFROG_CREDENTIAL_PROVIDER_DOWNLOAD_URL",
        "no effect, as above",
        "where they are downloaded",
    ),
    Setting::without_effect(
        "JFROG_CREDENTIAL_PROVIDER_DOWNLOAD_SUFFIX",
        "no effect, as above",
        "what stands between that address and the version",
    ),
    Setting::same(
        "aws_auth_method",
        "`assume_role`, `assume_external_role` or `cognito_oidc`; a pod that opts in uses its own role whatever it says",
        "`assume_role`",
    ),
    Setting::wider(
        "aws_role_name",
        "the instance's role, by its name or ARN",
        "the instance's one role",
        "required by `assume_role`, and an ARN finds no role",
    ),
    Setting::wider(
        "aws_region",
        "the region whose STS Artifactory asks",
        "`AWS_REGION`, then the pod's issuer's, then the instance's",
        "not read by `cognito_oidc`; the metadata service is asked even where it is set",
    ),
    Setting::same("aws_external_role_arn", "the role of another account", "required with `assume_external_role`"),
    Setting::same(
        "aws_external_role_session_duration_seconds",
        "how long its session lasts, 900 to 43200; what is above or no number counts as unset",
        "3600",
    ),
    Setting::same(
        "secret_name",
        "the secret with the Cognito client's `client-id` and `client-secret`",
        "required with `cognito_oidc`",
    ),
    Setting::same("user_pool_name", "the user pool", "required with `cognito_oidc`"),
    Setting::same("resource_server_name", "the user pool's resource server", "required with `cognito_oidc`"),
    Setting::same("user_pool_resource_scope", "a scope of the resource server", "required with `cognito_oidc`"),
    Setting::same(
        "jfrog_oidc_provider_name",
        "Artifactory's OIDC provider",
        "required with `azure`, `google` and `cognito_oidc`",
    ),
    Setting::same(
        "azure_auth_method",
        "`imds_direct`: the managed identity's own token; unset: that of the application which trusts it",
        "the application's",
    ),
    Setting::wider(
        "azure_app_client_id",
        "the application that Artifactory trusts",
        "required for a node, except by `imds_direct` with `azure_app_uri`",
        "required by `imds_direct` in any case",
    ),
    Setting::same(
        "azure_tenant_id",
        "the application's tenant",
        "required without `azure_auth_method`, except in an entry for pods alone",
    ),
    Setting::same(
        "azure_nodepool_client_id",
        "the managed identity's client id",
        "required, except in an entry for pods alone",
    ),
    Setting::wider(
        "azure_app_audience",
        "the audience of the client assertion, and of the token of a pod which opts in",
        "the cloud's; a pod's is not checked",
        "required without `azure_auth_method`; a pod's token is not compared with it",
    ),
    Setting::same(
        "azure_app_uri",
        "the application's identifier URI, for `imds_direct`",
        "`api://` and `azure_app_client_id`",
    ),
    Setting::differs(
        "azure_cloud_name",
        "`AzureCloud`, `AzureUSGovernment` or `AzureChinaCloud`",
        "the metadata service's `azEnvironment`",
        "`AzureCloud` by default and for every name that is not known",
        "correct a name that is refused",
    ),
    Setting::same("jfrog_token_audience", "the audience asked for Artifactory's token, with `azure`", "`*@*`"),
    Setting::wider(
        "google_service_account_email",
        "the VM's service account, or one that it may act as",
        "the VM's default account",
        "required; the account needs a role on itself and the scope `cloud-platform`",
    ),
    Setting::same(
        "jfrog_oidc_audience",
        "the audience of the ID token, of the token of a pod which opts in, and of Artifactory's token",
        "required with `google`",
    ),
];

/// The variables' names.
pub(super) const NAMES: [&str; VARIABLES.len()] = {
    let mut names = [""; VARIABLES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = VARIABLES[index].name;
        index += 1;
    }
    names
};

/// The annotations of a pod's service account that the incumbent's entries have the kubelet send.
pub const ANNOTATIONS: [Setting; 4] = [
    Setting::same(
        "JFrogExchange",
        "`\"true\"`, in these letters: the pod opts in to its own identity, and gets no other",
        "the node's identity",
    ),
    Setting::wider(
        "eks.amazonaws.com/role-arn",
        "the role of a pod that opts in",
        "the node's identity",
        "without `JFrogExchange` it takes the place of `aws_role_name`, and each such pull fails",
    ),
    Setting::without_effect(
        "azure.workload.identity/client-id",
        "no effect by environment: the pod's token itself is exchanged; `azureWorkloadIdentity` of a file reads it",
        "not used",
    ),
    Setting::without_effect(
        "iam.gke.io/gcp-service-account",
        "no effect: the pod's token itself is exchanged",
        "not used, though the chart requires it",
    ),
];
