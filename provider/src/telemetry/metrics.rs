//! What many pulls have come to, as Prometheus reads it.
//!
//! Source: Prometheus documentation, "Exposition formats", "Text-based format".

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::summary::Summary;

mod family;

use family::{DURATION, FAMILIES, Family, PULLS, RETRIES, TOKEN_LIFETIME, UNCOUNTED};

/// The most label sets of one family; what there is beyond is counted under [`OTHER`].
const MOST: usize = 100;
/// The value of every label of what is beyond [`MOST`].
const OTHER: &str = "other";

/// The numbers of all families.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Metrics(BTreeMap<&'static str, BTreeMap<String, Sample>>);

/// What was seen with one set of labels.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sample {
    /// How often.
    count: u64,
    /// Of a histogram, the sum of what was seen.
    sum: f64,
    /// Of a histogram, how often no more than each limit was seen.
    buckets: Vec<u64>,
}

impl Default for Metrics {
    /// What can be said without a pull: a counter that begins with its first event hides it from `rate`.
    fn default() -> Self {
        let mut metrics = Self(BTreeMap::new());
        metrics.add(&UNCOUNTED, &[], 0);
        for step in ["identity", "exchange"] {
            metrics.add(&RETRIES, &[("step", step)], 0);
        }
        metrics
    }
}

impl Metrics {
    /// Reads what was written; a line that says nothing known says nothing.
    pub(super) fn parse(text: &str) -> Self {
        let mut metrics = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            metrics.read(line);
        }
        metrics
    }

    /// Counts a pull.
    pub(super) fn count(&mut self, pull: &Summary<'_>) {
        let route = pull.route().map_or_else(|| "none".to_owned(), |place| place.to_string());
        let identity = pull.text("credential_provider.identity_source").unwrap_or("none");
        let outcome = pull.outcome().unwrap_or("none");
        self.add(&PULLS, &[("route", &route), ("identity_source", identity), ("outcome", outcome)], 1);
        for (step, length) in pull.lengths() {
            self.observe(&DURATION, &[("step", step)], length.as_secs_f64());
        }
        if let Some(lifetime) = pull.token_lifetime() {
            self.observe(&TOKEN_LIFETIME, &[], lifetime.as_secs_f64());
        }
        for step in pull.retries() {
            self.add(&RETRIES, &[("step", step)], 1);
        }
    }

    /// Counts pulls of which nothing else is known.
    pub(super) fn miss(&mut self, pulls: u64) {
        self.add(&UNCOUNTED, &[], pulls);
    }

    fn add(&mut self, family: &'static Family, labels: &[(&str, &str)], more: u64) {
        let sample = self.sample(family, &written(labels));
        sample.count = sample.count.saturating_add(more);
    }

    fn observe(&mut self, family: &'static Family, labels: &[(&str, &str)], value: f64) {
        let sample = self.sample(family, &written(labels));
        sample.count += 1;
        sample.sum += value;
        for (limit, bucket) in family.limits.iter().zip(&mut sample.buckets) {
            *bucket += u64::from(value <= *limit);
        }
    }

    fn sample(&mut self, family: &'static Family, labels: &str) -> &mut Sample {
        let samples = self.0.entry(family.name).or_default();
        let other = under_other(labels);
        let known = samples.len() - usize::from(samples.contains_key(&other));
        let is_beyond = known >= MOST && !samples.contains_key(labels);
        let labels = if is_beyond { other } else { labels.to_owned() };
        let empty = || Sample { buckets: vec![0; family.limits.len()], ..Sample::default() };
        samples.entry(labels).or_insert_with(empty)
    }

    fn read(&mut self, line: &str) -> Option<()> {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}')?;
        let family = FAMILIES.into_iter().find(|family| family.part(name).is_some())?;
        match family.part(name)? {
            "_bucket" => {
                let (labels, limit) = labels.rsplit_once("le=\"")?;
                let limit: f64 = limit.strip_suffix('"')?.parse().ok()?;
                // The last one is the count, which stands in a line of its own.
                let place = family.limits.iter().position(|known| known.total_cmp(&limit).is_eq())?;
                self.sample(family, labels.trim_end_matches(',')).buckets[place] = value.parse().ok()?;
            }
            "_sum" => self.sample(family, labels).sum = value.parse().ok()?,
            _ => self.sample(family, labels).count = value.parse().ok()?,
        }
        Some(())
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        for family in FAMILIES {
            let Some(samples) = self.0.get(family.name) else { continue };
            writeln!(text, "# HELP {} {}", family.name, family.help)?;
            writeln!(text, "# TYPE {} {}", family.name, family.kind())?;
            for (labels, sample) in samples {
                sample.write(text, family, labels)?;
            }
        }
        Ok(())
    }
}

impl Sample {
    fn write(&self, text: &mut fmt::Formatter<'_>, family: &Family, labels: &str) -> fmt::Result {
        let name = family.name;
        if family.limits.is_empty() {
            return writeln!(text, "{name}{} {}", braced(labels), self.count);
        }
        let before = if labels.is_empty() { String::new() } else { format!("{labels},") };
        for (limit, count) in family.limits.iter().zip(&self.buckets) {
            writeln!(text, "{name}_bucket{{{before}le=\"{limit}\"}} {count}")?;
        }
        writeln!(text, "{name}_bucket{{{before}le=\"+Inf\"}} {}", self.count)?;
        writeln!(text, "{name}_sum{} {}", braced(labels), self.sum)?;
        writeln!(text, "{name}_count{} {}", braced(labels), self.count)
    }
}

fn braced(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}

fn written(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{name}=\"{value}\"");
    }
    text
}

/// The same labels with other values. Quoted texts stand at the odd places between quotes that are not escaped.
fn under_other(labels: &str) -> String {
    let labels = labels.replace("\\\\", "").replace("\\\"", "");
    let names = labels.split('"').step_by(2).filter(|name| !name.is_empty());
    names.flat_map(|name| [name, "\"", OTHER, "\""]).collect()
}

#[cfg(test)]
mod tests;
