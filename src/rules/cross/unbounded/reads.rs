//! Calls that certainly read every row of a table.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::change::Text;
use crate::rules::cross::sql;
use crate::rules::parse::code::{Language, Syntax};

/// Whether a line may be part of a read of a whole table.
pub fn may_be(line: &str, language: Language) -> bool {
    let marks: &[&str] = match language {
        Language::CSharp => &["ToListAsync(", "ToList(", "ToArrayAsync("],
        Language::JavaScript | Language::TypeScript => &["findMany("],
        Language::Java | Language::Kotlin => &["findAll("],
        Language::Php => &["::all(", "->get(", "::get("],
        Language::Python => &[".objects.all(", ".query(", ".query.", "(select("],
        Language::Ruby => &[".all"],
        Language::Go | Language::Rust => &[],
    };
    line.contains("SELECT ") || marks.iter().any(|mark| line.contains(mark))
}

/// A read of a whole table.
pub struct Read<'t> {
    /// The call, or the statement's text.
    pub node: Syntax<'t>,
    /// Names that the table may have.
    pub tables: Vec<String>,
}

/// The reads of whole tables in a file.
pub fn all<'t>(
    root: &Syntax<'t>,
    nodes: &[Syntax<'t>],
    language: Language,
    text: &Text,
) -> Vec<Read<'t>> {
    let mut found = Vec::new();
    for (start, table) in sql::whole_reads(root, language, text) {
        let node = nodes.iter().find(|node| {
            let text = node.kind().contains("str") || node.kind().contains("heredoc");
            node.range().start == start && text
        });
        if let Some(node) = node.filter(|node| is_handed_over(node)) {
            found.push(Read { node: node.clone(), tables: vec![table] });
        }
    }
    let mapped = nodes.iter().filter_map(|node| {
        let model = mapped(node, language)?;
        Some(Read { node: node.clone(), tables: table_names(&model) })
    });
    found.extend(mapped);
    found
}

/// Whether a statement is the argument of a call that gives all its rows.
fn is_handed_over(literal: &Syntax<'_>) -> bool {
    const READERS: [&str; 24] = [
        "Query",
        "QueryContext",
        "Queryx",
        "QueryxContext",
        "Select",
        "SelectContext",
        "query",
        "query_as",
        "fetch",
        "fetchAll",
        "fetch_all",
        "all",
        "execute",
        "select",
        "select_all",
        "find_by_sql",
        "exec_query",
        "QueryAsync",
        "queryForList",
        "manyOrNone",
        "many",
        "any",
        "queryRaw",
        "$queryRaw",
    ];
    let call = literal.ancestors().take(4).find(|outer| {
        matches!(
            outer.kind().as_ref(),
            "call_expression"
                | "call"
                | "invocation_expression"
                | "method_invocation"
                | "member_call_expression"
                | "scoped_call_expression"
                | "macro_invocation"
        )
    });
    let Some(call) = call else { return false };
    let callee = ["function", "macro", "method", "name"].iter().find_map(|field| call.field(field));
    let callee = callee.or_else(|| call.named_children().next());
    let callee = callee.map(|callee| callee.text().into_owned()).unwrap_or_default();
    let name = callee.split('<').next().unwrap_or_default().trim_end_matches("::");
    let name = name.rsplit(['.', ':']).next().unwrap_or_default();
    // One row of the whole table is another matter; so are rows that come one by one.
    let around = call.ancestors().take(6).find(|outer| {
        let kind = outer.kind();
        kind.contains("statement") || kind.contains("declaration") || kind == "block"
    });
    let single = around.is_some_and(|around| {
        let text = around.text();
        ["fetch_one", "fetch_optional", "fetchone", "fetch(", ".first", "one_or_none"]
            .iter()
            .any(|mark| text.contains(mark) && name != "fetch")
    });
    READERS.contains(&name) && !single
}

type Pattern = LazyLock<Option<Regex>>;

static DJANGO: Pattern = LazyLock::new(|| Regex::new(r"^([A-Z]\w*)\.objects\.all\(\)$").ok());
static ALCHEMY: Pattern = LazyLock::new(|| {
    Regex::new(
        r"^(?:await )?(?:[\w.]+\.query\(([A-Z]\w*)\)|([A-Z]\w*)\.query|(?:await |\(await )?[\w.]+\.(?:scalars|execute)\(select\(([A-Z]\w*)\)(?:\.order_by\([^()]*(?:\(\))?\))?\)+(?:\.scalars\(\))?)(?:\.order_by\([^()]*(?:\(\))?\))?\.all\(\)$",
    )
    .ok()
});
static RAILS: Pattern = LazyLock::new(|| {
    Regex::new(r"^([A-Z]\w*)\.all(?:\.(?:order|includes|preload)\([^()]*\))*$").ok()
});
static LARAVEL: Pattern = LazyLock::new(|| {
    Regex::new(
        r"^([A-Z]\w*)::(?:all\(\)|get\(\)|(?:with|orderBy|orderByDesc|latest)\([^()]*\)(?:->(?:with|orderBy|orderByDesc|latest)\([^()]*\))*->get\(\))$",
    )
    .ok()
});
static ENTITIES: Pattern = LazyLock::new(|| {
    Regex::new(
        r"^_?(?:db|context|\w+Context)\.([A-Z]\w*)(?:\.(?:AsNoTracking|Include|OrderBy|OrderByDescending|Select)\((?:[^()]|\([^()]*\))*\))*\.(?:ToListAsync|ToList|ToArrayAsync)\([\w.]*\)$",
    )
    .ok()
});
static PRISMA: Pattern =
    LazyLock::new(|| Regex::new(r"^(?:this\.)?(?:\w+\.)*?\w*[pP]risma\w*\.(\w+)\.findMany\(").ok());

/// The model of which a mapper is asked for every row.
fn mapped(node: &Syntax<'_>, language: Language) -> Option<String> {
    let kind = node.kind();
    let call = matches!(
        kind.as_ref(),
        "call"
            | "call_expression"
            | "invocation_expression"
            | "method_invocation"
            | "scoped_call_expression"
            | "member_call_expression"
    );
    if !call || node.range().len() > 400 {
        return None;
    }
    // A link in the middle of a chain says less than all of it.
    let chained = node.parent().is_some_and(|outer| {
        ["receiver", "object", "expression", "value"].iter().any(|field| {
            outer.field(field).is_some_and(|inner| inner.range() == node.range())
                && outer.kind() != "return_statement"
                && outer.kind() != "await_expression"
                && !outer.kind().contains("declarator")
                && !outer.kind().contains("pair")
                && !outer.kind().contains("argument")
        })
    });
    let text: String = node.text().split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.replace(" .", ".").replace(" ->", "->");
    let captured = |pattern: &Pattern| {
        let found = pattern.as_ref()?.captures(&text)?;
        found.iter().skip(1).flatten().next().map(|part| part.as_str().to_owned())
    };
    match language {
        Language::Python if !chained => captured(&DJANGO).or_else(|| captured(&ALCHEMY)),
        Language::Ruby if !chained => captured(&RAILS),
        Language::Php if !chained => captured(&LARAVEL),
        Language::CSharp => captured(&ENTITIES),
        Language::JavaScript | Language::TypeScript => {
            let narrowed = ["where", "take", "first", "cursor", "distinct", "..."];
            let given = text.split_once("findMany(").map(|(_, given)| given.to_owned())?;
            let fixed = given == ")" || given.starts_with('{');
            let open = narrowed.iter().any(|word| given.contains(word));
            captured(&PRISMA).filter(|_| fixed && !open)
        }
        Language::Java | Language::Kotlin => {
            let owner = text.strip_suffix(".findAll()")?;
            let name = owner.rsplit('.').next()?;
            let ends = ["Repository", "Repo", "Dao"];
            let model = ends.iter().find_map(|end| name.strip_suffix(end))?;
            (!model.is_empty()).then(|| model.to_owned())
        }
        _ => None,
    }
}

/// The names that the table of a model may have.
fn table_names(model: &str) -> Vec<String> {
    let snake = snake_case(model);
    let mut pascal = model.to_owned();
    if let Some(first) = pascal.get(..1).map(str::to_uppercase) {
        pascal.replace_range(..1, &first);
    }
    let mut names = vec![plural(&snake), snake, plural(&pascal), pascal];
    names.dedup();
    names
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn plural(name: &str) -> String {
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if name.ends_with(['s', 'x']) || name.ends_with("ch") => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_named_like_tables() {
        assert_eq!(table_names("OrderItem")[..2], ["order_items", "order_item"]);
        assert_eq!(table_names("category")[0], "categories");
        assert_eq!(table_names("Orders")[1], "orders");
    }

    #[test]
    fn queries_of_mappers_are_whole_or_not() {
        let is = |pattern: &Pattern, text: &str| pattern.as_ref().unwrap().is_match(text);
        for text in ["db.query(Order).all()", "Order.query.order_by(Order.id.desc()).all()"] {
            assert!(is(&ALCHEMY, text), "{text}");
        }
        for text in [
            "session.scalars(select(Order)).all()",
            "(await session.execute(select(Order).order_by(Order.id))).scalars().all()",
        ] {
            assert!(is(&ALCHEMY, text), "{text}");
        }
        for text in
            ["db.query(Order).filter(a).all()", "session.scalars(select(Order).limit(5)).all()"]
        {
            assert!(!is(&ALCHEMY, text), "{text}");
        }
        assert!(is(&ENTITIES, "_context.Orders.AsNoTracking().OrderBy(o => o.Id).ToListAsync(ct)"));
        assert!(!is(&ENTITIES, "_context.Orders.Where(o => o.Open).ToListAsync()"));
        assert!(!is(&RAILS, "Order.all.limit(5)") && is(&RAILS, "Order.all.order(:id)"));
    }
}
