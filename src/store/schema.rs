//! Versions of the schema.

use crate::ports::queue::StoreError;

/// A step to a version of the schema. Steps are never changed once released, only added.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) statements: &'static [&'static str],
}

/// The steps that are still to do on a database at `version` (0: new).
///
/// # Errors
/// Refuses a database that a newer program wrote: its meaning is unknown here.
pub(super) fn pending(
    migrations: &'static [Migration],
    version: i64,
) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    let newest = migrations.last().map_or(0, |migration| migration.version);
    if version > newest {
        return Err(StoreError::Failed(format!(
            "the database has schema version {version}, but this program knows only up to \
             {newest}: it was written by a newer version of backend-team"
        )));
    }
    Ok(migrations.iter().filter(move |migration| migration.version > version))
}

#[cfg(test)]
mod tests {
    use super::*;

    static STEPS: [Migration; 2] =
        [Migration { version: 1, statements: &[] }, Migration { version: 2, statements: &[] }];

    #[test]
    fn only_newer_steps_are_pending_and_the_future_is_refused() {
        let versions = |at| {
            pending(&STEPS, at).map(|steps| steps.map(|step| step.version).collect::<Vec<_>>())
        };
        assert_eq!(versions(0).unwrap(), [1, 2]);
        assert_eq!(versions(1).unwrap(), [2]);
        assert!(versions(2).unwrap().is_empty());
        assert!(versions(3).unwrap_err().to_string().contains("newer version"));
    }
}
