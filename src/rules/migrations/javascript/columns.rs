//! Column types as these frameworks spell them, in PostgreSQL's words.

/// The SQL type of a method or constant; `None` for what is not known.
pub(super) fn type_of(kind: &str, size: Option<&str>, scale: Option<&str>) -> Option<String> {
    let sized = |base: &str| match size {
        Some(size) => format!("{base}({size})"),
        None => base.to_owned(),
    };
    Some(match kind.to_ascii_lowercase().as_str() {
        "string" | "varchar" | "character varying" => sized("varchar"),
        "char" => sized("char"),
        "text" | "mediumtext" | "longtext" => "text".to_owned(),
        "integer" | "int" | "int4" | "mediumint" => "integer".to_owned(),
        "biginteger" | "bigint" | "int8" => "bigint".to_owned(),
        "smallint" | "smallinteger" | "tinyint" | "int2" => "smallint".to_owned(),
        "increments" | "serial" => "serial".to_owned(),
        "bigincrements" | "bigserial" => "bigserial".to_owned(),
        "boolean" | "bool" => "boolean".to_owned(),
        "date" | "dateonly" => "date".to_owned(),
        "datetime" | "timestamp" | "timestamptz" | "timestamp with time zone" => {
            "timestamptz".to_owned()
        }
        "timestamp without time zone" => "timestamp".to_owned(),
        "time" => "time".to_owned(),
        "json" => "json".to_owned(),
        "jsonb" => "jsonb".to_owned(),
        "uuid" | "uuidv4" | "uuidv1" => "uuid".to_owned(),
        "float" | "real" => "real".to_owned(),
        "double" | "double precision" => "double precision".to_owned(),
        "decimal" | "numeric" => match (size, scale) {
            (Some(size), Some(scale)) => format!("numeric({size},{scale})"),
            _ => sized("numeric"),
        },
        "binary" | "blob" | "bytea" => "bytea".to_owned(),
        "enu" | "enum" | "simple-array" | "simple-json" => "text".to_owned(),
        "inet" | "cidr" | "citext" | "hstore" | "tsvector" | "interval" => {
            kind.to_ascii_lowercase()
        }
        _ => return None,
    })
}
