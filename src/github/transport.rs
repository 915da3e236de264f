//! One HTTP exchange: a request goes out, an answer or a failure comes back. Nothing is repeated
//! except to follow a redirect on the same origin, which GitHub uses for renamed repositories.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use secrecy::{ExposeSecret, SecretString};

use super::config::{SetupError, Timeouts};
use super::endpoints::Endpoints;

/// Larger answers are cut off: no listing page comes near.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
const MAX_REDIRECTS: usize = 3;
/// Unused connections are closed before GitHub closes them.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);

const API_VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");
const MEDIA_TYPE: &str = "application/vnd.github+json";

pub(super) struct Outgoing<'a> {
    pub method: &'a Method,
    pub url: &'a str,
    /// `None` for the few requests that prove themselves otherwise.
    pub token: Option<&'a SecretString>,
    pub etag: Option<&'a HeaderValue>,
    pub body: Option<&'a Bytes>,
}

/// An answer whose head arrived. The body may be missing all the same.
pub(super) struct Incoming {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Result<Bytes, Failure>,
}

/// Why no answer arrived. The request may have been applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("{0}")]
    Network(String),
    #[error("the request cannot be built")]
    Request,
    /// The answer points to another host, or in circles.
    #[error("redirected away from the API")]
    Redirect,
}

pub(super) struct Transport {
    client: Octocrab,
    endpoints: Endpoints,
    user_agent: HeaderValue,
    timeout: Duration,
}

impl Transport {
    pub fn new(
        endpoints: Endpoints,
        user_agent: &str,
        timeouts: Timeouts,
    ) -> Result<Self, SetupError> {
        // octocrab starts a task of its own and panics outside a runtime.
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(SetupError::NoRuntime);
        }
        let user_agent = HeaderValue::from_str(user_agent)
            .ok()
            .filter(|value| !value.is_empty())
            .ok_or(SetupError::UserAgent)?;
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(timeouts.connect));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let client = if endpoints.api().starts_with("https:") {
            let provider = rustls::crypto::aws_lc_rs::default_provider();
            let tls = hyper_rustls::HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(provider)
                .map_err(|error| SetupError::Certificates(error.to_string()))?
                .https_only()
                .enable_http1()
                .wrap_connector(tcp);
            client(tls)
        } else {
            // Certificates are not needed, and a small container may have none.
            client(tcp)
        };
        Ok(Self { client, endpoints, user_agent, timeout: timeouts.request })
    }

    /// Sends the request and reads the whole answer within the time limit.
    pub async fn exchange(&self, outgoing: &Outgoing<'_>) -> Result<Incoming, Failure> {
        tokio::time::timeout(self.timeout, self.follow(outgoing))
            .await
            .unwrap_or(Err(Failure::Timeout(self.timeout)))
    }

    async fn follow(&self, outgoing: &Outgoing<'_>) -> Result<Incoming, Failure> {
        let mut url = outgoing.url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let response = self
                .client
                .send(self.request(outgoing, &url)?)
                .await
                .map_err(|error| Failure::Network(root_cause(&error)))?;
            let (head, body) = response.into_parts();
            if !is_redirect(head.status) {
                let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
                let body = body
                    .map(|collected| collected.to_bytes())
                    .map_err(|error| Failure::Network(root_cause(&*error)));
                return Ok(Incoming { status: head.status, headers: head.headers, body });
            }
            // A redirected request was not applied, and GitHub asks to repeat it unchanged: the
            // method is kept for every status, and the token never leaves the origin.
            url = head
                .headers
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .and_then(|location| self.endpoints.same_origin(location))
                .ok_or(Failure::Redirect)?;
        }
        Err(Failure::Redirect)
    }

    fn request(&self, outgoing: &Outgoing<'_>, url: &str) -> Result<Request<OctoBody>, Failure> {
        let mut request = Request::builder()
            .method(outgoing.method)
            .uri(url)
            .header(USER_AGENT, &self.user_agent)
            .header(ACCEPT, MEDIA_TYPE)
            .header(API_VERSION.0, API_VERSION.1);
        if let Some(token) = outgoing.token {
            let bearer = format!("Bearer {}", token.expose_secret());
            let mut authorization = HeaderValue::from_str(&bearer).map_err(|_| Failure::Request)?;
            authorization.set_sensitive(true);
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(etag) = outgoing.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let body = match outgoing.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                OctoBody::from(body.clone())
            }
            None => OctoBody::empty(),
        };
        request.body(body).map_err(|_| Failure::Request)
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 307 | 308)
}

/// octocrab over this connector and nothing else: no retries, redirects, headers or tracing.
fn client<C>(connector: C) -> Octocrab
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let service = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_CONNECTION)
        .build::<_, OctoBody>(connector);
    match OctocrabBuilder::new_empty().with_service(service).with_auth(AuthState::None).build() {
        Ok(client) => client,
        Err(never) => match never {},
    }
}

/// The innermost error's text: the outer ones only say that a request failed.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    for _ in 0..16 {
        match cause.source() {
            Some(source) => cause = source,
            None => break,
        }
    }
    super::redact::redact(&cause.to_string()).into_owned()
}
