//! SQL that code holds as text: string literals that are a statement.

use crate::rules::parse::code::{Language, Syntax};

/// Longest literal that is read, in bytes.
const MAX_BYTES: usize = 20_000;
/// Stands for a part that is computed, until placeholders are written.
pub const COMPUTED: char = '\u{1}';

/// A string with its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    pub text: String,
    /// Bytes of the file.
    pub start: usize,
    pub end: usize,
    /// Lines of the text are lines of the file.
    pub exact: bool,
}

/// The outermost strings of a file that may be SQL.
pub fn of(root: &Syntax<'_>, language: Language) -> Vec<Literal> {
    let strings = root.dfs().filter(|node| is_string(node) && !is_part(node));
    strings
        .filter(|node| !in_object_query(node, language))
        .filter_map(|node| literal(&whole(&node), language))
        .collect()
}

fn is_string(node: &Syntax<'_>) -> bool {
    matches!(
        node.kind().as_ref(),
        "interpreted_string_literal"
            | "raw_string_literal"
            | "string_literal"
            | "string"
            | "template_string"
            | "concatenated_string"
    )
}

/// Whether it is a later part of strings that are put together.
fn is_part(node: &Syntax<'_>) -> bool {
    let nested = node.ancestors().take(8).any(|outer| is_string(&outer));
    let own = node.range();
    nested || joined(node).is_some_and(|sum| leaves(&sum).first().map(Syntax::range) != Some(own))
}

/// The sum (`"a" + "b"`) that a string is a part of, the outermost.
fn joined<'t>(node: &Syntax<'t>) -> Option<Syntax<'t>> {
    let is_sum = |outer: &Syntax<'t>| {
        matches!(outer.kind().as_ref(), "binary_expression" | "binary_operator")
            && outer.field("operator").is_none_or(|operator| operator.text() == "+")
            || outer.kind() == "parenthesized_expression"
    };
    node.ancestors()
        .take(200)
        .take_while(is_sum)
        .filter(|outer| outer.kind() != "parenthesized_expression")
        .last()
}

fn whole<'t>(node: &Syntax<'t>) -> Syntax<'t> {
    joined(node).unwrap_or_else(|| node.clone())
}

/// The operands of a sum, from left to right.
fn leaves<'t>(sum: &Syntax<'t>) -> Vec<Syntax<'t>> {
    let mut open = vec![sum.clone()];
    let mut found = Vec::new();
    while let Some(node) = open.pop() {
        let inner = matches!(
            node.kind().as_ref(),
            "binary_expression" | "binary_operator" | "parenthesized_expression"
        );
        match inner {
            true => {
                let children: Vec<Syntax<'t>> = node.named_children().collect();
                open.extend(children.into_iter().rev());
            }
            false => found.push(node),
        }
        if found.len() + open.len() > 200 {
            break;
        }
    }
    found
}

/// Queries over classes rather than tables, and strings that are only put into one.
fn in_object_query(node: &Syntax<'_>, language: Language) -> bool {
    node.ancestors().take(8).any(|outer| match (language, outer.kind().as_ref()) {
        (Language::Java, "annotation" | "normal_annotation") => {
            let text = outer.text();
            !text.replace(' ', "").contains("nativeQuery=true")
        }
        (Language::Java, "method_invocation") => outer.field("name").is_some_and(|name| {
            let name = name.text();
            matches!(
                name.as_ref(),
                "createQuery"
                    | "createNamedQuery"
                    | "createSelectionQuery"
                    | "format"
                    | "formatted"
            )
        }),
        // `"…" % names` and `"…".format(names)`, which fill in names rather than values.
        (Language::Python, "binary_operator") => {
            outer.field("operator").is_some_and(|operator| operator.text() == "%")
        }
        (Language::Python, "call") => outer
            .field("function")
            .and_then(|function| function.field("attribute"))
            .is_some_and(|name| name.text() == "format"),
        (Language::Go, "call_expression") => outer.field("function").is_some_and(|function| {
            ["Sprintf", "Errorf", "Printf"].iter().any(|name| function.text().ends_with(name))
        }),
        (Language::Rust, "macro_invocation") => outer.field("macro").is_some_and(|name| {
            let name = name.text();
            ["format", "println", "panic", "concat", "write"].iter().any(|it| name.contains(it))
        }),
        _ => false,
    })
}

fn literal(node: &Syntax<'_>, language: Language) -> Option<Literal> {
    let range = node.range();
    if range.len() > MAX_BYTES {
        return None;
    }
    let parts = match node.kind().as_ref() {
        "binary_expression" | "binary_operator" => leaves(node),
        "concatenated_string" => {
            node.named_children().filter(|part| part.kind() != "comment").collect()
        }
        _ => vec![node.clone()],
    };
    // Rust's tokens in a macro are not put together by the grammar.
    if node.parent().is_some_and(|parent| parent.kind() == "token_tree")
        && [node.next(), node.prev()].into_iter().flatten().any(|beside| beside.text() == "+")
    {
        return None;
    }
    let mut text = String::new();
    let mut exact = true;
    for part in &parts {
        let content = content(part, language)?;
        if !text.is_empty() {
            let apart =
                text.ends_with(char::is_whitespace) || content.starts_with(char::is_whitespace);
            let here = text.matches('\n').count();
            let line = part.start_pos().line().saturating_sub(node.start_pos().line());
            exact &= apart && here <= line;
            if apart && exact {
                text.extend(std::iter::repeat_n('\n', line - here));
            }
        }
        text.push_str(&content);
    }
    Some(Literal { text, start: range.start, end: range.end, exact })
}

/// What a string stands for, line for line; `None` if it cannot be told.
fn content(node: &Syntax<'_>, language: Language) -> Option<String> {
    let written = node.text();
    match (language, node.kind().as_ref()) {
        (Language::Go, "interpreted_string_literal") => unescaped(inside(&written, 1)?),
        (Language::Go, "raw_string_literal") => Some(inside(&written, 1)?.to_owned()),
        (Language::Java, "string_literal") if written.starts_with("\"\"\"") => {
            unescaped(inside(&written, 3)?)
        }
        (Language::Java | Language::Rust, "string_literal") => {
            let plain = written.strip_prefix(['b', 'c']).unwrap_or(&written);
            unescaped(inside(plain, 1)?)
        }
        (Language::Rust, "raw_string_literal") => {
            let plain = written.trim_start_matches(['b', 'c', 'r']);
            let marks = plain.len() - plain.trim_start_matches('#').len();
            Some(inside(plain, marks + 1)?.to_owned())
        }
        (Language::JavaScript | Language::TypeScript, "string") => unescaped(inside(&written, 1)?),
        (Language::JavaScript | Language::TypeScript, "template_string") => {
            template(node, &written)
        }
        (Language::Python, "string") => python(node, &written),
        _ => None,
    }
}

fn inside(written: &str, quote: usize) -> Option<&str> {
    written.get(quote..written.len().checked_sub(quote)?)
}

/// Escapes as the blanks and marks that they stand for; `None` for those that matter to SQL.
fn unescaped(written: &str) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next()? {
            // A blank, so that lines stay those of the file.
            'n' | 't' | 'r' => text.push(' '),
            mark @ ('"' | '\'' | '`' | '\n') => text.push(mark),
            _ => return None,
        }
    }
    Some(text)
}

/// A template with its substitutions marked.
fn template(node: &Syntax<'_>, written: &str) -> Option<String> {
    let start = node.range().start;
    let mut text = String::new();
    let mut at = 1;
    for part in node.named_children().filter(|part| part.kind() == "template_substitution") {
        let place = part.range();
        text.push_str(written.get(at..place.start.checked_sub(start)?)?);
        text.push(COMPUTED);
        text.extend(part.text().chars().filter(|letter| *letter == '\n'));
        at = place.end.checked_sub(start)?;
    }
    text.push_str(written.get(at..written.len().checked_sub(1)?)?);
    unescaped(&text)
}

fn python(node: &Syntax<'_>, written: &str) -> Option<String> {
    if node.named_children().any(|part| part.kind() == "interpolation") {
        return None;
    }
    let quote = written.find(['"', '\''])?;
    let prefix = written.get(..quote)?.to_ascii_lowercase();
    let rest = written.get(quote..)?;
    let marks = if rest.starts_with("\"\"\"") || rest.starts_with("'''") { 3 } else { 1 };
    let text = inside(rest, marks)?;
    if prefix.contains('r') { Some(text.to_owned()) } else { unescaped(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::parse::code::ParsedCode;

    fn texts(source: &str, language: Language) -> Vec<String> {
        let code = ParsedCode::new(source, language);
        of(&code.root().unwrap(), language).into_iter().map(|literal| literal.text).collect()
    }

    #[test]
    fn strings_are_read_as_they_are_at_run_time() {
        let go = "package a\nconst q = `SELECT a\nFROM t`\nvar r = \"SELECT b \" +\n  \"FROM t\"\nvar s = \"SELECT \" + name\n";
        assert_eq!(texts(go, Language::Go), ["SELECT a\nFROM t", "SELECT b \nFROM t"]);
        let rust = "fn f() { sqlx::query!(r#\"SELECT \"a\" FROM t\"#, 1); g(\"SELECT \\\n  b\"); }";
        assert_eq!(texts(rust, Language::Rust), ["SELECT \"a\" FROM t", "SELECT \n  b"]);
        let python = "q = 'SELECT a ' \\\n    'FROM t'\nr = f'SELECT {x}'\ns = '''SELECT\nb'''\nt = 'SELECT %s' % x\n";
        assert_eq!(texts(python, Language::Python), ["SELECT a \nFROM t", "SELECT\nb"]);
        let script = "const q = sql`SELECT a FROM t WHERE b = ${x}`; f('SELECT 1');";
        assert_eq!(
            texts(script, Language::TypeScript),
            ["SELECT a FROM t WHERE b = \u{1}", "SELECT 1"]
        );
        let java = "class A { String q = \"SELECT a \" + \"FROM t\"; @Query(\"SELECT o FROM Order o\") void f(); \
                    @Query(value = \"SELECT a FROM t\", nativeQuery = true) void g(); }";
        assert_eq!(texts(java, Language::Java), ["SELECT a FROM t", "SELECT a FROM t"]);
    }

    #[test]
    fn any_text_is_read_without_harm() {
        let deep = format!("x = {}", "\"a\" + ".repeat(3_000));
        for text in ["\"", "`${`${", deep.as_str(), "f('\\"] {
            for language in [
                Language::Go,
                Language::Java,
                Language::TypeScript,
                Language::Python,
                Language::Rust,
            ] {
                let _ = texts(text, language);
            }
        }
    }
}
