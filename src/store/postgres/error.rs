//! From sqlx's errors to the port's.

use crate::ports::queue::StoreError;

/// Sorts an error by whether trying again later can help.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    use sqlx::Error;
    let text = error.to_string();
    match &error {
        // These may quote the URL, which holds a password.
        Error::Configuration(_) => {
            StoreError::Failed("the database URL or its options are not usable".to_owned())
        }
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed => StoreError::Unavailable(text),
        Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            let temporary = postgres_is_temporary(&code);
            if temporary { StoreError::Unavailable(text) } else { StoreError::Failed(text) }
        }
        _ => StoreError::Failed(text),
    }
}

/// SQLSTATE classes: 08 connection, 40 rolled back, 53 resources (but not 53100, disk full),
/// 55P03 lock not available, 57P operator intervention (restart).
fn postgres_is_temporary(code: &str) -> bool {
    if code == "53100" {
        return false;
    }
    ["08", "40", "53", "55P03", "57P"].iter().any(|class| code.starts_with(class))
}

/// Whether a PostgreSQL transaction should simply be run again: it lost against a concurrent one
/// (serialisation, deadlock) or met a row that appeared after it looked (unique violation).
pub(super) fn lost_a_race(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01" | "23505"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_whether_waiting_helps() {
        assert!(postgres_is_temporary("08006") && postgres_is_temporary("57P01"));
        assert!(!postgres_is_temporary("53100") && !postgres_is_temporary("42P01"));
    }

    #[test]
    fn a_bad_url_does_not_leak_its_password() {
        let error = sqlx::Error::Configuration("postgres://u:hunter2@h".into());
        assert!(!store_error(error).to_string().contains("hunter2"));
    }
}
