//! Names of tables and other objects as the database stores them.
//!
//! A name without a schema, or in the default one (`public`, `dbo`, `main`), is kept bare; any
//! other schema stays in front: `audit.events`.

/// The last part of a name as written: quotes removed, folded to lower case unless quoted.
pub fn bare_name(text: &str) -> String {
    parts(text).pop().unwrap_or_default()
}

/// The name with its schema, if that is not the default one.
pub fn table_name(text: &str) -> String {
    let mut parts = parts(text);
    let name = parts.pop().unwrap_or_default();
    match parts.pop() {
        Some(schema) if !["public", "dbo", "main", ""].contains(&schema.as_str()) => {
            format!("{schema}.{name}")
        }
        _ => name,
    }
}

/// The parts of a possibly qualified name: `Shop."Orders"` is `shop` and `Orders`.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote: Option<char> = None;
    let text = text.trim();
    let text = match text.get(..5) {
        Some(only) if only.eq_ignore_ascii_case("only ") => text.get(5..).unwrap_or(text),
        _ => text,
    };
    for character in text.chars() {
        let Some(part) = parts.last_mut() else { break };
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), inside) => part.push(inside),
            (None, '"' | '`') => quote = Some(character),
            (None, '[') => quote = Some(']'),
            (None, '.') => parts.push(String::new()),
            (None, '*' | ';' | ',' | ')' | '(') => break,
            (None, other) if other.is_whitespace() => {}
            (None, other) => part.extend(other.to_lowercase()),
        }
    }
    parts
}

/// The name without its schema.
pub fn without_schema(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether two names may stand for one table: equal, or one of them leaves the schema out.
pub fn same(one: &str, other: &str) -> bool {
    one == other
        || (one.contains('.') != other.contains('.')
            && without_schema(one) == without_schema(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stored_as_the_database_does() {
        assert_eq!(table_name("public.Users"), "users");
        assert_eq!(table_name("NEW . \"T\""), "new.T");
        assert_eq!(table_name("ONLY orders *"), "orders");
        assert_eq!(table_name("[dbo].[Orders]"), "Orders");
        assert_eq!(bare_name("`shop`.`items`"), "items");
        assert!(same("audit.log", "log") && !same("audit.log", "app.log"));
    }
}
