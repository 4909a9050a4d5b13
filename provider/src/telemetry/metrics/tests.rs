use super::*;
use crate::telemetry::record::Pull;

const PULL: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
    {"spanId":"0000000000000003","parentSpanId":"0000000000000002","name":"POST",
     "startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[
     {"key":"http.request.resend_count","value":{"intValue":"1"}}]},
    {"spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"exchange",
     "startTimeUnixNano":"1000000000","endTimeUnixNano":"1040000000","attributes":[
     {"key":"credential_provider.token_lifetime","value":{"intValue":"3600"}}]},
    {"spanId":"0000000000000004","parentSpanId":"0000000000000001","name":"identity","attributes":[
     {"key":"credential_provider.identity_source","value":{"stringValue":"gcpMetadata"}}]},
    {"spanId":"0000000000000001","name":"pull","startTimeUnixNano":"1000000000","endTimeUnixNano":"2000000000",
     "attributes":[{"key":"credential_provider.outcome","value":{"stringValue":"answered"}}]}
    ]}]}]}"#;

fn counted(pulls: usize) -> Metrics {
    let pull = Pull::parse(PULL.as_bytes()).expect("a pull");
    let mut metrics = Metrics::default();
    for _ in 0..pulls {
        metrics.count(&Summary::of(&pull));
    }
    metrics
}

fn value(metrics: &Metrics, series: &str) -> Option<String> {
    let text = metrics.to_string();
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned))
}

#[test]
fn a_pull_is_counted_in_every_family() {
    let metrics = counted(2);
    for (series, expected) in [
        ("credential_provider_pulls_total{route=\"none\",identity_source=\"gcpMetadata\",outcome=\"answered\"}", "2"),
        ("credential_provider_duration_seconds_bucket{step=\"exchange\",le=\"0.025\"}", "0"),
        ("credential_provider_duration_seconds_bucket{step=\"exchange\",le=\"0.05\"}", "2"),
        ("credential_provider_duration_seconds_bucket{step=\"pull\",le=\"0.5\"}", "0"),
        ("credential_provider_duration_seconds_bucket{step=\"pull\",le=\"1\"}", "2"),
        ("credential_provider_duration_seconds_bucket{step=\"pull\",le=\"+Inf\"}", "2"),
        ("credential_provider_duration_seconds_sum{step=\"pull\"}", "2"),
        ("credential_provider_duration_seconds_count{step=\"identity\"}", "2"),
        ("credential_provider_token_lifetime_seconds_bucket{le=\"1800\"}", "0"),
        ("credential_provider_token_lifetime_seconds_bucket{le=\"3600\"}", "2"),
        ("credential_provider_token_lifetime_seconds_sum", "7200"),
        ("credential_provider_retries_total{step=\"exchange\"}", "2"),
        ("credential_provider_retries_total{step=\"identity\"}", "0"),
        ("credential_provider_uncounted_pulls_total", "0"),
    ] {
        assert_eq!(value(&metrics, series).as_deref(), Some(expected), "{series} in {metrics}");
    }
}

#[test]
fn counting_goes_on_from_what_was_written() {
    let mut metrics = counted(1);
    metrics.miss(3);
    assert_eq!(Metrics::parse(&metrics.to_string()), metrics);
    let mut both = Metrics::parse(&metrics.to_string());
    both.count(&Summary::of(&Pull::parse(PULL.as_bytes()).expect("a pull")));
    both.miss(1);
    let mut expected = counted(2);
    expected.miss(4);
    assert_eq!(both, expected);
}

#[test]
fn lines_that_say_nothing_known_are_passed_over() {
    for text in [
        "",
        "\u{0}",
        "node_load1 1",
        "credential_provider_pulls_total",
        "credential_provider_pulls_total{route=\"1\" 3",
        "credential_provider_pulls_total_sum 3",
        "credential_provider_uncounted_pulls_total many",
        "credential_provider_duration_seconds 3",
    ] {
        assert_eq!(Metrics::parse(text), Metrics::default(), "{text}");
    }
}

#[test]
fn labels_beyond_the_limit_are_counted_as_other() {
    let mut metrics = Metrics::default();
    for place in 0..MOST + 7 {
        metrics.add(&PULLS, &[("route", &place.to_string()), ("identity_source", "a\\\"\n"), ("outcome", "failed")], 1);
    }
    let other = "credential_provider_pulls_total{route=\"other\",identity_source=\"other\",outcome=\"other\"}";
    assert_eq!(value(&metrics, other).as_deref(), Some("7"));
    let again = Metrics::parse(&metrics.to_string());
    assert_eq!(again, metrics);
    assert_eq!(metrics.to_string().matches("\ncredential_provider_pulls_total{").count(), MOST + 1);
}
