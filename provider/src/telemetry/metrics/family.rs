//! The families of metrics, and how their names end in the text.
//!
//! Names and units are as the Prometheus documentation has them, "Metric and label naming".

/// Metrics of one name.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// The limits of a histogram's buckets; a counter has none.
    pub(super) limits: &'static [f64],
}

/// Every family, in the order in which they are written.
pub(super) const FAMILIES: [&Family; 5] = [&PULLS, &DURATION, &TOKEN_LIFETIME, &RETRIES, &UNCOUNTED];

pub(super) static PULLS: Family = Family {
    name: "credential_provider_pulls_total",
    help: "Pulls that the kubelet asked a credential for.",
    limits: &[],
};

/// From a cached answer of a service to the kubelet's minute.
pub(super) static DURATION: Family = Family {
    name: "credential_provider_duration_seconds",
    help: "How long a pull and its steps took.",
    limits: &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0],
};

/// From five minutes to a day.
pub(super) static TOKEN_LIFETIME: Family = Family {
    name: "credential_provider_token_lifetime_seconds",
    help: "How long the credentials that Artifactory gave are good for.",
    limits: &[300.0, 900.0, 1800.0, 3600.0, 7200.0, 18000.0, 43200.0, 86400.0],
};

pub(super) static RETRIES: Family =
    Family { name: "credential_provider_retries_total", help: "Requests that were sent again.", limits: &[] };

pub(super) static UNCOUNTED: Family = Family {
    name: "credential_provider_uncounted_pulls_total",
    help: "Pulls that are in no other number here: the spool was full or spoiled, or this file could not be written.",
    limits: &[],
};

impl Family {
    /// How a name of this family goes on after the family's; `None` where it is none of its names.
    pub(super) fn part<'n>(&self, name: &'n str) -> Option<&'n str> {
        let names: &[_] = if self.limits.is_empty() { &[""] } else { &["_bucket", "_sum", "_count"] };
        name.strip_prefix(self.name).filter(|part| names.contains(part))
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.limits.is_empty() { "counter" } else { "histogram" }
    }
}
