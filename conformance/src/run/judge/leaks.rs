//! No secret is where it may not be: held against every pull of every case.

use super::Reasons;
use crate::demo::secrets::Secrets;
use crate::run::attempt::Attempt;
use crate::run::case::Service;

/// Judges where secrets went.
pub(super) fn leaks(reasons: &mut Reasons, attempt: &Attempt, secrets: &Secrets) {
    let none = |reasons: &mut Reasons, found: usize, words: &str| {
        reasons.expect(found == 0, || format!("{words}: {found} found"));
    };
    none(reasons, secrets.in_text(&attempt.stderr()), "standard error holds a secret");
    let at = |service| attempt.asked.iter().filter(move |(it, _)| *it == service).map(|(_, request)| request);
    let (cloud, artifactory): (Vec<_>, Vec<_>) = (at(Service::Cloud).collect(), at(Service::Artifactory).collect());
    let astray = cloud.iter().map(|request| secrets.astray_at_cloud(request)).sum();
    none(reasons, astray, "a request to the cloud holds a credential of Artifactory");
    let astray = artifactory.iter().map(|request| secrets.astray_at_artifactory(request)).sum();
    none(reasons, astray, "a request to Artifactory holds a secret that stays with the cloud");
    let astray = cloud.iter().chain(&artifactory).map(|request| secrets.keys_in(request)).sum();
    none(reasons, astray, "a request holds a secret access key");
    let astray = cloud.iter().chain(&artifactory).map(|request| secrets.astray_clients(request)).sum();
    none(reasons, astray, "a request beside its token endpoint holds the secret of a Cognito client");
    let in_url = |request: &&&mock_kit::Recorded| secrets.in_text(&format!("{}?{}", request.path, request.query));
    let astray = cloud.iter().chain(&artifactory).map(|request| in_url(&request)).sum();
    none(reasons, astray, "the address of a request holds a secret");
}
