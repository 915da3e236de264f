//! GitHub's rate limits: recognised in answers, and remembered so that nothing goes out before
//! they end.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::domain::job::Timestamp;
use crate::ports::forge::ForgeError;

/// GitHub asks for at least this when it does not say how long to wait.
const UNKNOWN_WAIT: Duration = Duration::from_secs(60);

/// The longest limit that is believed: primary limits end within the hour.
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 3600);

/// REST and GraphQL have separate hourly budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Rest,
    GraphQl,
}

/// A limit that an answer announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limited {
    pub until: Timestamp,
    pub why: &'static str,
    /// Holds for both APIs.
    secondary: bool,
}

impl Limited {
    pub fn error(&self) -> ForgeError {
        ForgeError::RateLimited { until: self.until, why: self.why.to_owned() }
    }

    /// For GraphQL's `RATE_LIMITED`, which comes with status 200.
    pub fn primary(headers: &HeaderMap, now: Timestamp) -> Self {
        let until = reset(headers, now).unwrap_or_else(|| now.plus(UNKNOWN_WAIT));
        Self { until, why: "primary rate limit", secondary: false }
    }
}

pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// `X-RateLimit-Reset` in seconds since the epoch. A time that is past (the clocks differ) tells
/// nothing.
fn reset(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let reset = Timestamp(number(headers, "x-ratelimit-reset")?.saturating_mul(1000));
    (reset > now).then(|| reset.min(now.plus(LONGEST_WAIT)))
}

/// Whether the answer says that we called too often. A 403 is one only if it says so by header
/// or text: most are about permissions.
pub(super) fn detect(
    status: StatusCode,
    headers: &HeaderMap,
    message: &str,
    now: Timestamp,
) -> Option<Limited> {
    if !matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    if let Some(seconds) = number(headers, "retry-after") {
        let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(LONGEST_WAIT);
        return Some(Limited {
            until: now.plus(wait),
            why: "secondary rate limit",
            secondary: true,
        });
    }
    if number(headers, "x-ratelimit-remaining") == Some(0) {
        return Some(Limited::primary(headers, now));
    }
    let message = message.to_ascii_lowercase();
    let says_so = status == StatusCode::TOO_MANY_REQUESTS
        || message.contains("rate limit")
        || message.contains("abuse detection");
    says_so.then(|| Limited {
        until: now.plus(UNKNOWN_WAIT),
        why: "secondary rate limit, without a time",
        secondary: true,
    })
}

/// The limits of one installation, or of the App itself.
#[derive(Debug, Default)]
pub(super) struct Limits {
    rest: Option<Limited>,
    graphql: Option<Limited>,
}

impl Limits {
    pub fn remember(&mut self, api: Api, limited: &Limited) {
        let set = |slot: &mut Option<Limited>| {
            if slot.as_ref().is_none_or(|known| known.until < limited.until) {
                *slot = Some(limited.clone());
            }
        };
        if limited.secondary || api == Api::Rest {
            set(&mut self.rest);
        }
        if limited.secondary || api == Api::GraphQl {
            set(&mut self.graphql);
        }
    }

    /// `Err` while a limit holds.
    pub fn check(&mut self, api: Api, now: Timestamp) -> Result<(), ForgeError> {
        let slot = match api {
            Api::Rest => &mut self.rest,
            Api::GraphQl => &mut self.graphql,
        };
        match slot {
            // A limit further away than any that is believed: the clock was set back.
            Some(limited) if limited.until > now && limited.until <= now.plus(LONGEST_WAIT) => {
                Err(limited.error())
            }
            _ => {
                *slot = None;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn until(status: u16, headers: &[(&'static str, &'static str)], text: &str) -> Option<i64> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
            })
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        detect(status, &headers, text, NOW).map(|limited| limited.until.0 - NOW.0)
    }

    #[test]
    fn reads_how_long_to_wait() {
        assert_eq!(until(403, &[("retry-after", "7")], ""), Some(7_000));
        assert_eq!(until(429, &[("retry-after", "7")], ""), Some(7_000));
        let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000030")];
        assert_eq!(until(403, &spent, ""), Some(30_000));
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1600000000")];
        assert_eq!(until(403, &past, ""), Some(60_000));
        assert_eq!(until(403, &[], "You have exceeded a secondary rate limit."), Some(60_000));
        assert_eq!(until(429, &[], ""), Some(60_000));
        assert_eq!(until(403, &[("retry-after", "99999999999")], ""), Some(7_200_000));
    }

    #[test]
    fn a_missing_permission_is_no_limit() {
        assert_eq!(until(403, &[], "Resource not accessible by integration"), None);
        assert_eq!(until(403, &[("x-ratelimit-remaining", "4000")], "Forbidden"), None);
        assert_eq!(until(422, &[("retry-after", "7")], ""), None);
    }

    #[test]
    fn remembers_until_the_end() {
        let mut limits = Limits::default();
        let limited = Limited { until: NOW.plus(UNKNOWN_WAIT), why: "x", secondary: true };
        limits.remember(Api::Rest, &limited);
        let shorter = Limited { until: NOW.plus(Duration::from_secs(1)), ..limited.clone() };
        limits.remember(Api::Rest, &shorter);
        assert_eq!(limits.check(Api::GraphQl, Timestamp(NOW.0 + 2_000)), Err(limited.error()));
        assert_eq!(limits.check(Api::Rest, limited.until), Ok(()));
    }

    #[test]
    fn the_budget_of_graphql_is_its_own() {
        let mut limits = Limits::default();
        limits.remember(Api::GraphQl, &Limited::primary(&HeaderMap::new(), NOW));
        assert_eq!(limits.check(Api::Rest, NOW), Ok(()));
        assert!(limits.check(Api::GraphQl, NOW).is_err());
    }
}
