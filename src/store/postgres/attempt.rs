//! Transactions that may lose against a concurrent one and are run again.

use super::error::{lost_a_race, store_error};
use crate::ports::queue::StoreError;

/// Tries before a race counts as trouble of the database.
const TRIES: usize = 10;

pub(super) enum Failure {
    Sql(sqlx::Error),
    Store(StoreError),
    /// What was seen a moment ago is gone.
    Race,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Runs `attempt` until it does not lose a race.
pub(super) async fn until_settled<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, Failure>>,
{
    for _ in 0..TRIES {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(Failure::Race) => {}
            Err(Failure::Sql(error)) if lost_a_race(&error) => {}
            Err(Failure::Sql(error)) => return Err(store_error(error)),
            Err(Failure::Store(error)) => return Err(error),
        }
    }
    Err(StoreError::Unavailable("too many transactions at the same rows".to_owned()))
}
