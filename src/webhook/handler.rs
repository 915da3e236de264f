//! The webhook endpoint: limit, verify, make durable, answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use secrecy::SecretString;

use super::{read, verify};
use crate::domain::event::Event;
use crate::domain::ids::DeliveryId;
use crate::domain::job::NewJob;
use crate::pipeline::intake;
use crate::ports::clock::Clock;
use crate::ports::queue::{Accepted, NewDelivery, Queue};

/// GitHub sends no payload above this.
pub const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;
/// GitHub gives up after 10 s; a slower sender is not GitHub.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest value of the headers that are stored.
const MAX_HEADER_CHARS: usize = 200;

/// What the endpoint needs.
#[derive(Clone)]
pub struct Intake {
    pub queue: Arc<dyn Queue>,
    pub clock: Arc<dyn Clock>,
    pub secrets: Arc<[SecretString]>,
    pub trusted_bots: Arc<[String]>,
}

/// A delivery whose signature was checked. A handler that takes this cannot forget the check:
/// there is no other way to make one.
pub struct VerifiedDelivery {
    id: DeliveryId,
    event: String,
    body: Bytes,
}

/// Why a request is no delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    message: &'static str,
}

impl Refusal {
    const fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        metrics::counter!("backend_team_deliveries_total", "result" => "refused").increment(1);
        tracing::warn!(
            event = "delivery_refused",
            status = self.status.as_u16(),
            why = self.message
        );
        (self.status, self.message).into_response()
    }
}

impl FromRequest<Intake> for VerifiedDelivery {
    type Rejection = Refusal;

    async fn from_request(request: Request, intake: &Intake) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body).await?;
        let signature = text(&parts.headers, "x-hub-signature-256");
        verify(&intake.secrets, signature, &bytes).map_err(|_| {
            Refusal::new(StatusCode::UNAUTHORIZED, "the signature is missing or wrong")
        })?;
        let json = text(&parts.headers, header::CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
        if !json {
            let message = "set the webhook's content type to application/json";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let required = |name, message| {
            text(&parts.headers, name)
                .filter(|value| !value.is_empty() && value.len() <= MAX_HEADER_CHARS)
                .map(str::to_owned)
                .ok_or(Refusal::new(StatusCode::BAD_REQUEST, message))
        };
        let event = required("x-github-event", "the X-GitHub-Event header is missing")?;
        let id = required("x-github-delivery", "the X-GitHub-Delivery header is missing")?;
        Ok(Self { id: DeliveryId(id), event, body: bytes })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let too_large = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the payload is over 25 MB");
    let announced = text(headers, header::CONTENT_LENGTH.as_str());
    if announced.and_then(|n| n.parse::<usize>().ok()).is_some_and(|n| n > MAX_BODY_BYTES) {
        return Err(too_large);
    }
    let collected = Limited::new(body, MAX_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIMEOUT, collected).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large),
        Ok(Err(_)) => Err(Refusal::new(StatusCode::BAD_REQUEST, "the body could not be read")),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly")),
    }
}

/// `POST /webhook`: 202 once the delivery is durable, 200 for one that was known.
pub async fn receive(State(intake): State<Intake>, delivery: VerifiedDelivery) -> Response {
    let started = Instant::now();
    let (id, event) = (delivery.id.clone(), delivery.event.clone());
    let Understood { jobs, ignored, kept, malformed } = understand(&intake, &delivery);
    let enqueued = jobs.len();
    let new = NewDelivery {
        id: delivery.id,
        event: delivery.event,
        body: kept,
        received_at: intake.clock.now(),
        ignored,
    };
    let (status, result) = match intake.queue.accept(new, jobs).await {
        Err(error) => {
            tracing::error!(event = "delivery_not_stored", delivery = %id, %error);
            (StatusCode::SERVICE_UNAVAILABLE, "not stored; send it again")
        }
        Ok(_) if malformed => (StatusCode::BAD_REQUEST, "the payload is not a JSON object"),
        Ok(Accepted::Duplicate) => (StatusCode::OK, "known"),
        Ok(Accepted::New) => (StatusCode::ACCEPTED, "accepted"),
    };
    metrics::counter!("backend_team_deliveries_total", "result" => result).increment(1);
    metrics::histogram!("backend_team_delivery_duration_seconds")
        .record(started.elapsed().as_secs_f64());
    tracing::info!(
        event = "delivery",
        delivery = %id,
        github_event = event,
        status = status.as_u16(),
        jobs = enqueued,
    );
    (status, result).into_response()
}

/// What a delivery asks for.
struct Understood {
    jobs: Vec<NewJob>,
    /// Why nothing is done, if nothing is.
    ignored: Option<String>,
    /// What is stored of the payload. Of what asks for nothing only the fact is: it is most of what
    /// a repository says, and none of our business. What cannot be read is kept whole, for the
    /// person who has to find out why.
    kept: Bytes,
    /// The payload is no JSON object.
    malformed: bool,
}

fn understand(intake: &Intake, delivery: &VerifiedDelivery) -> Understood {
    let reading = match read(&delivery.event, &delivery.body) {
        Ok(reading) => reading,
        Err(error) => {
            return Understood {
                jobs: Vec::new(),
                ignored: Some(error.to_string()),
                kept: delivery.body.clone(),
                malformed: true,
            };
        }
    };
    let jobs = intake::jobs_for(&reading.event, &delivery.id, &intake.trusted_bots);
    let ignored = match (&reading.event, jobs.is_empty()) {
        (Event::Ignored { reason }, _) => Some((*reason).to_owned()),
        (_, true) => Some("nothing to do".to_owned()),
        (_, false) => None,
    };
    let kept = if jobs.is_empty() { Bytes::new() } else { reading.essence().into() };
    Understood { jobs, ignored, kept, malformed: false }
}
