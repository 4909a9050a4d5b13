//! The known word that a misspelt one is nearest to.

/// The nearest of some known words, if it is near enough to be what was meant: a slip for each four letters, three at
/// most. Case is a slip that counts for nothing, and two letters in the wrong order are one.
pub(crate) fn similar<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let slips = (word.len() / 4).clamp(1, 3);
    let lower = word.to_ascii_lowercase();
    let distance = |known: &str| strsim::osa_distance(&lower, &known.to_ascii_lowercase());
    let near = known.into_iter().filter(|known| *known != word).map(|known| (distance(known), known));
    near.filter(|(distance, _)| *distance <= slips).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["matchImages", "artifactoryUrl", "tls", "identity", "identities", "oidcProvider", "static"];
        for (word, meant) in [
            ("identty", Some("identity")),
            ("idenitty", Some("identity")),
            ("match_images", Some("matchImages")),
            ("matchimages", Some("matchImages")),
            ("artifactoryURL", Some("artifactoryUrl")),
            ("tsl", Some("tls")),
            ("oidc", None),
            ("password", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(similar(word, keys), meant, "{word}");
        }
        assert_eq!(similar("artifactory_ulr", ["artifactory_url"]), Some("artifactory_url"));
        assert_eq!(similar("ARTIFACTORY_URL", ["artifactory_url"]), Some("artifactory_url"));
        assert_eq!(similar("AzureGermanCloud", ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"]), None);
    }
}
