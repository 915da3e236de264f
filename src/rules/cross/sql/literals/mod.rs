//! SQL that code holds as text: string literals that are a statement.

mod content;

use self::content::content;
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
            // C#
            | "verbatim_string_literal"
            | "interpolated_string_expression"
            // PHP
            | "encapsed_string"
            | "heredoc"
            | "nowdoc"
            // Ruby
            | "chained_string"
            | "heredoc_body"
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
        let operator = outer.field("operator");
        is_binary(&outer.kind())
            && operator.is_none_or(|operator| matches!(operator.text().as_ref(), "+" | "."))
            || is_bracketed(&outer.kind())
    };
    node.ancestors()
        .take(200)
        .take_while(is_sum)
        .filter(|outer| !is_bracketed(&outer.kind()))
        .last()
}

fn is_binary(kind: &str) -> bool {
    matches!(kind, "binary_expression" | "binary_operator" | "additive_expression" | "binary")
}

fn is_bracketed(kind: &str) -> bool {
    matches!(kind, "parenthesized_expression" | "parenthesized_statements")
}

fn whole<'t>(node: &Syntax<'t>) -> Syntax<'t> {
    joined(node).unwrap_or_else(|| node.clone())
}

/// The operands of a sum, from left to right.
fn leaves<'t>(sum: &Syntax<'t>) -> Vec<Syntax<'t>> {
    let mut open = vec![sum.clone()];
    let mut found = Vec::new();
    while let Some(node) = open.pop() {
        match is_binary(&node.kind()) || is_bracketed(&node.kind()) {
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
        (Language::Kotlin, "annotation") => {
            !outer.text().replace(' ', "").contains("nativeQuery=true")
        }
        (Language::Kotlin, "call_expression") => {
            outer.named_children().next().is_some_and(|callee| asks_for_objects(&callee.text()))
        }
        (Language::CSharp, "invocation_expression") => {
            outer.field("function").is_some_and(|callee| asks_for_objects(&callee.text()))
        }
        (Language::Ruby, "binary") => {
            outer.field("operator").is_some_and(|operator| operator.text() == "%")
        }
        (Language::Ruby, "call") => outer
            .field("method")
            .is_some_and(|name| matches!(name.text().as_ref(), "format" | "sprintf")),
        (Language::Php, "function_call_expression") => outer
            .field("function")
            .is_some_and(|name| matches!(name.text().as_ref(), "sprintf" | "vsprintf" | "printf")),
        // Doctrine's language.
        (Language::Php, "member_call_expression") => {
            outer.field("name").is_some_and(|name| name.text() == "createQuery")
        }
        _ => false,
    })
}

/// Whether a call takes a query over classes, or only fills in a text.
fn asks_for_objects(callee: &str) -> bool {
    let name = callee.rsplit('.').next().unwrap_or(callee);
    let name = name.split('<').next().unwrap_or(name).to_ascii_lowercase();
    matches!(name.as_str(), "createquery" | "createnamedquery" | "createselectionquery" | "format")
}

fn literal(node: &Syntax<'_>, language: Language) -> Option<Literal> {
    let range = node.range();
    if range.len() > MAX_BYTES {
        return None;
    }
    let parts = match node.kind().as_ref() {
        kind if is_binary(kind) => leaves(node),
        "concatenated_string" | "chained_string" => {
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
    fn strings_of_all_kinds_are_read() {
        let sharp = "class A { string q = @\"SELECT \"\"a\"\"\nFROM t\"; void F() { var r = $\"SELECT a FROM t WHERE b = {b}\"; \
                     var s = \"SELECT a \" + \"FROM t\"; var v = $@\"SELECT c\nFROM t WHERE d = {d:N}\"; \
                     var w = \"\"\"\n  SELECT d\n  \"\"\"; s.CreateQuery(\"from Order\"); var x = \"SELECT \" + name; } }";
        assert_eq!(
            texts(sharp, Language::CSharp),
            [
                "SELECT \"a\"\nFROM t",
                "SELECT a FROM t WHERE b = \u{1}",
                "SELECT a FROM t",
                "SELECT c\nFROM t WHERE d = \u{1}",
                "\n  SELECT d\n  "
            ]
        );
        let kotlin = "val q = \"\"\"\n  SELECT a\n  FROM t\"\"\".trimIndent()\nval r = \"SELECT a FROM t WHERE b = $b AND c = ${c.d}\"\n\
                      val s = \"SELECT a \" + \"FROM t\"\n@Query(\"SELECT o FROM Order o\")\nfun f()\nval t = \"SELECT %s\".format(x)\n";
        assert_eq!(
            texts(kotlin, Language::Kotlin),
            [
                "\n  SELECT a\n  FROM t",
                "SELECT a FROM t WHERE b = \u{1} AND c = \u{1}",
                "SELECT a FROM t"
            ]
        );
        let php = "<?php\n$q = \"SELECT a FROM t WHERE b = $b AND c = {$c->d}\";\n$r = 'SELECT a ' . 'FROM t';\n\
                   $s = <<<SQL\n  SELECT a\n  FROM t WHERE b = {$b}\n  SQL;\n$t = <<<'SQL'\nSELECT a\nFROM t\nSQL;\n$u = sprintf('SELECT %s', $x);\n";
        assert_eq!(
            texts(php, Language::Php),
            [
                "SELECT a FROM t WHERE b = \u{1} AND c = \u{1}",
                "SELECT a FROM t",
                "\n  SELECT a\n  FROM t WHERE b = \u{1}",
                "\nSELECT a\nFROM t"
            ]
        );
        let ruby = "Q = <<~SQL.freeze\n  SELECT a\n  FROM t WHERE b = #{b}\nSQL\nr = 'SELECT a ' \\\n  \"FROM t\"\ns = \"SELECT a \" + \"FROM t\"\n\
                    find_by_sql([<<-X, id])\n  SELECT 1\nX\nt = %q(SELECT b FROM t)\nu = 'SELECT %s' % x\n";
        assert_eq!(
            texts(ruby, Language::Ruby),
            [
                "\n  SELECT a\n  FROM t WHERE b = \u{1}\n",
                "SELECT a \nFROM t",
                "SELECT a FROM t",
                "\n  SELECT 1\n",
                "SELECT b FROM t"
            ]
        );
    }

    #[test]
    fn any_text_is_read_without_harm() {
        let deep = format!("x = {}", "\"a\" + ".repeat(3_000));
        for text in
            ["\"", "`${`${", deep.as_str(), "f('\\", "<<~A\n#{", "<?php <<<A\n{$", "$@\"{", "%q"]
        {
            for language in [
                Language::CSharp,
                Language::Go,
                Language::Java,
                Language::Kotlin,
                Language::Php,
                Language::TypeScript,
                Language::Python,
                Language::Ruby,
                Language::Rust,
            ] {
                let _ = texts(text, language);
            }
        }
    }
}
