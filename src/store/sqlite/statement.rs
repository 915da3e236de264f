//! Statements that stay prepared, with their parameters by number.

use rusqlite::{Connection, Error, Result, Row, Statement, ToSql};

/// Runs a statement and counts the rows that it changed.
pub(super) fn execute(
    connection: &Connection,
    text: &'static str,
    values: &[&dyn ToSql],
) -> Result<usize> {
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, values)?;
    statement.raw_execute()
}

/// The first row, if there is one.
pub(super) fn first<T>(
    connection: &Connection,
    text: &'static str,
    values: &[&dyn ToSql],
) -> Result<Option<T>>
where
    T: for<'r> TryFrom<&'r Row<'r>, Error = Error>,
{
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, values)?;
    statement.raw_query().next()?.map(T::try_from).transpose()
}

/// All rows.
pub(super) fn all<T>(
    connection: &Connection,
    text: &'static str,
    values: &[&dyn ToSql],
) -> Result<Vec<T>>
where
    T: for<'r> TryFrom<&'r Row<'r>, Error = Error>,
{
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, values)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(T::try_from(row)?);
    }
    Ok(found)
}

/// `$3` is the third value, as on PostgreSQL. To SQLite it is a name, and the first one in the text
/// is parameter 1.
fn bind(statement: &mut Statement<'_>, values: &[&dyn ToSql]) -> Result<()> {
    let count = statement.parameter_count();
    for parameter in 1..=count {
        let name = statement.parameter_name(parameter).and_then(|name| name.strip_prefix('$'));
        let place = name.and_then(|name| name.parse::<usize>().ok()?.checked_sub(1));
        let value = place
            .and_then(|place| values.get(place))
            .ok_or(Error::InvalidParameterCount(values.len(), count))?;
        statement.raw_bind_parameter(parameter, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;

    #[test]
    fn values_are_bound_by_number_not_by_place() {
        let connection = Connection::open_in_memory().unwrap();
        let found: Option<(String, i64)> =
            first(&connection, "SELECT $2, $1 WHERE $2 <> ''", params![7, "seven"]).unwrap();
        assert_eq!(found, Some(("seven".to_owned(), 7)));
        assert!(all::<(i64,)>(&connection, "SELECT $2", params![7]).is_err());
    }
}
