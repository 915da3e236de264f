//! Names that may not be those of columns.

use sqlparser::ast::Ident;

/// Whether a bare name has capitals inside: another layer may put its own in place of it.
pub fn is_mixed(name: &Ident) -> bool {
    name.quote_style.is_none()
        && name.value.chars().any(char::is_uppercase)
        && name.value.chars().any(char::is_lowercase)
}

/// Names that databases give a meaning of their own.
pub fn is_word_of_sql(name: &Ident, in_call: bool) -> bool {
    const WORDS: [&str; 35] = [
        "binary",
        "ctid",
        "xmin",
        "xmax",
        "cmin",
        "cmax",
        "tableoid",
        "oid",
        "rowid",
        "_rowid_",
        "rownum",
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "current_role",
        "current_schema",
        "current_catalog",
        "session_user",
        "system_user",
        "localtime",
        "localtimestamp",
        "sysdate",
        "systimestamp",
        "user",
        "default",
        "excluded",
        "new",
        "old",
        "null",
        "true",
        "false",
        "unknown",
        "on",
        "off",
    ];
    const PARTS: [&str; 14] = [
        "microsecond",
        "millisecond",
        "second",
        "minute",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "decade",
        "century",
        "epoch",
        "dow",
    ];
    let lower = name.value.to_lowercase();
    name.quote_style.is_none()
        && (WORDS.contains(&lower.as_str()) || (in_call && PARTS.contains(&lower.as_str())))
}
