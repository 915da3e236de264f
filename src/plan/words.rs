//! Words of prose, for looking up phrases.

/// Lower-case words with one space between and around them, so that a phrase is found as whole
/// words by a substring search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(String);

impl Words {
    pub fn of(text: &str) -> Self {
        let mut words = Self(" ".to_owned());
        words.push(text);
        words
    }

    /// Adds more text after a break that no phrase spans.
    pub fn push(&mut self, text: &str) {
        if self.0.len() > 1 {
            self.0.push_str("| ");
        }
        let mut inside = false;
        for character in text.chars() {
            if character.is_alphanumeric() || matches!(character, '_' | '+') {
                self.0.extend(character.to_lowercase());
                inside = true;
            } else if character == '\'' || character == '\u{2019}' {
                // "don't" is one word.
            } else if matches!(character, '.' | ';' | '!' | '?' | ':') && inside {
                // Sentences end; a dot inside of a name does no harm here.
                self.0.push_str(" | ");
                inside = false;
            } else if inside {
                self.0.push(' ');
                inside = false;
            }
        }
        if inside {
            self.0.push(' ');
        }
    }

    /// Whether the phrase (lower case, single spaces) is there as whole words.
    pub fn has(&self, phrase: &str) -> bool {
        let mut from = 0;
        while let Some(at) = self.0.get(from..).and_then(|rest| rest.find(phrase)) {
            let (start, end) = (from + at, from + at + phrase.len());
            let before = start.checked_sub(1).and_then(|at| self.0.as_bytes().get(at));
            if before == Some(&b' ') && self.0.as_bytes().get(end) == Some(&b' ') {
                return true;
            }
            from = end;
        }
        false
    }

    pub fn any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has(phrase))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|word| !word.is_empty() && *word != "|")
    }
}

/// Whether the text is one identifier of a programming language or of SQL, of sane length.
pub fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    let start = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    start && text.len() <= 63 && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `orders`, `order` and `Order` are the same thing: lower case, in the singular.
pub fn singular(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    if let Some(stem) = word.strip_suffix("ies")
        && stem.len() > 1
    {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches", "shes"] {
        if word.ends_with(ending) {
            return word.get(..word.len() - 2).unwrap_or(&word).to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word,
    }
}

/// `order` becomes `orders`, `category` `categories`; what is a plural already stays.
pub fn plural(word: &str) -> String {
    if singular(word) != word.to_ascii_lowercase() {
        return word.to_owned();
    }
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if word.ends_with(['s', 'x']) || word.ends_with("ch") || word.ends_with("sh") => {
            format!("{word}es")
        }
        _ => format!("{word}s"),
    }
}

/// At most `limit` characters, with an ellipsis where something was cut.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    let at = kept.rfind(' ').filter(|at| *at > limit / 2);
    kept.truncate(at.unwrap_or(kept.len()));
    // A cut code mark would mark everything after it.
    if kept.matches('`').count() % 2 == 1 {
        kept.push('`');
    }
    kept.push('\u{2026}');
    kept
}

/// "a", "a and b", "a, b and c".
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

/// The text in code marks; marks inside of it are taken out.
pub fn code(text: &str) -> String {
    let inside: String = text.chars().filter(|c| *c != '`' && !c.is_control()).collect();
    format!("`{}`", cut(inside.trim(), 120))
}

/// Each in code marks, as a list in words.
pub fn codes<S: AsRef<str>>(items: &[S]) -> String {
    let marked: Vec<String> = items.iter().map(|item| code(item.as_ref())).collect();
    list(&marked)
}

/// The first letter in upper case.
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if first.is_lowercase() => {
            first.to_uppercase().chain(characters).collect::<String>()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_whole_words_and_stay_in_their_sentence() {
        let words = Words::of("Add an API-key. Rotate keys (weekly)");
        assert!(words.has("api key") && words.has("keys weekly"));
        assert!(!words.has("key rotate") && !words.has("pi key"));
    }

    #[test]
    fn plurals() {
        for (many, one) in [
            ("orders", "order"),
            ("categories", "category"),
            ("boxes", "box"),
            ("status", "status"),
        ] {
            assert_eq!(singular(many), one);
            assert_eq!(singular(one), one);
        }
        assert_eq!(plural("category"), "categories");
        assert_eq!(plural("orders"), "orders");
    }

    #[test]
    fn cutting_keeps_code_marks_paired() {
        let short = cut("see `a very long piece of code that goes on` end", 20);
        assert_eq!(short.matches('`').count() % 2, 0, "{short}");
        assert!(short.ends_with('\u{2026}'));
    }
}
