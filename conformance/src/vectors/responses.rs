//! Vectors of `response`: what a kubelet makes of standard output.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::outcome::Outcome;
use crate::kubelet::{ApiVersion, CredentialProviderResponse, Decoded, Decoding, ResponseError};

#[derive(Deserialize)]
struct Vector {
    stdout: String,
    expected_api_version: String,
    decodes_ge_1_32: Option<bool>,
    decodes_le_1_31: Option<bool>,
    usable_ge_1_32: Option<bool>,
    detail_strict: Option<String>,
    detail_lenient: Option<String>,
}

pub(super) fn outcome(entry: &Value) -> Outcome {
    Outcome::read(entry, |vector: Vector| {
        let Some(version) = ApiVersion::parse(&vector.expected_api_version) else {
            return Outcome::skipped(&format!("`{}` is no version", vector.expected_api_version));
        };
        let decoded = |decoding| Decoded::parse(vector.stdout.as_bytes(), version, decoding);
        let (strict, lenient) = (decoded(Decoding::Strict), decoded(Decoding::Lenient));
        let usable = strict.clone().and_then(CredentialProviderResponse::try_from);
        let flags = [
            flag("decodes_ge_1_32", vector.decodes_ge_1_32, &strict),
            flag("decodes_le_1_31", vector.decodes_le_1_31, &lenient),
            flag("usable_ge_1_32", vector.usable_ge_1_32, &usable),
        ];
        let details = [(vector.detail_strict, strict), (vector.detail_lenient, lenient)];
        let details = details.into_iter().filter_map(|(expected, got)| detail(&expected?, &got));
        Outcome::of(&vector.stdout, flags.into_iter().flatten().chain(details))
    })
}

fn flag<T>(name: &str, expected: Option<bool>, got: &Result<T, ResponseError>) -> Option<(String, String)> {
    let expected = expected?;
    let reason = match got {
        Err(error) if expected => format!(": {error}"),
        _ => String::new(),
    };
    Some((format!("{name}: {expected}"), format!("{name}: {}{reason}", got.is_ok())))
}

/// What is expected in detail, as far as it does not depend on who wrote the decoder.
fn detail(expected: &str, got: &Result<Decoded, ResponseError>) -> Option<(String, String)> {
    let shown = match got {
        Ok(decoded) => fields(decoded),
        Err(error) => problem(error),
    };
    let expected = if expected.starts_with("OK ") {
        expected_fields(expected)?
    } else {
        let (class, rest) = expected.strip_prefix("ERR ")?.split_once(": ").unwrap_or((&expected[4..], ""));
        match class {
            "strict" => format!("strict: {}", rest.trim_matches(['[', ']'])),
            "fatal" => "fatal".to_owned(),
            "interpret" if rest.starts_with("invalid character") || rest.starts_with("unexpected end") => {
                format!("interpret: {rest}")
            }
            other if other.starts_with("apiVersion mismatch") || other == "missing kind" => other.trim().to_owned(),
            _ => return None,
        }
    };
    Some((expected, shown))
}

fn problem(error: &ResponseError) -> String {
    match error {
        ResponseError::NotOneObject { cause, .. } => {
            format!("interpret: {}", cause.trim_start_matches("couldn't get version/kind; json parse error: "))
        }
        ResponseError::ApiVersion { got, .. } => format!("apiVersion mismatch {got}").trim().to_owned(),
        ResponseError::Kind(kind) if kind.is_empty() => "missing kind".to_owned(),
        ResponseError::Field(problem) if problem.starts_with("unknown") || problem.starts_with("duplicate") => {
            format!("strict: {problem}")
        }
        _ => "fatal".to_owned(),
    }
}

type Auth = BTreeMap<String, BTreeMap<String, String>>;

fn fields(decoded: &Decoded) -> String {
    let duration = decoded.cache_duration.map_or("nil".to_owned(), |duration| duration.to_string());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let auth: Auth = decoded
        .auth
        .iter()
        .map(|(key, auth)| {
            let fields = [pair("username", &auth.username), pair("password", &auth.password)];
            (key.clone(), fields.into_iter().collect())
        })
        .collect();
    format!("cacheKeyType={:?} cacheDuration={duration} auth={auth:?}", decoded.cache_key_type)
}

/// The same text from what is expected; no `auth` is an empty one.
fn expected_fields(expected: &str) -> Option<String> {
    let (head, auth) = expected.strip_prefix("OK ")?.split_once(" auth=")?;
    let auth: Option<Auth> = serde_json::from_str(auth).ok()?;
    let (head, key_type) = (head.split_once(" cacheDuration=")?, head.split_once('=')?.1);
    let key_type: String = serde_json::from_str(key_type.split(" cacheDuration=").next()?).ok()?;
    Some(format!("cacheKeyType={key_type:?} cacheDuration={} auth={:?}", head.1, auth.unwrap_or_default()))
}
