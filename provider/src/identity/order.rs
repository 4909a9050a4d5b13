//! Which of a route's identities is asked for a pull, and why the others are not.

use super::{IdentityError, IdentitySource, PassedOver, Proof, annotation, token};
use crate::config::Network;
use crate::kubelet::Workload;
use crate::secret::quote_foreign;
use crate::time::Deadline;

/// How the identities of a route follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdentityOrder {
    /// A pull with a pod's token is for the pod's own identities: the node's are kept from it. The first that applies is asked,
    /// and its failure is final.
    Strict,
    /// The first that applies is asked, the node's for a pod as well, and its failure is final.
    #[default]
    FirstThatApplies,
    /// One that fails is passed over too, and the next one is asked.
    FirstThatWorks,
}

/// The words of [`IdentityOrder`] in the configuration.
pub const IDENTITY_ORDERS: &str = "strict, firstThatApplies, firstThatWorks";

/// The annotation by which a service account chooses among the identities of the route. Its value is an identity's name.
pub const CHOICE: &str = "artifactory-credential-provider/identity";

/// Whose rights an identity stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The node's, the same for every pod on it.
    Node,
    /// The pod's own.
    Pod,
}

/// A proof, and who might have given one before it.
#[derive(Debug)]
pub struct Proved<'route> {
    /// The proof.
    pub proof: Proof<'route>,
    /// Who gave it.
    pub asked: Asked,
}

/// Which identity was asked for a pull, and why not those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name in the configuration.
    pub identity: &'static str,
    /// Whose rights it stands for.
    pub subject: Subject,
    /// Who pulls: the pod where the kubelet sent its token, else the node.
    pub puller: Subject,
    /// The identities before it, each with the reason for passing it over.
    pub passed_over: Vec<String>,
}

impl IdentityOrder {
    /// Reads one of [`IDENTITY_ORDERS`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Strict, Self::FirstThatApplies, Self::FirstThatWorks].into_iter().find(|order| order.as_str() == word)
    }

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::FirstThatApplies => "firstThatApplies",
            Self::FirstThatWorks => "firstThatWorks",
        }
    }

    /// Has one of the identities proved, as the order says. A pod chooses among them by annotation, and adds none.
    ///
    /// # Errors
    /// When none applies, when the one that is asked fails, or when the pod chooses one that the route does not have.
    pub async fn prove<'route>(
        self,
        sources: &'route [IdentitySource],
        workload: Option<&Workload>,
        network: &Network,
        deadline: Deadline,
    ) -> Result<Proved<'route>, IdentityError> {
        let choice = choice(sources, workload)?;
        let mut passed_over = Vec::new();
        let mut failure = None;
        let span = tracing::Span::current();
        for (place, source) in sources.iter().enumerate() {
            let mut pass_over = |reason: String| {
                passed_over.push(format!("{}: {reason}", source.name()));
                span.record("credential_provider.identity_passed_over", passed_over.join("; "));
            };
            if let Err(reason) = self.admits(source, choice, workload) {
                pass_over(reason.to_string());
                continue;
            }
            let deadline = match self {
                Self::FirstThatWorks => deadline.share(sources.len() - place),
                Self::Strict | Self::FirstThatApplies => deadline,
            };
            span.record("credential_provider.identity_source", source.name());
            match source.prove(workload, network, deadline).await {
                Ok(proof) => {
                    let puller = if token(workload).is_ok() { Subject::Pod } else { Subject::Node };
                    let asked = Asked { identity: source.name(), subject: source.subject(), puller, passed_over };
                    return Ok(Proved { proof, asked });
                }
                Err(error) if self == Self::FirstThatWorks => {
                    pass_over(whole(&error));
                    failure = Some((place, source.name(), error));
                }
                Err(error) => return Err(error),
            }
        }
        Err(match failure {
            Some((_, _, only)) if passed_over.len() == 1 => only,
            Some((place, identity, last)) => {
                passed_over.remove(place);
                IdentityError::NoneWorks { reasons: passed_over, identity, last: Box::new(last) }
            }
            None => IdentityError::NoneApplies { reasons: passed_over },
        })
    }

    fn admits(
        self,
        source: &IdentitySource,
        choice: Option<&str>,
        workload: Option<&Workload>,
    ) -> Result<(), PassedOver> {
        if choice.is_some_and(|name| name != source.name()) {
            return Err(PassedOver::NotChosen);
        }
        if self == Self::Strict && source.subject() == Subject::Node && token(workload).is_ok() {
            return Err(PassedOver::KeptFromPods);
        }
        source.applies_to(workload)
    }
}

/// The identity that the pod chooses, if it chooses one.
fn choice<'w>(sources: &[IdentitySource], workload: Option<&'w Workload>) -> Result<Option<&'w str>, IdentityError> {
    let Some(name) = annotation(workload, CHOICE) else { return Ok(None) };
    let offered: Vec<_> = sources.iter().map(IdentitySource::name).collect();
    if offered.contains(&name) {
        return Ok(Some(name));
    }
    Err(IdentityError::NotOffered { choice: quote_foreign(name), offered: offered.join(", ") })
}

/// An error and its causes in one line.
fn whole(error: &IdentityError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{aws, gcp};

    fn sources() -> [IdentitySource; 2] {
        let caller = aws::CallerIdentity { region: None, token_lifetime: std::time::Duration::from_secs(60) };
        let pod = IdentitySource::AwsPodIdentity(aws::PodIdentity { caller: caller.clone() });
        [pod, IdentitySource::AwsInstanceRole(aws::InstanceRole { role_name: None, caller })]
    }

    fn pod(annotations: &[(&str, &str)]) -> Workload {
        let annotations = annotations.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let service_account_token = Some(crate::secret::Secret::new("token".to_owned()));
        Workload { service_account_token, annotations }
    }

    #[test]
    fn words_are_read_exactly() {
        for word in IDENTITY_ORDERS.split(", ") {
            assert_eq!(IdentityOrder::parse(word).expect(word).as_str(), word);
        }
        assert_eq!(IdentityOrder::parse("Strict"), None);
    }

    #[test]
    fn a_strict_route_keeps_the_nodes_identities_from_pods_and_from_nobody_else() {
        let [own, node] = sources();
        let pod = pod(&[]);
        let admits = |order: IdentityOrder, source, workload| order.admits(source, None, workload);
        assert_eq!(admits(IdentityOrder::Strict, &own, Some(&pod)), Ok(()));
        assert_eq!(admits(IdentityOrder::Strict, &node, Some(&pod)), Err(PassedOver::KeptFromPods));
        assert_eq!(admits(IdentityOrder::Strict, &node, None), Ok(()));
        for order in [IdentityOrder::FirstThatApplies, IdentityOrder::FirstThatWorks] {
            assert_eq!(admits(order, &node, Some(&pod)), Ok(()));
            assert_eq!(admits(order, &own, None), Err(PassedOver::NoToken));
        }
    }

    #[test]
    fn a_pod_chooses_among_the_routes_identities_and_adds_none() {
        let sources = sources();
        let chosen = |name| choice(&sources, Some(&pod(&[(CHOICE, name)]))).map(|choice| choice.map(str::to_owned));
        assert_eq!(chosen("awsInstanceRole").expect("a choice").as_deref(), Some("awsInstanceRole"));
        assert_eq!(chosen("").expect("no choice"), None);
        let refused = chosen("azureManagedIdentity").expect_err("not of this route");
        assert!(
            matches!(&refused, IdentityError::NotOffered { offered, .. } if offered == "awsPodIdentity, awsInstanceRole"),
            "{refused}"
        );
        let admitted = |order: IdentityOrder| order.admits(&sources[1], Some("awsInstanceRole"), Some(&pod(&[])));
        assert_eq!(admitted(IdentityOrder::FirstThatApplies), Ok(()));
        assert_eq!(admitted(IdentityOrder::Strict), Err(PassedOver::KeptFromPods), "a choice is no right");
    }

    #[test]
    fn a_token_file_speaks_for_the_node_and_the_kubelets_token_for_the_pod() {
        let subject = |subject_token| {
            let name = "projects/1/locations/global/workloadIdentityPools/pool/providers/provider";
            let identity = gcp::WorkloadIdentity {
                subject_token,
                pool_provider: gcp::PoolProvider::parse(name).expect("a provider"),
                target: gcp::Target { service_account: "a@b".to_owned(), delegates: Vec::new() },
                audience: "artifactory".to_owned(),
                provider: crate::artifactory::OidcProvider::named("google"),
            };
            IdentitySource::GcpWorkloadIdentity(identity).subject()
        };
        assert_eq!(subject(gcp::SubjectToken::Pod), Subject::Pod);
        assert_eq!(subject(gcp::SubjectToken::File("/token".into())), Subject::Node);
    }
}
