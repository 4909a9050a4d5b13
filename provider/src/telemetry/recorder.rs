//! Keeps the spans of this process in memory until the pull is over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceState, TracerProvider as _};
use opentelemetry::{Context, KeyValue, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample, Span, SpanData, SpanProcessor,
};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use super::Sampler;

/// The spans that have ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Arc<Mutex<Vec<SpanData>>>);

impl Recorder {
    /// Records the spans of this crate from now on, in the whole process.
    pub(super) fn begin(sampler: &Sampler) -> Self {
        let recorder = Self::default();
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder_empty().build())
            .with_sampler(Deciding(*sampler))
            .with_span_processor(recorder.clone())
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.target().starts_with(env!("CARGO_CRATE_NAME"))));
        // A second one in the same process records nothing.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
        recorder
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes what was recorded.
    pub(super) fn spans(&self) -> Vec<SpanData> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether the trace was taken by the sampler.
pub(super) fn is_sampled(spans: &[SpanData]) -> bool {
    spans.iter().any(|span| span.span_context.is_sampled())
}

impl SpanProcessor for Recorder {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Records every trace, and says of each whether the sampler takes it: one that fails is told of all the same.
#[derive(Clone, Debug)]
struct Deciding(Sampler);

impl ShouldSample for Deciding {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let parent =
            parent.filter(|parent| parent.has_active_span()).map(|parent| parent.span().span_context().clone());
        // Within the process the root has decided.
        let takes = match parent {
            Some(parent) if !parent.is_remote() => parent.is_sampled(),
            parent => self.0.takes(trace, parent.map(|parent| parent.is_sampled())),
        };
        let decision = if takes { SamplingDecision::RecordAndSample } else { SamplingDecision::RecordOnly };
        SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::NONE }
    }
}
