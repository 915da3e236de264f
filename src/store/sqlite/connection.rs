//! How the file is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How long SQLite waits for a lock of another program on the file (a backup, a shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What is kept of a delivery fills a small part of a page. Its id, which comes in no order, changes
/// a page of an index: the smaller, the less there is to write. A file keeps the size it began with.
const PAGE_SIZE: u32 = 4096;

/// Pages in the write-ahead log before they are copied into the database (32 MiB).
const CHECKPOINT_PAGES: u32 = 8192;

/// More than there are statements.
const PREPARED: usize = 64;

/// What a connection may do to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Create,
    Write,
    Read,
}

pub(super) fn open(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let create =
        if access == Access::Create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    // A connection is used by one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "query_only", access == Access::Read)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}
