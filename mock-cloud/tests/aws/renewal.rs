//! Role credentials in the course of time.

use mock_cloud::aws::AwsWorld;
use mock_cloud::aws::world::Renewal;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::instance::Instance;

/// Seconds since 1970.
pub(crate) fn unix(time: &str) -> i64 {
    OffsetDateTime::parse(time, &Rfc3339).unwrap().unix_timestamp()
}

fn seconds_left(instance: &Instance, credentials: &serde_json::Value) -> i64 {
    unix(credentials["Expiration"].as_str().unwrap()) - instance.kit.clock.unix()
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_live_for_six_hours_and_are_renewed_before_they_end() {
    let instance = Instance::start(AwsWorld::default()).await;
    let first = instance.credentials();
    let left = seconds_left(&instance, &first);
    assert!((21_700..=21_720).contains(&left), "{left}");
    instance.advance(6 * 3600 - 240);
    assert_eq!(instance.credentials(), first);
    instance.advance(120);
    let second = instance.credentials();
    assert_ne!(second["AccessKeyId"], first["AccessKeyId"]);
    assert_ne!(second["Token"], first["Token"]);
    assert!(seconds_left(&instance, &second) > 21_700);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_says_how_long_credentials_live() {
    let instance = Instance::start(AwsWorld { credentials_lifetime_seconds: 20, ..AwsWorld::default() }).await;
    let left = seconds_left(&instance, &instance.credentials());
    assert!((10..=20).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_serves_credentials_beyond_their_end() {
    let instance = Instance::start(AwsWorld { renewal: Renewal::Never, ..AwsWorld::default() }).await;
    let first = instance.credentials();
    instance.advance(7 * 3600);
    let stale = instance.credentials();
    assert_eq!(stale, first);
    assert!(seconds_left(&instance, &stale) < 0);
}
