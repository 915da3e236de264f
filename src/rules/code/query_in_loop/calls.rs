//! Calls that certainly ask the database, each run on its own.

use crate::rules::code::view::statements;
use crate::rules::parse::code::{Language, Syntax};

/// The call as people write it, if the node is a query.
pub fn query(node: &Syntax<'_>, language: Language) -> Option<String> {
    match language {
        Language::CSharp => sharp(node),
        Language::Go => go(node),
        Language::Java => java(node),
        Language::JavaScript | Language::TypeScript => javascript(node),
        Language::Kotlin => kotlin(node),
        Language::Php => php(node),
        Language::Python => python(node),
        Language::Ruby => ruby(node),
        Language::Rust => rust(node),
    }
}

/// Whether an expression gives rows of a query.
pub fn gives_rows(text: &str, language: Language) -> bool {
    let marks: &[&str] = match language {
        Language::Go => &[".Query(", ".QueryContext(", ".Queryx(", ".QueryxContext("],
        Language::CSharp => &[".ToListAsync(", ".ToArrayAsync(", ".QueryAsync<"],
        Language::Php => {
            &["::where(", "::all(", "::query(", "DB::table(", "DB::select(", "::with("]
        }
        Language::Ruby => &[".where(", ".where.not(", ".all.", ".find_by_sql(", ".includes("],
        Language::Java | Language::Kotlin => &[
            "Repository.find",
            "Repo.find",
            "Dao.find",
            "Dao.get",
            "Dao.list",
            "jdbcTemplate.query",
        ],
        Language::JavaScript | Language::TypeScript => &[
            ".findMany(",
            ".findAll(",
            ".find(",
            ".findBy(",
            ".query(",
            ".query<",
            ".getMany(",
            ".$queryRaw",
        ],
        Language::Python => &[".objects.", ".fetchall(", ".fetch(", ".fetchmany("],
        Language::Rust => &[".fetch_all(", ".fetch("],
    };
    let asked = marks.iter().any(|mark| text.contains(mark));
    match language {
        // `list.find(…)` is no query; one that has to be waited for is.
        Language::JavaScript | Language::TypeScript => asked && text.contains("await"),
        // One part of the rows at a time.
        Language::Python => asked && ![".iterator(", "[:"].iter().any(|mark| text.contains(mark)),
        // `->get()` and the like ask; what comes before only says for what.
        Language::Php => {
            let asks = ["->get(", "::all(", "DB::select(", "->cursor(", "->lazy("];
            asked && asks.iter().any(|mark| text.contains(mark))
        }
        // Rows of a model: a class, asked at once.
        Language::Ruby => (asked || text.ends_with(".all")) && text.starts_with(char::is_uppercase),
        _ => asked,
    }
}

fn arguments<'t>(call: &Syntax<'t>) -> Vec<Syntax<'t>> {
    call.field("arguments").map(|list| statements(&list)).unwrap_or_default()
}

/// Whether one of the arguments is a literal that reads rows.
fn reads(call: &Syntax<'_>) -> bool {
    arguments(call).iter().any(|argument| is_select(&argument.text()))
}

fn is_select(literal: &str) -> bool {
    let inner = literal.trim_start_matches(|c: char| !c.is_alphabetic());
    let quoted = literal.starts_with(['"', '\'', '`', 'r', 'b']);
    let first = inner.split_whitespace().next().unwrap_or_default();
    quoted && (first.eq_ignore_ascii_case("select") || first.eq_ignore_ascii_case("with"))
}

fn last<'s>(text: &'s str, separator: &str) -> &'s str {
    text.rsplit(separator).next().unwrap_or(text)
}

/// database/sql, sqlx and pgx.
fn go(node: &Syntax<'_>) -> Option<String> {
    let function = (node.kind() == "call_expression").then(|| node.field("function")).flatten()?;
    let method = function.field("field")?.text().into_owned();
    let receiver = function.field("operand")?.text().into_owned();
    let asks = match method.as_str() {
        "QueryRow" | "QueryRowContext" | "QueryContext" | "QueryRowx" | "QueryxContext" => {
            !arguments(node).is_empty()
        }
        // `url.Query()`
        "Query" | "Queryx" => reads(node) || arguments(node).len() > 1 && is_database(&receiver),
        "Get" | "GetContext" | "Select" | "SelectContext" => reads(node),
        _ => false,
    };
    asks.then(|| format!("{receiver}.{method}"))
}

fn is_database(receiver: &str) -> bool {
    let name = last(receiver, ".").to_lowercase();
    ["db", "tx", "conn", "pool"].iter().any(|part| name.ends_with(part))
}

/// Repositories of Spring Data and the like.
fn java(node: &Syntax<'_>) -> Option<String> {
    if node.kind() != "method_invocation" {
        return None;
    }
    let (object, name) =
        (node.field("object")?.text().into_owned(), node.field("name")?.text().into_owned());
    let of = last(&object, ".");
    let repository = of.ends_with("Repository") || of.ends_with("Dao");
    let asks = ["findBy", "findOne", "findAllBy", "countBy", "existsBy", "getBy"];
    (repository && asks.iter().any(|start| name.starts_with(start)))
        .then(|| format!("{object}.{name}"))
}

/// Entity Framework, asked through a context, and Dapper.
fn sharp(node: &Syntax<'_>) -> Option<String> {
    if node.kind() != "invocation_expression" {
        return None;
    }
    let function = node.field("function").filter(|it| it.kind() == "member_access_expression")?;
    let receiver = function.field("expression")?.text().into_owned();
    let method = function.field("name")?.text().into_owned();
    let plain = method.split('<').next().unwrap_or_default();
    let owner = receiver.split('.').next().unwrap_or_default().trim_start_matches('_');
    let context = owner == "db" || owner.to_ascii_lowercase().ends_with("context");
    let asks = match plain {
        "FirstAsync"
        | "FirstOrDefaultAsync"
        | "SingleAsync"
        | "SingleOrDefaultAsync"
        | "FindAsync"
        | "CountAsync"
        | "AnyAsync"
        | "ToListAsync" => context && receiver.contains('.'),
        "QueryAsync"
        | "QueryFirstAsync"
        | "QueryFirstOrDefaultAsync"
        | "QuerySingleAsync"
        | "QuerySingleOrDefaultAsync"
        | "ExecuteScalarAsync" => reads(node),
        _ => false,
    };
    let short = receiver.split(['(', '\n']).next().unwrap_or_default().trim();
    let gap = if short.len() < receiver.len() { "…" } else { "" };
    asks.then(|| format!("{short}{gap}.{plain}"))
}

/// Repositories of Spring Data.
fn kotlin(node: &Syntax<'_>) -> Option<String> {
    if node.kind() != "call_expression" {
        return None;
    }
    let callee = node.named_children().next()?.text().into_owned();
    let (object, name) = callee.rsplit_once('.')?;
    let repository = object.ends_with("Repository") || object.ends_with("Dao");
    let asks = ["findBy", "findOne", "findAllBy", "countBy", "existsBy", "getBy"];
    (repository && asks.iter().any(|start| name.starts_with(start))).then(|| callee.clone())
}

/// Eloquent, asked through the class.
fn php(node: &Syntax<'_>) -> Option<String> {
    let name = || Some(node.field("name")?.text().into_owned());
    match node.kind().as_ref() {
        "scoped_call_expression" => {
            let (class, name) = (node.field("scope")?.text().into_owned(), name()?);
            let model = class.starts_with(char::is_uppercase) && !is_facade(&class);
            let asks = matches!(name.as_str(), "find" | "findOrFail" | "firstWhere");
            (model && asks).then(|| format!("{class}::{name}"))
        }
        "member_call_expression" => {
            let asks = ["first", "firstOrFail", "get", "count", "exists", "value", "pluck"];
            let name = name().filter(|name| asks.contains(&name.as_str()))?;
            let receiver = node.field("object")?.text().into_owned();
            let (class, rest) = receiver.split_once("::")?;
            let starts = ["where", "query(", "with("];
            let model = class.starts_with(char::is_uppercase)
                && (!is_facade(class) || class == "DB" && rest.starts_with("table("));
            let asked = starts.iter().any(|start| rest.starts_with(start)) || class == "DB";
            (model && asked).then(|| format!("{class}::…->{name}"))
        }
        _ => None,
    }
}

/// Classes of Laravel that are no models.
fn is_facade(class: &str) -> bool {
    const FACADES: [&str; 14] = [
        "Arr",
        "Auth",
        "Cache",
        "Config",
        "Cookie",
        "DB",
        "File",
        "Http",
        "Log",
        "Request",
        "Session",
        "Storage",
        "Str",
        "Collection",
    ];
    FACADES.contains(&class)
}

/// Active Record, asked through the class.
fn ruby(node: &Syntax<'_>) -> Option<String> {
    if node.kind() != "call" {
        return None;
    }
    let receiver = node.field("receiver")?.text().into_owned();
    let method = node.field("method")?.text().into_owned();
    let constant = receiver.starts_with(char::is_uppercase)
        && receiver.chars().all(|c| c.is_alphanumeric() || c == ':');
    let asks = match method.as_str() {
        "find_by" | "find_by!" | "find_by_sql" => constant,
        // `Struct.find(x)` of other classes has blocks; a row is found by an id.
        "find" => {
            let list = arguments(node);
            constant && list.len() == 1 && list.iter().all(|one| one.text().ends_with("_id"))
        }
        "first" | "last" | "count" | "exists?" | "sum" | "pluck" | "to_a" => {
            let start = receiver.split_once(".where(").map(|(class, _)| class);
            start.is_some_and(|class| {
                class.starts_with(char::is_uppercase)
                    && class.chars().all(|c| c.is_alphanumeric() || c == ':')
            })
        }
        _ => false,
    };
    let short = receiver.split('.').next().unwrap_or_default();
    asks.then(|| match constant {
        true => format!("{receiver}.{method}"),
        false => format!("{short}.where….{method}"),
    })
}

/// Prisma, drivers, Sequelize, TypeORM and Mongoose; only calls that are waited for on the spot.
/// Prisma joins calls that are made at the same time, and a pool runs them side by side.
fn javascript(node: &Syntax<'_>) -> Option<String> {
    let function = (node.kind() == "call_expression").then(|| node.field("function")).flatten()?;
    let waited = node.parent().is_some_and(|parent| parent.kind() == "await_expression");
    if !waited || function.kind() != "member_expression" {
        return None;
    }
    let method = function.field("property")?.text().into_owned();
    let receiver = function.field("object")?.text().into_owned();
    let asks = match method.as_str() {
        "findUnique" | "findUniqueOrThrow" | "findFirst" | "findFirstOrThrow" | "findMany"
        | "aggregate" => receiver.to_lowercase().contains("prisma") || receiver.starts_with("tx."),
        "findByPk" | "findOneBy" | "findOneByOrFail" | "findById" | "findAndCountAll"
        | "findOne" => is_model(&receiver),
        "query" | "oneOrNone" | "manyOrNone" => reads(node),
        _ => false,
    };
    let short = receiver.len() <= 40 && !receiver.contains('\n');
    (asks && short).then(|| format!("{receiver}.{method}"))
}

/// A class of Sequelize or Mongoose, or a repository of TypeORM. Services may ask anything.
fn is_model(receiver: &str) -> bool {
    let name = last(receiver, ".");
    name.starts_with(char::is_uppercase)
        || ["Repository", "Repo", "repository", "Model"].iter().any(|end| name.ends_with(end))
}

/// Django's managers, and cursors. What Django makes of `filter` alone is asked for later, perhaps
/// never.
fn python(node: &Syntax<'_>) -> Option<String> {
    let function = (node.kind() == "call").then(|| node.field("function")).flatten()?;
    let method = function.field("attribute")?.text().into_owned();
    let receiver = function.field("object")?.text().into_owned();
    let asks = match method.as_str() {
        "get" | "first" | "last" | "count" | "exists" | "aggregate" | "latest" | "earliest" => {
            receiver.contains(".objects.") || receiver.ends_with(".objects")
        }
        "execute" | "fetchrow" | "fetchval" | "fetch" | "fetch_one" => reads(node),
        _ => false,
    };
    let short = match receiver.split_once(".objects") {
        Some((model, _)) => format!("{model}.objects….{method}"),
        None => format!("{receiver}.{method}"),
    };
    let short = short.replace("….get", ".get");
    (asks && short.len() <= 60 && !short.contains('\n')).then_some(short)
}

/// sqlx.
fn rust(node: &Syntax<'_>) -> Option<String> {
    let function = (node.kind() == "call_expression").then(|| node.field("function")).flatten()?;
    if function.kind() != "field_expression" {
        return None;
    }
    let method = function.field("field")?.text().into_owned();
    let fetches = matches!(method.as_str(), "fetch_one" | "fetch_optional" | "fetch_all");
    let receiver = function.field("value")?.text().into_owned();
    let asked =
        ["sqlx::query", "query!(", "query_as!(", "query_scalar!(", "query_as(", "query_scalar("];
    (fetches && asked.iter().any(|mark| receiver.contains(mark))).then_some(method)
}
