//! From SQLite's errors to the port's.

use rusqlite::ErrorCode;

use crate::ports::queue::StoreError;

/// Sorts an error by whether trying again later can help.
pub(super) fn sqlite_error(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable(text),
        _ => StoreError::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn codes_are_sorted_by_whether_waiting_helps() {
        let sorted =
            |code| sqlite_error(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_BUSY_SNAPSHOT, ffi::SQLITE_LOCKED] {
            assert!(matches!(sorted(code), StoreError::Unavailable(_)), "{code}");
        }
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_CORRUPT] {
            assert!(matches!(sorted(code), StoreError::Failed(_)), "{code}");
        }
    }
}
