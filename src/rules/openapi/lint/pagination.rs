//! Lists that are cut into pages.

use super::words::{
    fixed_parts, is_nested, is_of_type, mentions, names_one, plain, properties, success,
};
use super::{HABIT, Habit, Missed, Now};
use crate::rules::openapi::model::{Description, Operation};
use crate::rules::openapi::resolve::At;

/// Parameters by which a page is chosen, see [`plain`].
const PARAMETERS: [&str; 36] = [
    "after",
    "afterid",
    "before",
    "beforeid",
    "continue",
    "continuation",
    "continuationtoken",
    "count",
    "cursor",
    "endingbefore",
    "exclusivestartkey",
    "first",
    "from",
    "last",
    "lastid",
    "limit",
    "marker",
    "maxid",
    "maxresults",
    "nexttoken",
    "num",
    "offset",
    "page",
    "pagination",
    "perpage",
    "range",
    "rows",
    "sinceid",
    "size",
    "skip",
    "start",
    "startat",
    "startindex",
    "startingafter",
    "top",
    "maxitems",
];

/// What stands beside the list in an object around it.
const BESIDE: [&str; 82] = [
    "apiversion",
    "cacheduntil",
    "code",
    "count",
    "currentpage",
    "cursor",
    "cursors",
    "embedded",
    "empty",
    "error",
    "errors",
    "etag",
    "facets",
    "filters",
    "first",
    "generatedat",
    "hasmore",
    "hasnext",
    "hasnextpage",
    "hasprev",
    "hasprevious",
    "haspreviouspage",
    "included",
    "itemcount",
    "itemsperpage",
    "jsonapi",
    "kind",
    "last",
    "lastpage",
    "limit",
    "link",
    "links",
    "message",
    "meta",
    "metadata",
    "next",
    "nextcursor",
    "nextlink",
    "nextpage",
    "nextpagetoken",
    "nexttoken",
    "number",
    "numberofelements",
    "numfound",
    "numpages",
    "object",
    "odatacontext",
    "odatacount",
    "odatanextlink",
    "offset",
    "page",
    "pageable",
    "pagecount",
    "pageinfo",
    "pages",
    "pagesize",
    "pagination",
    "paging",
    "perpage",
    "prev",
    "prevcursor",
    "previous",
    "query",
    "requestid",
    "schemas",
    "self",
    "size",
    "sort",
    "startindex",
    "status",
    "success",
    "timestamp",
    "took",
    "total",
    "totalcount",
    "totalelements",
    "totalitems",
    "totalpages",
    "totalresults",
    "traceid",
    "unreachable",
    "url",
];

/// Names of lists that are short by their nature.
const SHORT: [&str; 34] = [
    "capabilities",
    "channels-available",
    "config",
    "configuration",
    "countries",
    "currencies",
    "enums",
    "features",
    "feature-flags",
    "flags",
    "health",
    "jwks",
    "keys",
    "languages",
    "locales",
    "me",
    "methods",
    "options",
    "payment-methods",
    "permissions",
    "plans",
    "preferences",
    "regions",
    "roles",
    "scopes",
    "settings",
    "states",
    "statuses",
    "suggestions",
    "autocomplete",
    "timezones",
    "types",
    "versions",
    "zones",
];

/// Required parameters that bound what can come back.
const BOUNDING: [&str; 26] = [
    "bbox",
    "date",
    "day",
    "end",
    "enddate",
    "endtime",
    "from",
    "fromdate",
    "id",
    "ids",
    "keys",
    "month",
    "names",
    "period",
    "q",
    "query",
    "since",
    "start",
    "startdate",
    "starttime",
    "to",
    "todate",
    "top",
    "until",
    "week",
    "year",
];

const SAID: [&str; 9] = [
    "at most",
    "no pagination",
    "no paging",
    "not paginated",
    "not paged",
    "never more than",
    "unpaginated",
    "up to",
    "without pagination",
];

/// How most lists of a description are cut.
pub struct Pages {
    by: String,
    /// Lists that belong to something else are cut too.
    nested: bool,
}

impl Pages {
    pub fn of<'t>(base: &Description<'t>, operations: &[Operation<'t>]) -> Option<Self> {
        let lists: Vec<_> = operations.iter().filter(|one| is_open_list(base, one)).collect();
        let paged: Vec<(String, bool)> = lists
            .iter()
            .filter_map(|one| Some((page_by(base, one)?, is_nested(one.path.name))))
            .collect();
        // Lists below another thing count only where some of them are cut.
        let nested = paged.iter().any(|(_, nested)| *nested);
        let all = lists.iter().filter(|one| nested || !is_nested(one.path.name)).count();
        let most = paged.len() >= HABIT && paged.len() * 3 >= all * 2;
        let by = paged.first().filter(|_| most)?.0.clone();
        Some(Self { by, nested })
    }

    pub fn missed<'t>(&self, head: &Description<'t>, one: &Now<'t>) -> Option<Missed> {
        let operation = &one.operation;
        let open = is_open_list(head, operation)
            && (self.nested || !is_nested(operation.path.name))
            && !mentions(operation, &SAID);
        (open && page_by(head, operation).is_none()).then(|| Missed {
            habit: Habit::Pagination,
            place: None,
            others: format!("`{}`", super::words::code(&self.by)),
        })
    }
}

/// Whether a successful answer is a list, or an object around one, that nothing keeps short.
fn is_open_list<'t>(description: &Description<'t>, one: &Operation<'t>) -> bool {
    if one.method != "get" || names_one(one.path.name) {
        return false;
    }
    let parts = fixed_parts(one.path.name);
    if parts.last().is_none_or(|last| is_short(last)) {
        return false;
    }
    let bounded = description.parameters(one).iter().any(|parameter| {
        parameter.required
            && parameter.location == "query"
            && BOUNDING.contains(&plain(parameter.name).as_str())
    });
    let schemas = success(description, one);
    !bounded
        && schemas.into_iter().filter_map(|at| list(description, at)).any(|list| {
            let items = list.get("items").map(|at| description.value(at));
            let closed = items.is_some_and(|at| at.get("enum").is_some());
            list.get("maxItems").is_none() && !closed
        })
}

/// Whether lists of that name are short by their nature, or go by something that is.
fn is_short(name: &str) -> bool {
    const FEW: [&str; 6] = ["country", "currency", "language", "locale", "region", "timezone"];
    let name = name.replace('_', "-");
    SHORT.contains(&name.as_str()) || name.split('-').next().is_some_and(|word| FEW.contains(&word))
}

/// The list that a schema is, or that the object is there for.
fn list<'t>(description: &Description<'t>, schema: At<'t>) -> Option<At<'t>> {
    let at = description.value(schema);
    if is_of_type(at, "array") {
        return Some(at);
    }
    inside(description, at).or_else(|| {
        // One more object around it: `data: {items: […]}`, `_embedded: {orders: […]}`.
        const HOLDERS: [&str; 6] = ["data", "embedded", "payload", "response", "result", "results"];
        let fields = properties(description, at);
        let others = fields.iter().all(|(name, _)| {
            let name = plain(name);
            HOLDERS.contains(&name.as_str()) || BESIDE.contains(&name.as_str())
        });
        let holder = fields.iter().find(|(name, _)| HOLDERS.contains(&plain(name).as_str()));
        holder.filter(|_| others).and_then(|(_, holder)| inside(description, *holder))
    })
}

/// The only list of an object that has nothing else but notes on the list.
fn inside<'t>(description: &Description<'t>, object: At<'t>) -> Option<At<'t>> {
    let fields = properties(description, object);
    let mut own = fields.iter().filter(|(name, _)| !BESIDE.contains(&plain(name).as_str()));
    let (_, list) = own.next().filter(|(_, at)| is_of_type(*at, "array"))?;
    own.next().is_none().then_some(*list)
}

/// By what a list is cut: a parameter, or an address of the next page in the answer.
fn page_by<'t>(description: &Description<'t>, one: &Operation<'t>) -> Option<String> {
    let chooses = |name: &str| {
        let name = plain(name);
        PARAMETERS.contains(&name.as_str())
            || name.starts_with("page")
            || name.ends_with("cursor")
            || name.ends_with("pagetoken")
            || name.ends_with("limit")
            || name.ends_with("offset")
    };
    let parameters = description.parameters(one);
    for parameter in &parameters {
        if chooses(parameter.name) {
            return Some(parameter.name.to_owned());
        }
        // An object that is sent field by field.
        let fields = parameter.schema.map(|at| properties(description, at)).unwrap_or_default();
        if let Some((name, _)) = fields.iter().find(|(name, _)| chooses(name)) {
            return Some((*name).to_owned());
        }
    }
    let responses = description.responses(one);
    let headers = responses.iter().flat_map(|response| &response.headers);
    let link = headers.map(|header| header.name).find(|name| {
        let name = plain(name);
        name == "link" || name.ends_with("nextpage") || name == "contentrange"
    });
    link.map(str::to_owned).or_else(|| next_address(description, one))
}

/// A field with the address of the next page: no parameter is needed to follow it.
fn next_address<'t>(description: &Description<'t>, one: &Operation<'t>) -> Option<String> {
    for schema in success(description, one) {
        for (name, at) in properties(description, schema) {
            let found = match plain(name).as_str() {
                "next" | "nexturl" | "nextlink" | "nexthref" => true,
                "links" | "paging" | "pagination" => {
                    let inner = properties(description, at);
                    // Links of which nothing is said may be those of pages.
                    let next = |name: &str| matches!(plain(name).as_str(), "next" | "nexturl");
                    (plain(name) == "links" && inner.is_empty())
                        || inner.iter().any(|(name, at)| {
                            next(name) && !is_of_type(*at, "integer") && !is_of_type(*at, "number")
                        })
                }
                name => name.ends_with("nextlink"),
            };
            if found {
                return Some(name.to_owned());
            }
        }
    }
    None
}
