//! Logs, metrics and (with the `otel` feature) traces.

use std::sync::Once;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `time level event=… key=value`
    Text,
    /// One JSON object a line.
    Json,
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging to standard error. `filter` is `tracing`'s syntax; `BACKEND_TEAM_LOG` overrides
/// it. Calling it again changes nothing.
pub fn start_logging(format: LogFormat, filter: &str) {
    let chosen = std::env::var("BACKEND_TEAM_LOG").unwrap_or_else(|_| filter.to_owned());
    let filter = EnvFilter::try_new(&chosen).unwrap_or_else(|_| EnvFilter::new(filter));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer: BoxedLayer = match format {
        LogFormat::Json => Box::new(layer.json().flatten_event(true).with_filter(filter)),
        LogFormat::Text => Box::new(layer.with_ansi(false).with_target(false).with_filter(filter)),
    };
    let mut layers = vec![layer];
    layers.extend(traces());
    // Fails only when logging was started before.
    let _ = tracing_subscriber::registry().with(layers).try_init();
    log_panics();
}

#[cfg(not(feature = "otel"))]
fn traces() -> Option<BoxedLayer> {
    None
}

/// Traces go where the standard `OTEL_EXPORTER_OTLP_ENDPOINT` variable says; without it, nowhere.
#[cfg(feature = "otel")]
fn traces() -> Option<BoxedLayer> {
    use opentelemetry::trace::TracerProvider;
    std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build().ok()?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("backend-team").build();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build();
    let tracer = provider.tracer("backend-team");
    opentelemetry::global::set_tracer_provider(provider);
    Some(Box::new(tracing_opentelemetry::layer().with_tracer(tracer)))
}

/// Panics go to the log as events, so that their place is kept and the format is one.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(event = "panic", place);
        }));
    });
}

/// Starts collecting metrics; the handle renders them.
pub fn start_metrics() -> Result<PrometheusHandle, metrics_exporter_prometheus::BuildError> {
    let seconds = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)?
        .install_recorder()
}
