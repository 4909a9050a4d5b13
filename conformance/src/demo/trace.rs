//! The traces of the pulls: collected and drawn, or told to the collector that the variables name.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use mock_kit::{CollectedSpan, Kit, MockCollector};
use waterfall::{Canvas, Outcome, Span};

use crate::kubelet::Environment;

/// The root of a pull's spans.
const ROOT: &str = "pull";

/// The variable that names a collector: OpenTelemetry specification, "OpenTelemetry Protocol Exporter".
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// A provider tells its spans when it has answered, and may wait a little for more of them.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(50);

/// What becomes of the traces.
#[derive(Clone, Debug)]
pub enum Traces {
    /// Nobody asks for them.
    Untold,
    /// These variables of OpenTelemetry name who is told, by the provider and by the mocks.
    Told(Environment),
    /// They are drawn when all pulls are over.
    Drawn(Canvas),
}

/// The traces of a demo under way.
#[derive(Default)]
pub(super) struct Tracer {
    variables: Environment,
    drawn: Option<(MockCollector, Canvas)>,
}

impl Tracer {
    /// Starts a collector if traces are to be drawn.
    pub(super) async fn start(traces: Traces) -> io::Result<Self> {
        Ok(match traces {
            Traces::Untold => Self { variables: Environment::new(), drawn: None },
            Traces::Told(variables) => Self { variables, drawn: None },
            Traces::Drawn(canvas) => {
                let collector = MockCollector::start().await?;
                let variables = [(ENDPOINT.into(), collector.url().into())].into();
                Self { variables, drawn: Some((collector, canvas)) }
            }
        })
    }

    /// What the provider is told of it. Where traces are drawn, what is not told yet lies in the node's folder: not every
    /// user may write to the system's own.
    pub(super) fn variables(&self, folder: &Path) -> Environment {
        let root = self.drawn.as_ref().map(|_| ("ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT".into(), folder.into()));
        self.variables.clone().into_iter().chain(root).collect()
    }

    /// Lets a mock tell its part.
    pub(super) fn follow(&self, service: &'static str, kit: &Kit) -> io::Result<()> {
        match &self.drawn {
            Some((collector, _)) => kit.trace.send_to(service, &collector.url()),
            None if self.variables.is_empty() => return Ok(()),
            None => kit.trace.send(service),
        }
        .map_err(io::Error::other)
    }

    /// The traces of these pulls, in their order, drawn; empty where none are to be.
    pub(super) async fn drawn(&self, pulls: &[&str]) -> String {
        let Some((collector, canvas)) = &self.drawn else { return String::new() };
        let mut looks = tokio::time::interval(LOOK);
        let all = async {
            while pulls_of(&collector.spans()).len() < pulls.len() {
                looks.tick().await;
            }
        };
        // What has come by then is drawn; what has not is said.
        let _ = tokio::time::timeout(PATIENCE, all).await;
        let spans = collector.spans();
        let traces = pulls_of(&spans);
        let drawn = pulls.iter().enumerate().map(|(at, pull)| {
            let trace = traces.get(at).map(|trace| waterfall::draw(&drawable(&spans, trace), *canvas));
            format!("\n{pull}\n{}", trace.as_deref().unwrap_or("no trace has come\n"))
        });
        drawn.collect()
    }
}

/// The ids of the traces that are pulls, in the order in which they began.
fn pulls_of(spans: &[CollectedSpan]) -> Vec<&str> {
    let roots = spans.iter().filter(|span| span.name == ROOT);
    let roots: BTreeMap<_, _> = roots.map(|span| (span.start_ns, span.trace_id.as_str())).collect();
    roots.into_values().collect()
}

fn drawable(spans: &[CollectedSpan], trace: &str) -> Vec<Span> {
    let of_trace = spans.iter().filter(|span| span.trace_id == trace);
    let first = of_trace.clone().map(|span| span.start_ns).min().unwrap_or_default();
    let since = |at: u64| Duration::from_nanos(at.saturating_sub(first));
    let span = |span: &CollectedSpan| Span {
        id: span.id,
        parent: span.parent,
        name: named(span),
        start: since(span.start_ns),
        end: since(span.end_ns),
        outcome: if span.error.is_some() { Outcome::Failed } else { Outcome::Done },
        notes: noted(span),
    };
    of_trace.map(span).collect()
}

/// What a mock did is told from what the provider did by the name of its service.
fn named(span: &CollectedSpan) -> String {
    let label = waterfall::label(&span.name, |key| span.attributes.get(key).cloned());
    if span.service.starts_with("mock-") { format!("[{}] {}", span.service, span.name) } else { label }
}

/// The failure itself stands at the step that failed, and again at the root, where it would be read twice.
fn noted(span: &CollectedSpan) -> Vec<String> {
    let events = span.events.iter().filter(|_| span.parent.is_some());
    events.flat_map(|(_, attributes)| waterfall::notes(|key| attributes.get(key).cloned())).collect()
}
