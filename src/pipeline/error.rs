//! Why a job did not get done, in the terms the queue needs.

use crate::domain::job::Timestamp;
use crate::ports::forge::ForgeError;
use crate::ports::queue::StoreError;
use crate::ports::source::SourceError;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// May work later; backoff decides when.
    #[error("{0}")]
    Transient(String),
    /// No call before this time.
    #[error("rate limited: {why}")]
    NotBefore { at: Timestamp, why: String },
    /// There is nothing to do any more (repository gone, access revoked).
    #[error("nothing to do: {0}")]
    Gone(String),
    /// Trying again is useless.
    #[error("{0}")]
    Permanent(String),
    /// A newer job for the same subject waits.
    #[error("superseded by a newer event")]
    Superseded,
}

impl From<ForgeError> for JobError {
    fn from(error: ForgeError) -> Self {
        let text = error.to_string();
        match error {
            ForgeError::NotFound(_) | ForgeError::Forbidden(_) => Self::Gone(text),
            ForgeError::RateLimited { until, why } => Self::NotBefore { at: until, why },
            ForgeError::Conflict(_) | ForgeError::Transient(_) => Self::Transient(text),
            ForgeError::Invalid(_) => Self::Permanent(text),
        }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Transient(error.to_string())
    }
}

impl From<SourceError> for JobError {
    fn from(error: SourceError) -> Self {
        let text = error.to_string();
        match error {
            SourceError::NotFound(_) | SourceError::Forbidden(_) => Self::Gone(text),
            SourceError::Transient(_) => Self::Transient(text),
            // A cache that could not be rebuilt now may be rebuilt later.
            SourceError::Internal(_) => Self::Transient(text),
        }
    }
}
