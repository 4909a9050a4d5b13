//! What the kubelet makes of standard output.

use super::Reasons;
use crate::demo::lifetime::Lifetime;
use crate::kubelet::{
    CacheKeyType, CredentialProviderResponse, GoDuration, Keyring, KubeletVersion, RegistryAuth, registry_of,
};
use crate::run::attempt::Attempt;
use crate::run::case::{Answer, Expect, Kept};
use crate::run::facts::{Facts, UnknownFact};

/// Judges the answer.
pub(super) fn judge(
    reasons: &mut Reasons,
    attempt: &Attempt,
    expect: &Expect,
    facts: &Facts,
    now: i64,
) -> Result<(), UnknownFact> {
    if expect.answer == Answer::Nothing {
        let length = attempt.stdout().len();
        reasons.expect(length == 0, || format!("standard output has {length} bytes and not none"));
    }
    if matches!(expect.answer, Answer::Credential | Answer::Declines | Answer::Taken) {
        taken(reasons, attempt, expect);
    }
    let used = attempt.response.as_ref().ok().filter(|_response| attempt.exited_well());
    let found = used.and_then(|response| credential(response, &attempt.image));
    if expect.answer == Answer::Credential && used.is_some() {
        of_credential(reasons, attempt, found.as_ref());
    }
    if matches!(expect.answer, Answer::Declines | Answer::NoCredential) {
        reasons.expect(found.is_none(), || format!("the kubelet finds a credential for `{}`", attempt.image));
    }
    let Some(response) = used else { return Ok(()) };
    not_echoed(reasons, attempt, response);
    for image in &expect.opens {
        let image = facts.render(image)?;
        reasons.expect(credential(response, &image).is_some(), || format!("no auth key matches `{image}`"));
    }
    for image in &expect.spares {
        let image = facts.render(image)?;
        reasons.expect(credential(response, &image).is_none(), || format!("an auth key matches `{image}`"));
    }
    if expect.covers_scope {
        covers_scope(reasons, response, &attempt.image);
    }
    if let (Some(user), Some(auth)) = (&expect.user, &found) {
        reasons
            .expect(auth.username == *user, || format!("the credential is `{}`'s and not `{user}`'s", auth.username));
    }
    let key_type = response.cache_key_type.as_str();
    let is_so = expect.cache_key_type.is_empty() || expect.cache_key_type.iter().any(|it| it == key_type);
    reasons
        .expect(is_so, || format!("cacheKeyType is `{key_type}` and not `{}`", expect.cache_key_type.join("` or `")));
    if let Some(kept) = &expect.kept {
        of_duration(reasons, response, kept, found.as_ref(), now);
    }
    Ok(())
}

/// The kubelets that the case names take what is on standard output; any does where it names none.
///
/// So a mistake that only strict kubelets mind fails the cases about them, and not every other one as well.
fn taken(reasons: &mut Reasons, attempt: &Attempt, expect: &Expect) {
    if attempt.run.is_none() || !attempt.exited_well() {
        return;
    }
    if let Err(error) = &attempt.response {
        reasons.expect(false, || format!("every kubelet throws the answer away: {error}"));
        return;
    }
    let refusal = |version: &KubeletVersion| {
        CredentialProviderResponse::parse(attempt.stdout(), attempt.version, version.decoding()).err()
    };
    let refusing: Vec<_> = expect.kubelets.iter().filter_map(|version| Some((version, refusal(version)?))).collect();
    if let Some((_, error)) = refusing.first() {
        let versions: Vec<_> = refusing.iter().map(|(version, _)| version.to_string()).collect();
        reasons.expect(false, || format!("kubelets {} throw the answer away: {error}", versions.join(", ")));
    }
}

fn of_credential(reasons: &mut Reasons, attempt: &Attempt, found: Option<&RegistryAuth>) {
    reasons.expect(found.is_some(), || format!("the kubelet finds no credential for `{}`", attempt.image));
    if let Some(auth) = found {
        let complete = !auth.username.is_empty() && !auth.password.is_empty();
        reasons.expect(complete, || "the username or the password is empty".to_owned());
    }
}

/// Kubelets since 1.34 refuse an answer with the pod's own token, unless the entry has `cacheType: Token`.
fn not_echoed(reasons: &mut Reasons, attempt: &Attempt, response: &CredentialProviderResponse) {
    let Some(token) = &attempt.token else { return };
    let is_echo = response.auth.values().any(|auth| auth.password == *token);
    reasons.expect(!is_echo, || "a password is the service account token itself".to_owned());
}

/// A kept answer is used for every image of its scope, and its auth keys are asked only then.
fn covers_scope(reasons: &mut Reasons, response: &CredentialProviderResponse, image: &str) {
    if response.auth.is_empty() {
        return;
    }
    let registry = registry_of(image);
    let probes = match response.cache_key_type {
        CacheKeyType::Image => vec![image.to_owned()],
        CacheKeyType::Registry | CacheKeyType::Global => {
            ["a", "docker-local/other", "a/b/c/d"].map(|path| format!("{registry}/{path}")).to_vec()
        }
    };
    for probe in probes {
        reasons.expect(credential(response, &probe).is_some(), || {
            let scope = response.cache_key_type.as_str();
            format!("the answer is kept by `{scope}`, but no auth key matches `{probe}`")
        });
    }
}

fn of_duration(
    reasons: &mut Reasons,
    response: &CredentialProviderResponse,
    kept: &Kept,
    found: Option<&RegistryAuth>,
    now: i64,
) {
    let Some(duration) = response.cache_duration else {
        reasons
            .expect(kept.may_be_unsaid, || "there is no cacheDuration, so that the entry's default counts".to_owned());
        return;
    };
    if let Some(least) = kept.at_least {
        reasons.expect(duration >= least, || format!("cacheDuration is {duration}, less than {least}"));
    }
    if let Some(most) = kept.at_most {
        reasons.expect(duration <= most, || format!("cacheDuration is {duration}, more than {most}"));
    }
    if kept.less_than_life {
        let life = found.and_then(|auth| Lifetime::of(&auth.password, now)).map(|it| GoDuration::from_secs(it.left));
        if let Some(life) = life {
            reasons
                .expect(duration <= life, || format!("cacheDuration is {duration}, but the credential ends in {life}"));
        }
    }
}

/// The first credential that a pull of an image tries.
pub(super) fn credential(response: &CredentialProviderResponse, image: &str) -> Option<RegistryAuth> {
    let mut keyring = Keyring::new(KubeletVersion::NEWEST.go());
    keyring.add(response.auth.iter().map(|(key, auth)| (key.as_str(), auth.clone())));
    keyring.look_up(image).first().map(|(_key, auth)| (*auth).clone())
}
