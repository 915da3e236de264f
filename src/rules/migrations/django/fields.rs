//! Fields of Django's models, as PostgreSQL stores them.

use super::super::translate::{Call, Value, literal};

/// A field, as far as its column goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in super::super) struct Field {
    pub type_text: String,
    pub null: bool,
    pub primary_key: bool,
    pub unique: bool,
    pub indexed: bool,
    /// The model that it refers to, in lower case.
    pub target: Option<String>,
    /// A foreign key that the database does not keep (`db_constraint=False`).
    pub loose: bool,
    /// The default that the database keeps (`db_default`).
    pub kept_default: Option<String>,
    /// The value that existing rows get when the field is added.
    pub filler: Option<String>,
    pub column: Option<String>,
}

/// Reads a field; `None` for those that have no column, or that are not known.
pub(super) fn read(call: &Call) -> Option<Field> {
    let flag = |key: &str| call.option(key).is_some_and(Value::is_true);
    let serial = matches!(call.name.as_str(), "AutoField" | "BigAutoField" | "SmallAutoField");
    let key = matches!(call.name.as_str(), "ForeignKey" | "OneToOneField");
    let type_text = type_of(call)?;
    let unique = flag("unique") || call.name == "OneToOneField";
    let indexed = match call.option("db_index") {
        Some(value) => value.is_true(),
        None => matches!(call.name.as_str(), "ForeignKey" | "SlugField"),
    };
    Some(Field {
        type_text,
        null: flag("null") || call.name == "NullBooleanField",
        primary_key: flag("primary_key") || serial,
        unique,
        indexed: indexed && !unique,
        target: key.then(|| target(call)).flatten(),
        loose: call.option("db_constraint").is_some_and(Value::is_false),
        kept_default: call.option("db_default").map(sql),
        filler: call.option("default").map(sql).or_else(|| blank(call)),
        column: call.text_option("db_column").map(str::to_owned),
    })
}

/// The type of its column.
fn type_of(call: &Call) -> Option<String> {
    let number = |key: &str| match call.option(key) {
        Some(Value::Number(number)) => Some(number.clone()),
        _ => None,
    };
    Some(match call.name.as_str() {
        "CharField" | "SlugField" | "EmailField" | "URLField" | "FileField" | "ImageField"
        | "FilePathField" => {
            let usual = match call.name.as_str() {
                "SlugField" => Some("50"),
                "EmailField" => Some("254"),
                "URLField" => Some("200"),
                "CharField" => None,
                _ => Some("100"),
            };
            match number("max_length").or_else(|| usual.map(str::to_owned)) {
                Some(length) => format!("varchar({length})"),
                None => "varchar".to_owned(),
            }
        }
        "TextField" => "text".to_owned(),
        "IntegerField" | "PositiveIntegerField" => "integer".to_owned(),
        "BigIntegerField" | "PositiveBigIntegerField" | "ForeignKey" | "OneToOneField" => {
            "bigint".to_owned()
        }
        "SmallIntegerField" | "PositiveSmallIntegerField" => "smallint".to_owned(),
        "AutoField" => "serial".to_owned(),
        "BigAutoField" => "bigserial".to_owned(),
        "SmallAutoField" => "smallserial".to_owned(),
        "BooleanField" | "NullBooleanField" => "boolean".to_owned(),
        "DateField" => "date".to_owned(),
        "DateTimeField" => "timestamptz".to_owned(),
        "TimeField" => "time".to_owned(),
        "DurationField" => "interval".to_owned(),
        "FloatField" => "double precision".to_owned(),
        "DecimalField" => {
            format!("numeric({},{})", number("max_digits")?, number("decimal_places")?)
        }
        "BinaryField" => "bytea".to_owned(),
        "JSONField" => "jsonb".to_owned(),
        "UUIDField" => "uuid".to_owned(),
        "GenericIPAddressField" => "inet".to_owned(),
        _ => return None,
    })
}

/// The value that Django gives to text without a default: the empty one.
fn blank(call: &Call) -> Option<String> {
    let text = call.name.ends_with("CharField") || call.name == "TextField";
    let dated =
        ["auto_now", "auto_now_add"].iter().any(|key| call.option(key).is_some_and(Value::is_true));
    let blank = text && call.option("blank").is_some_and(Value::is_true);
    (blank || dated).then(|| "''".to_owned())
}

/// A default as SQL. Functions are called once, in Python, so that their result is a constant.
fn sql(value: &Value) -> String {
    literal(value).unwrap_or_else(|| "''".to_owned())
}

/// `to="app.Model"`, `to=settings.AUTH_USER_MODEL`, `to="Model"`.
fn target(call: &Call) -> Option<String> {
    match call.either(0, "to")? {
        Value::Text(text) => Some(text.text.rsplit('.').next()?.to_lowercase()),
        Value::Name(name) => Some(name.rsplit('.').next()?.to_lowercase()),
        _ => None,
    }
}
