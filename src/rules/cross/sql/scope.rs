//! Which tables a bare name can belong to.

/// A table, or something like one, in `FROM`.
#[derive(Debug, Clone, Default)]
pub struct Relation {
    /// The name by which columns refer to it.
    pub name: String,
    /// The table as migrations call it; `None` for queries and other things.
    pub table: Option<String>,
}

/// What one query has in view.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub relations: Vec<Relation>,
    /// Names that its results have.
    pub results: Vec<String>,
    /// There is more in view than is listed.
    pub unclear: bool,
}

impl Scope {
    /// The tables in view, from the inner queries to the outer ones; `None` if the name may be
    /// something else.
    pub fn owners(scopes: &[Self], name: &str) -> Option<Vec<String>> {
        let mut tables = Vec::new();
        for scope in scopes {
            let whole_row = scope.relations.iter().any(|it| it.name == name);
            if scope.unclear || whole_row || scope.results.iter().any(|it| it == name) {
                return None;
            }
            for relation in &scope.relations {
                tables.push(relation.table.clone()?);
            }
        }
        (!tables.is_empty()).then_some(tables)
    }
}
