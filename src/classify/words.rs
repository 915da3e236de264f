//! Identifiers of a line as the words they are made of.

/// Longer lines are minified or data; their rest is not read.
const MAX_LINE_BYTES: usize = 2_000;

/// `tenantId`, `tenant_id` and `TenantID` are each `tenant` and `id`; all in lower case.
pub fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before_lower = false;
    let mut characters = line.chars().take(MAX_LINE_BYTES).peekable();
    while let Some(character) = characters.next() {
        if !character.is_alphanumeric() {
            finish(&mut word, &mut words);
            before_lower = false;
            continue;
        }
        let next_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        if character.is_uppercase() && (before_lower || (next_lower && !word.is_empty())) {
            finish(&mut word, &mut words);
        }
        before_lower = character.is_lowercase() || character.is_numeric();
        word.extend(character.to_lowercase());
    }
    finish(&mut word, &mut words);
    words
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// The code of a line: trimmed, `None` if it is only a comment.
pub fn code(line: &str, extension: &str) -> Option<String> {
    let trimmed = line.trim();
    let hash = matches!(
        extension,
        "py" | "rb"
            | "sh"
            | "yml"
            | "yaml"
            | "tf"
            | "hcl"
            | "toml"
            | "ex"
            | "exs"
            | "graphql"
            | "pl"
    );
    let comment = trimmed.is_empty()
        || trimmed.starts_with("//")
        || trimmed.starts_with("/*")
        || trimmed.starts_with("* ")
        || trimmed == "*"
        || trimmed.starts_with("*/")
        || trimmed.starts_with("\"\"\"")
        || (hash && trimmed.starts_with('#'))
        || (extension == "sql" && trimmed.starts_with("--"));
    (!comment).then(|| trimmed.chars().take(MAX_LINE_BYTES).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_identifiers() {
        assert_eq!(split("tenantId = TenantID"), ["tenant", "id", "tenant", "id"]);
        assert_eq!(split("JWTParser.parse_all(x)"), ["jwt", "parser", "parse", "all", "x"]);
        assert_eq!(split(""), Vec::<String>::new());
    }

    #[test]
    fn comments_are_no_code() {
        assert_eq!(code("  // stripe", "ts"), None);
        assert_eq!(code("# stripe", "py"), None);
        assert_eq!(code("-- tenant", "sql"), None);
        assert_eq!(code("#[derive(A)]", "rs").as_deref(), Some("#[derive(A)]"));
    }
}
