//! Names as the various languages write them.

use super::ProduceError;

/// PostgreSQL cuts longer names.
pub(super) const MAX_IDENTIFIER: usize = 63;

/// The name if it is a plain identifier that needs no quotes.
pub(super) fn identifier(name: &str) -> Result<&str, ProduceError> {
    let sound = name.len() <= MAX_IDENTIFIER
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if sound {
        return Ok(name);
    }
    let shown: String = name.chars().filter(|c| *c != '`').take(80).collect();
    Err(ProduceError::Unknown(format!("`{shown}` is not a plain name")))
}

/// Words that PostgreSQL does not take as a name without quotes.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "binary", "both", "case", "cast", "check", "collate", "collation", "column", "concurrently",
    "constraint", "create", "cross", "current_catalog", "current_date", "current_role",
    "current_schema", "current_time", "current_timestamp", "current_user", "default", "deferrable",
    "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "freeze",
    "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner", "intersect",
    "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime",
    "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order",
    "outer", "overlaps", "placing", "primary", "references", "returning", "right", "select",
    "session_user", "similar", "some", "symmetric", "system_user", "table", "tablesample", "then",
    "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "verbose", "when",
    "where", "window", "with",
];

/// The identifier as SQL must have it: quoted if it is reserved or has upper-case letters.
pub(super) fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| !c.is_ascii_uppercase()) && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { format!("\"{name}\"") }
}

/// A name put together from parts, cut to what PostgreSQL keeps. What is cut is replaced by a
/// number from the whole, so that two long names stay two.
pub(super) fn composed(parts: &[&str], suffix: &str) -> String {
    let stem = parts.join("_").to_ascii_lowercase();
    let whole = format!("{stem}_{suffix}");
    if whole.len() <= MAX_IDENTIFIER {
        return whole;
    }
    let digest = checksum(&whole);
    let room = MAX_IDENTIFIER.saturating_sub(suffix.len() + digest.len() + 2);
    let short: String = stem.chars().take(room).collect();
    format!("{short}_{digest}_{suffix}")
}

/// Eight hexadecimal digits of a text.
pub(super) fn checksum(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Lower-case words of a text, split at everything that is no letter or digit and where an upper
/// case letter starts a word.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut before_lower = false;
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            words.extend((!current.is_empty()).then(|| std::mem::take(&mut current)));
            before_lower = false;
            continue;
        }
        if c.is_ascii_uppercase() && before_lower {
            words.push(std::mem::take(&mut current));
        }
        before_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        current.push(c.to_ascii_lowercase());
    }
    words.extend((!current.is_empty()).then_some(current));
    words
}

/// `trade_entries`; at most `limit` characters, cut between words where possible.
pub(super) fn snake(text: &str, limit: usize) -> String {
    joined(text, "_", limit)
}

pub(super) fn kebab(text: &str, limit: usize) -> String {
    joined(text, "-", limit)
}

fn joined(text: &str, separator: &str, limit: usize) -> String {
    let mut out = String::new();
    for word in words(text) {
        let room = limit.saturating_sub(out.len() + if out.is_empty() { 0 } else { 1 });
        if word.len() > room {
            if out.is_empty() {
                out = word.chars().take(limit).collect();
            }
            break;
        }
        if !out.is_empty() {
            out.push_str(separator);
        }
        out.push_str(&word);
    }
    out
}

/// `TradeEntries`.
pub(super) fn pascal(text: &str) -> String {
    words(text).iter().map(|word| first_upper(word)).collect()
}

pub(super) fn camel(text: &str) -> String {
    let pascal = pascal(text);
    let mut chars = pascal.chars();
    chars.next().map_or(String::new(), |first| first.to_lowercase().chain(chars).collect())
}

pub(super) fn first_upper(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// The singular of an English plural in a name: only the last word changes.
pub(super) fn singular(name: &str) -> String {
    for (ending, instead) in [
        ("ies", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
        ("ss", "ss"),
        ("us", "us"),
        ("s", ""),
    ] {
        if let Some(stem) = name.strip_suffix(ending)
            && stem.len() >= 2
        {
            return format!("{stem}{instead}");
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_form() {
        assert_eq!(words("POST /tradeEntries/{id}"), ["post", "trade", "entries", "id"]);
        assert_eq!(snake("Add the Table `trade_entries`", 16), "add_the_table");
        assert_eq!(kebab("Größe", 20), "gr-e");
        assert_eq!(pascal("trade_entries"), "TradeEntries");
        assert_eq!(camel("trade_entries"), "tradeEntries");
        for (many, one) in [
            ("entries", "entry"),
            ("addresses", "address"),
            ("users", "user"),
            ("status", "status"),
            ("boxes", "box"),
            ("gas", "ga"),
        ] {
            assert_eq!(singular(many), one);
        }
    }

    #[test]
    fn identifiers_are_plain_and_long_names_stay_apart() {
        assert!(identifier("a; DROP TABLE b").is_err());
        assert!(identifier("").is_err() && identifier("1a").is_err());
        assert_eq!(quoted("order"), "\"order\"");
        assert_eq!(quoted("orderId"), "\"orderId\"");
        let long = "a".repeat(60);
        let (one, two) = (composed(&[&long, "b"], "idx"), composed(&[&long, "c"], "idx"));
        assert!(one.len() <= MAX_IDENTIFIER && one != two && one.ends_with("_idx"));
    }
}
