//! Loops over the rows of a query.

use super::calls::gives_rows;
use crate::rules::parse::code::{Language, Syntax};

/// A loop around a call.
pub struct Loop<'t> {
    pub node: Syntax<'t>,
    /// Names that stand for one element.
    elements: Vec<String>,
    /// What it goes over, as written.
    over: String,
    /// The variable that holds the rows, if one does.
    pub rows: Option<String>,
    /// The elements come one by one from the database.
    streamed: bool,
}

impl<'t> Loop<'t> {
    /// The innermost loop whose body holds the node, within the same function.
    pub fn around(node: &Syntax<'t>, language: Language) -> Option<Self> {
        let place = node.range();
        for outer in node.ancestors() {
            let kind = outer.kind();
            if is_function(&kind) {
                return None;
            }
            let is_loop = matches!(
                kind.as_ref(),
                "for_statement"
                    | "for_in_statement"
                    | "enhanced_for_statement"
                    | "for_expression"
                    | "while_expression"
            );
            let is_loop = is_loop || kind == "foreach_statement" || is_each(&outer, language);
            if !is_loop {
                continue;
            }
            let body = body(&outer)?.range();
            if body.start <= place.start && place.end <= body.end {
                return Self::read(outer, language).filter(|found| !found.ends_at_once());
            }
        }
        None
    }

    fn read(node: Syntax<'t>, language: Language) -> Option<Self> {
        let (left, right) = match (language, node.kind().as_ref()) {
            (Language::Go, _) => return Self::go(node),
            (Language::Rust, "for_expression") => (node.field("pattern")?, node.field("value")?),
            (Language::Rust, _) => {
                let condition =
                    node.field("condition").filter(|it| it.kind() == "let_condition")?;
                let (pattern, value) = (condition.field("pattern")?, condition.field("value")?);
                let next = value.text();
                let stream = next
                    .split_once(".try_next()")
                    .or(next.split_once(".next()"))?
                    .0
                    .trim()
                    .to_owned();
                let elements = words(&pattern.text());
                let rows = Some(stream.clone());
                return Some(Self { node, elements, over: stream, rows, streamed: true });
            }
            (Language::Java, "enhanced_for_statement") => {
                (node.field("name")?, node.field("value")?)
            }
            (Language::JavaScript | Language::TypeScript, "for_in_statement") => {
                (node.field("left")?, node.field("right")?)
            }
            (Language::Python, "for_statement") | (Language::CSharp, "foreach_statement") => {
                (node.field("left")?, node.field("right")?)
            }
            (Language::Kotlin, "for_statement") => {
                let mut parts = node.named_children();
                (parts.next()?, parts.next()?)
            }
            // `foreach ($rows as $key => $row)`
            (Language::Php, "foreach_statement") => {
                let mut parts = node.named_children();
                let rows = parts.next()?;
                (parts.next()?, rows)
            }
            // `rows.each do |row|`
            (Language::Ruby, "call") => {
                (node.field("block")?.field("parameters")?, node.field("receiver")?)
            }
            _ => return None,
        };
        let over = right.text().into_owned();
        Some(Self {
            node,
            elements: words(&left.text()),
            rows: variable(&over),
            over,
            streamed: false,
        })
    }

    /// `for rows.Next()` and `for _, x := range xs`.
    fn go(node: Syntax<'t>) -> Option<Self> {
        let head = node.named_children().next()?;
        if head.kind() == "range_clause" {
            let over = head.field("right")?.text().into_owned();
            let mut elements = words(&head.field("left")?.text());
            elements.retain(|name| name != "_");
            return Some(Self { node, elements, rows: variable(&over), over, streamed: false });
        }
        let text = head.text();
        let rows = text.strip_suffix(".Next()")?.to_owned();
        Some(Self {
            node,
            elements: Vec::new(),
            over: rows.clone(),
            rows: Some(rows),
            streamed: true,
        })
    }

    /// Whether every round ends the loop: it looks for one row, and does not ask for all.
    fn ends_at_once(&self) -> bool {
        let body = body(&self.node);
        let last = body.and_then(|body| body.named_children().last());
        last.is_some_and(|last| {
            let text = last.text();
            matches!(last.kind().as_ref(), "return_statement" | "break_statement")
                || text.starts_with("break")
                || text.starts_with("return")
        })
    }

    /// Whether what it goes over are rows of a query made in the same function.
    pub fn is_over_rows(&self, language: Language) -> bool {
        let lower = self.over.to_lowercase();
        if ["chunk", "batch", "page", "slice", "partition", "retries", "attempt"]
            .iter()
            .any(|word| lower.contains(word))
        {
            return false;
        }
        if !self.streamed && gives_rows(&self.over, language) {
            return true;
        }
        let (Some(rows), Some(function)) = (&self.rows, self.function()) else { return false };
        let start = self.node.range().start;
        let before = function.dfs().take_while(|node| node.range().start < start);
        let mut assigned = before.filter_map(|node| {
            let (left, right) = sides(&node)?;
            words(&left.text()).contains(rows).then(|| right.text().into_owned())
        });
        if assigned.any(|value| gives_rows(&value, language)) {
            return true;
        }
        language == Language::Go && !self.streamed && self.is_filled_in(&function, rows)
    }

    /// `db.Select(&xs, …)`, or `xs = append(xs, …)` in a loop over rows.
    fn is_filled_in(&self, function: &Syntax<'t>, rows: &str) -> bool {
        let start = self.node.range().start;
        let mut before = function.dfs().take_while(|node| node.range().start < start);
        before.any(|node| match node.kind().as_ref() {
            "call_expression" => {
                let called =
                    node.field("function").map(|it| it.text().into_owned()).unwrap_or_default();
                let into = node.field("arguments").is_some_and(|list| {
                    list.named_children().any(|argument| argument.text() == format!("&{rows}"))
                });
                into && [".Select", ".SelectContext", ".Find", ".Scan"]
                    .iter()
                    .any(|end| called.ends_with(end))
            }
            "for_statement" => {
                let streams = node
                    .named_children()
                    .next()
                    .is_some_and(|head| head.text().ends_with(".Next()"));
                streams && node.text().contains(&format!("append({rows},"))
            }
            _ => false,
        })
    }

    fn function(&self) -> Option<Syntax<'t>> {
        self.node.ancestors().find(|outer| is_function(&outer.kind()))
    }

    /// Whether the call depends on the element. Rows that are streamed are scanned into variables
    /// of any name.
    pub fn feeds(&self, call: &Syntax<'t>) -> bool {
        let used = words(&call.text());
        (self.streamed && self.elements.is_empty())
            || self.elements.iter().any(|name| used.contains(name))
    }
}

/// `rows.each do |row| … end` of Ruby.
fn is_each(node: &Syntax<'_>, language: Language) -> bool {
    language == Language::Ruby
        && node.kind() == "call"
        && node.field("block").is_some()
        && node.field("method").is_some_and(|method| {
            matches!(method.text().as_ref(), "each" | "map" | "each_with_index" | "flat_map")
        })
}

/// The body of a loop, also where the grammar has no field for it.
fn body<'t>(node: &Syntax<'t>) -> Option<Syntax<'t>> {
    node.field("body")
        .or_else(|| node.field("block"))
        .or_else(|| node.named_children().find(|child| child.kind() == "control_structure_body"))
}

/// The two sides of a declaration or assignment.
fn sides<'t>(node: &Syntax<'t>) -> Option<(Syntax<'t>, Syntax<'t>)> {
    match node.kind().as_ref() {
        "short_var_declaration" | "assignment_statement" | "assignment" => {
            Some((node.field("left")?, node.field("right")?))
        }
        "variable_declarator" => {
            // C# has no field for the value.
            let value = node.field("value").or_else(|| node.named_children().nth(1))?;
            Some((node.field("name")?, value))
        }
        "assignment_expression" => Some((node.field("left")?, node.field("right")?)),
        // Kotlin
        "property_declaration" => {
            let parts: Vec<Syntax<'t>> = node.named_children().collect();
            let name = parts.iter().find(|part| part.kind() == "variable_declaration")?;
            Some((name.clone(), parts.last()?.clone()))
        }
        "let_declaration" => Some((node.field("pattern")?, node.field("value")?)),
        _ => None,
    }
}

fn is_function(kind: &str) -> bool {
    matches!(
        kind,
        "function_declaration"
            | "method_declaration"
            | "func_literal"
            | "function_item"
            | "closure_expression"
            | "async_block"
            | "function_definition"
            | "lambda"
            | "method_definition"
            | "function_expression"
            | "arrow_function"
            | "generator_function_declaration"
            | "constructor_declaration"
            | "lambda_expression"
            | "local_function_statement"
            | "anonymous_function"
            | "lambda_literal"
            | "method"
            | "singleton_method"
    )
}

/// The variable that an expression goes over: `orders`, `&orders`, `orders.iter()`, `result.rows`.
fn variable(over: &str) -> Option<String> {
    let plain = over.trim_start_matches(['&', '*', '$']).trim_start_matches("mut ");
    let (name, rest) = plain
        .split_at(plain.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(plain.len()));
    let whole = ["", ".iter()", ".into_iter()", ".iter_mut()", ".rows", ".all()"].contains(&rest);
    (whole && !name.is_empty()).then(|| name.to_owned())
}

/// The identifiers in a piece of code.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| {
            !word.is_empty() && !["const", "let", "var", "mut", "Some", "Ok"].contains(word)
        })
        .map(str::to_owned)
        .collect()
}
