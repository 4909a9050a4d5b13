//! What is worth saying beside an answer or a failure.
//!
//! The kubelet shows stderr only when a provider fails, and drops it otherwise. So a warning is read by whoever runs the
//! program by hand, and changes nothing for a pull.

use std::fmt::Write as _;
use std::time::Duration;

use crate::access::Access;
use crate::answer::Answer;
use crate::artifactory::ArtifactoryUrl;
use crate::config::{Config, Route};
use crate::identity::{Asked, Subject};
use crate::image::ImageRef;
use crate::kubelet::{CredentialProviderRequest, CredentialProviderResponse};

/// A credential that is kept for less than this is asked for again by nearly every pull.
const SHORT: Duration = Duration::from_mins(1);

/// What is worth saying beside an answer, each with its hint; empty when there is nothing.
#[must_use]
pub fn about(answer: &Answer) -> String {
    let passed_over = answer.asked.as_ref().map(passed_over).unwrap_or_default();
    passed_over + &short_life(&answer.response)
}

/// The identities that might have spoken for a pod, so that it never gets another one's rights unsaid.
fn passed_over(asked: &Asked) -> String {
    let Asked { identity, subject, puller: Subject::Pod, passed_over } = asked else { return String::new() };
    let hint = match subject {
        Subject::Node => "`identityOrder: strict` keeps the node's identities from pods",
        Subject::Pod if passed_over.is_empty() => return String::new(),
        Subject::Pod => "the service account's annotations and the order of the route's identities decide",
    };
    let whose = if *subject == Subject::Node { "the node's " } else { "" };
    let mut note = format!("note: the pod's pull got {whose}`{identity}`\n");
    for reason in passed_over {
        let _ = writeln!(note, "  passed over {reason}");
    }
    let _ = writeln!(note, "  hint: {hint}");
    note
}

/// The warning about a short life.
///
/// The usual reason is a mapping made by Terraform, whose tokens live for 60 seconds unless it is told otherwise. Source:
/// jfrog/terraform-provider-platform, `resource_oidc_identity_mapping.go`.
fn short_life(response: &CredentialProviderResponse) -> String {
    if response.auth.is_empty() || response.cache_duration >= SHORT {
        return String::new();
    }
    format!(
        "warning: the kubelet may keep this credential for {} s only\n  hint: raise `expires_in` in the token_spec of \
         Artifactory's identity mapping (Terraform's default is 60 s), or take a static token with a longer life\n",
        response.cache_duration.as_secs()
    )
}

/// The warning about a route whose Artifactory is asked in the clear, a line with its hint; empty for every other request.
#[must_use]
pub fn about_exposure(stdin: &[u8], config: &Config) -> String {
    exposed(stdin, config).map_or_else(String::new, |(place, address)| {
        format!(
            "warning: route {place} sends the proof of identity to `{address}` without TLS: whoever is on the way can read \
             it and the credential, and use both\n  hint: give Artifactory a certificate, write `https://` in \
             `artifactoryUrl` and remove `insecure`\n"
        )
    })
}

/// The place of the route, from 1, and its Artifactory. The request is read only where some route can be meant.
fn exposed(stdin: &[u8], config: &Config) -> Option<(usize, String)> {
    config.routes.iter().find_map(exposed_artifactory)?;
    let request = CredentialProviderRequest::parse(stdin).ok()?;
    let found = config.closest(&ImageRef::parse(&request.image).ok()?)?;
    Some((found.place, exposed_artifactory(found.route)?.to_string()))
}

fn exposed_artifactory(route: &Route) -> Option<&ArtifactoryUrl> {
    match &route.access {
        Access::Exchange { artifactory, .. } => Some(artifactory).filter(|artifactory| artifactory.is_exposed()),
        Access::Static(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::{ApiVersion, CacheKeyType, RegistryAuth};
    use crate::secret::Secret;

    fn answer(seconds: u64) -> CredentialProviderResponse {
        let auth = RegistryAuth { username: "u".to_owned(), password: Secret::new("hunter2".to_owned()) };
        CredentialProviderResponse {
            api_version: ApiVersion::V1,
            cache_key_type: CacheKeyType::Registry,
            cache_duration: Duration::from_secs(seconds),
            auth: [("acme.jfrog.io".to_owned(), auth)].into(),
        }
    }

    #[test]
    fn a_short_life_is_warned_about_and_no_secret_is_told() {
        assert!(short_life(&answer(59)).contains("for 59 s only") && short_life(&answer(0)).contains("for 0 s only"));
        assert!(!short_life(&answer(0)).contains("hunter2"));
    }

    #[test]
    fn a_pod_gets_nobodys_rights_unsaid() {
        let asked = |subject, puller, passed_over: &[&str]| {
            let passed_over = passed_over.iter().map(|&reason| reason.to_owned()).collect();
            super::passed_over(&Asked { identity: "awsInstanceRole", subject, puller, passed_over })
        };
        let nodes = asked(Subject::Node, Subject::Pod, &["awsPodIdentity: reason"]);
        assert!(
            nodes.contains("got the node's `awsInstanceRole`")
                && nodes.contains("  passed over awsPodIdentity: reason\n")
        );
        assert!(asked(Subject::Node, Subject::Pod, &[]).contains("strict"), "a route with the node's identity only");
        assert!(asked(Subject::Pod, Subject::Pod, &["a: b"]).contains("passed over a: b"));
        assert_eq!(asked(Subject::Pod, Subject::Pod, &[]), "");
        assert_eq!(
            asked(Subject::Node, Subject::Node, &["awsPodIdentity: no token"]),
            "",
            "a pull without a pod's token"
        );
    }

    #[test]
    fn a_minute_and_a_declined_pull_are_no_reason_to_warn() {
        assert_eq!(short_life(&answer(60)), "");
        assert_eq!(short_life(&CredentialProviderResponse::declining(ApiVersion::V1)), "");
    }
}
