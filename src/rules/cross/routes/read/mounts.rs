//! Where a file mounts the routers of other files, and at which prefix.

use super::named::{
    From, Named, declarations, go as go_names, javascript as script_names, rust as rust_names,
};
use super::syntax::{arguments, literal};
use super::{go, joined};
use crate::domain::path::RepoPath;
use crate::rules::parse::code::{Language, ParsedCode, Syntax};

/// A router of another file, mounted at a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub prefix: String,
    target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// The file that an import of JavaScript leads to.
    Import(String),
    /// What a module of Python calls its router: the dots before its name, its name, the router.
    Module { dots: usize, name: String, router: Option<String> },
    /// The function of Go or Rust that registers the routes.
    Function(Named),
}

/// What a file mounts.
#[derive(Debug, Default)]
pub struct Mounts(pub Vec<Mount>);

/// Whether a text may mount routers of other files.
pub fn may_mount(text: &str) -> bool {
    const MARKS: [&str; 9] = [
        ".use(",
        ".register(",
        ".route(",
        "include_router",
        "register_blueprint",
        "include(",
        ".nest(",
        "Group(",
        ".Mount(",
    ];
    MARKS.iter().any(|mark| text.contains(mark)) || text.contains(".Route(")
}

pub fn mounts(path: &RepoPath, text: &str) -> Mounts {
    let Some(language) = Language::of(path).filter(|_| may_mount(text)) else {
        return Mounts::default();
    };
    let code = ParsedCode::new(text, language);
    let nodes = code.nodes();
    let names = declarations(&nodes);
    let groups = if language == Language::Go { go::groups(&nodes) } else { go::Groups::new() };
    let calls =
        nodes.iter().filter(|node| matches!(node.kind().as_ref(), "call_expression" | "call"));
    let found = calls.filter_map(|call| match language {
        Language::JavaScript | Language::TypeScript => script(call, &names),
        Language::Python => python(call, &names),
        Language::Rust => rust(call, &names),
        Language::Go => of_go(call, &names, &groups),
        _ => None,
    });
    Mounts(found.collect())
}

/// `app.use('/orders', orders)`, `app.register(orders, { prefix: '/orders' })`.
fn script(call: &Syntax<'_>, nodes: &[Syntax<'_>]) -> Option<Mount> {
    let target = call.field("function").filter(|it| it.kind() == "member_expression")?;
    let verb = target.field("property")?.text().into_owned();
    let args = arguments(call);
    let (prefix, router) = match verb.as_str() {
        "use" | "route" => {
            let prefix = args.first().and_then(literal);
            match prefix {
                Some(prefix) => (prefix, args.last().filter(|_| args.len() > 1)?),
                // A prefix that is computed is none that is known.
                None if args.len() == 1 => (String::new(), args.first()?),
                None => return None,
            }
        }
        "register" => {
            let options = args.get(1).filter(|it| it.kind() == "object");
            let mut pairs =
                options.into_iter().flat_map(|it| it.named_children().collect::<Vec<_>>());
            let own =
                pairs.find(|pair| pair.field("key").is_some_and(|key| key.text() == "prefix"));
            let prefix = match own {
                Some(pair) => literal(&pair.field("value")?)?,
                None => String::new(),
            };
            (prefix, args.first()?)
        }
        _ => return None,
    };
    let source = match router.kind().as_ref() {
        "identifier" => script_names::imported(nodes, &router.text())?,
        "member_expression" => script_names::imported(nodes, &router.field("object")?.text())?,
        // `require('./orders')` in place.
        "call_expression" if router.field("function")?.text() == "require" => {
            literal(arguments(router).first()?)?
        }
        _ => return None,
    };
    Some(Mount { prefix, target: Target::Import(source) })
}

/// `app.include_router(orders.router, prefix="/orders")`, `path("orders/", include("orders.urls"))`.
fn python(call: &Syntax<'_>, nodes: &[Syntax<'_>]) -> Option<Mount> {
    let function = call.field("function")?;
    let args = arguments(call);
    let keyword = |name: &str| {
        let mut all = args.iter().filter(|node| node.kind() == "keyword_argument");
        all.find(|node| node.field("name").is_some_and(|key| key.text() == name))?.field("value")
    };
    if matches!(function.text().as_ref(), "path" | "re_path") {
        let prefix = literal(args.first()?)?;
        let include = args.get(1).filter(|it| {
            it.kind() == "call" && it.field("function").is_some_and(|f| f.text() == "include")
        })?;
        let name = literal(arguments(include).first()?)?;
        let plain = !prefix.contains(['^', '$', '(']);
        let target = Target::Module { dots: 0, name, router: None };
        return plain.then_some(Mount { prefix, target });
    }
    let key = match function.field("attribute")?.text().as_ref() {
        "include_router" => "prefix",
        "register_blueprint" => "url_prefix",
        _ => return None,
    };
    let prefix = match keyword(key) {
        Some(value) => literal(&value)?,
        None => String::new(),
    };
    let router = args.first()?;
    let (name, attribute) = match router.kind().as_ref() {
        "identifier" => (router.text().into_owned(), None),
        "attribute" => (
            router.field("object")?.text().into_owned(),
            Some(router.field("attribute")?.text().into_owned()),
        ),
        _ => return None,
    };
    let (dots, module, own) = imported(nodes, &name)?;
    let joint = |module: &str, own: &str| match module {
        "" => own.to_owned(),
        module => format!("{module}.{own}"),
    };
    let target = match attribute {
        // `orders.router` of `from app import orders`
        Some(router) => Target::Module { dots, name: joint(&module, &own), router: Some(router) },
        None => Target::Module { dots, name: module, router: Some(own) },
    };
    Some(Mount { prefix, target })
}

/// What a name is imported as: dots, module, and the name there.
fn imported(nodes: &[Syntax<'_>], name: &str) -> Option<(usize, String, String)> {
    nodes.iter().filter(|node| node.kind() == "import_from_statement").find_map(|node| {
        let from = node.field("module_name")?.text().into_owned();
        let dots = from.len() - from.trim_start_matches('.').len();
        let module = from.trim_start_matches('.').to_owned();
        node.field_children("name").find_map(|one| {
            let (own, known) = match one.kind().as_ref() {
                "aliased_import" => (one.field("name")?.text(), one.field("alias")?.text()),
                _ => (one.text(), one.text()),
            };
            (known == name).then(|| (dots, module.clone(), own.into_owned()))
        })
    })
}

/// `.nest("/orders", orders::router())`.
fn rust(call: &Syntax<'_>, nodes: &[Syntax<'_>]) -> Option<Mount> {
    let function = call.field("function").filter(|it| it.kind() == "field_expression")?;
    let args = arguments(call);
    let (prefix, router) = match function.field("field")?.text().as_ref() {
        "nest" => (literal(args.first()?)?, args.get(1)?),
        "merge" => (String::new(), args.first()?),
        _ => return None,
    };
    let made = router.field("function").filter(|_| router.kind() == "call_expression")?;
    let named = rust_names::named(&made, nodes)?;
    let elsewhere = matches!(named.from, From::Module(_));
    elsewhere.then_some(Mount { prefix, target: Target::Function(named) })
}

/// `orders.Register(api.Group("/orders"))`, `r.Mount("/orders", orders.Router())`,
/// `r.Route("/orders", orders.Routes)`.
fn of_go(call: &Syntax<'_>, nodes: &[Syntax<'_>], groups: &go::Groups) -> Option<Mount> {
    let function = call.field("function")?;
    let method = function.field("field").map(|field| field.text().into_owned());
    let args = arguments(call);
    if matches!(method.as_deref(), Some("Mount" | "Route"))
        && let (Some(prefix), Some(router)) = (args.first().and_then(literal), args.get(1))
    {
        let made = match router.kind().as_ref() {
            "call_expression" => router.field("function")?,
            _ => router.clone(),
        };
        let target = Target::Function(go_names::named(&made, nodes)?);
        let operand = function.field("operand")?.text().into_owned();
        let outer = go::prefix(call, &operand, groups)?;
        return Some(Mount { prefix: joined(&outer, &prefix), target });
    }
    let router = args.iter().find_map(|one| {
        if one.kind() == "identifier" {
            let known = groups.get(one.text().as_ref()).is_some_and(Option::is_some);
            return known.then(|| go::prefix(call, &one.text(), groups)).flatten();
        }
        let group = one.field("function").filter(|_| one.kind() == "call_expression")?;
        let grouped = group.field("field").is_some_and(|field| field.text() == "Group");
        let own = literal(arguments(one).first()?).filter(|_| grouped)?;
        let outer = go::prefix(call, &group.field("operand")?.text(), groups)?;
        Some(joined(&outer, &own))
    })?;
    let target = Target::Function(go_names::named(&function, nodes)?);
    Some(Mount { prefix: router, target })
}

impl Mount {
    /// Whether it is told by its file alone, whatever that calls its router.
    pub fn is_by_file(&self) -> bool {
        matches!(self.target, Target::Import(_))
    }

    /// Whether what is mounted by the first file is the router or function of that name in the
    /// other.
    pub fn leads(&self, own: &RepoPath, other: &RepoPath, scope: Option<&str>) -> bool {
        match &self.target {
            Target::Import(source) => {
                Named { from: From::File(source.clone()), name: String::new() }.leads_to(own, other)
            }
            Target::Module { dots, name, router } => {
                let named = router.as_deref().is_none_or(|router| scope == Some(router));
                named && is_module(own, other, *dots, name)
            }
            Target::Function(named) => {
                let owner = match &named.from {
                    From::Type(owner) | From::Package(_, Some(owner)) => format!("{owner}."),
                    _ => String::new(),
                };
                let here = own == other && matches!(named.from, From::Here | From::Type(_));
                scope == Some(format!("{owner}{}", named.name).as_str())
                    && (here || named.leads_to(own, other))
            }
        }
    }
}

/// Whether a module that one file imports is the other.
fn is_module(own: &RepoPath, other: &RepoPath, dots: usize, name: &str) -> bool {
    let Some(stem) = other.as_str().strip_suffix(".py") else { return false };
    let dotted = stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', ".");
    if dots == 0 {
        return dotted == name || dotted.ends_with(&format!(".{name}"));
    }
    let mut parts: Vec<&str> = own.directory().split('/').filter(|part| !part.is_empty()).collect();
    for _ in 1..dots {
        parts.pop();
    }
    parts.extend(name.split('.').filter(|part| !part.is_empty()));
    dotted == parts.join(".")
}
