//! What each built-in profile of faults does to whoever asks.

use crate::command::{Ended, User, script};

/// Asks for each URL, and prints status and exit code of each answer.
fn asked(urls: &[&str], times: usize) -> String {
    let ask = |url: &&str| {
        format!("for n in {}; do curl -gsS -m 1 -o /dev/null -w '%{{http_code}} ' '{url}' 2>/dev/null; done; echo; ", {
            (1..=times).map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
        })
    };
    urls.iter().map(ask).collect()
}

const METADATA: [&str; 3] = [
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.169.254/metadata/instance",
    "http://169.254.169.254/computeMetadata/v1/",
];

fn with(user: User, profile: &str, text: &str) -> Ended {
    script(user, &["--fault", profile], text)
}

#[test]
fn silent_metadata_services_take_connections_and_answer_nothing() {
    for user in User::all() {
        let urls = [&METADATA[..], &["https://sts.us-east-1.amazonaws.com/"]].concat();
        assert_eq!(with(user, "imds-silent", &asked(&urls, 1)).stdout, "000 \n000 \n000 \n302 \n", "{user:?}");
        let code = format!("curl -sS -m 1 {} 2>/dev/null; echo $?", METADATA[0]);
        assert_eq!(with(user, "imds-silent", &code).stdout, "28\n", "{user:?}: it timed out");
    }
}

#[test]
fn throttled_metadata_services_turn_two_requests_away() {
    for user in User::all() {
        let ended = with(user, "imds-throttled", &asked(&METADATA, 3));
        // The third has the status of a request that lacks the header which each of them wants.
        assert_eq!(ended.stdout, "503 503 401 \n429 429 400 \n503 503 403 \n", "{user:?}: {ended:?}");
    }
}

#[test]
fn metadata_behind_a_hop_too_many_answers_what_is_not_put() {
    for user in User::all() {
        let put = "curl -sS -m 1 -X PUT http://169.254.169.254/latest/api/token 2>/dev/null; echo $?; ";
        let ended = with(user, "imds-hop-limit", &format!("{put}{}", asked(&METADATA, 1)));
        assert_eq!(ended.stdout, "28\n401 \n400 \n403 \n", "{user:?}: {ended:?}");
    }
}

/// The token that a pod of the world has for Entra ID, and an exchange of it.
const EXCHANGE: &str = r#"
assertion=$(curl -sS "$LAB_CLOUD/__mock/kubernetes/serviceaccounts/default/app/token" \
    -d '{"audiences": ["api://AzureADTokenExchange"]}' | sed 's/.*"token": *"\([^"]*\)".*/\1/')
exchange() {
    curl -sS https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token \
        -d grant_type=client_credentials -d client_id=44444444-5555-4666-8777-888888888888 \
        -d scope=44444444-5555-4666-8777-888888888888/.default \
        -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
        --data-urlencode "client_assertion=$assertion" | grep -oE 'AADSTS[0-9]+|"access_token"' | sort -u | tr '\n' ' '
}
exchange; exchange; exchange
"#;

#[test]
fn entra_id_has_not_seen_a_federated_credential_at_first() {
    for user in User::all() {
        let ended = with(user, "entra-propagation-lag", EXCHANGE);
        assert_eq!(ended.stdout, "AADSTS70021 AADSTS700213 \"access_token\" ", "{user:?}: {ended:?}");
        assert_eq!(script(user, &[], EXCHANGE).stdout, "\"access_token\" ".repeat(3), "{user:?}");
    }
}
