//! What a description says about each operation, the same for OpenAPI 3 and Swagger 2.

use super::document::{METHODS, without_parameter_names};
use super::resolve::{At, Documents};
use crate::domain::diff::LineRange;
use crate::rules::parse::tree::{Entry, Node};

/// One description, over all of its files.
pub struct Description<'t> {
    pub documents: Documents<'t>,
    pub root: At<'t>,
    swagger: bool,
}

/// A node with the line of the key that it stands under.
#[derive(Clone, Copy)]
pub struct Named<'t> {
    pub name: &'t str,
    pub at: At<'t>,
    pub line: LineRange,
}

/// An operation of a path or of a webhook.
#[derive(Clone, Copy)]
pub struct Operation<'t> {
    pub method: &'t str,
    pub path: Named<'t>,
    pub at: At<'t>,
    pub line: LineRange,
    /// The API calls it; its `path` is the webhook's name.
    pub is_webhook: bool,
}

#[derive(Clone, Copy)]
pub struct Parameter<'t> {
    pub name: &'t str,
    /// `path`, `query`, `header`, `cookie`; `formData` in Swagger 2.
    pub location: &'t str,
    pub required: bool,
    pub at: At<'t>,
    pub schema: Option<At<'t>>,
    /// Written at the path, for all of its operations.
    pub shared: bool,
}

pub struct Body<'t> {
    pub at: At<'t>,
    pub required: bool,
    pub media: Vec<Media<'t>>,
}

#[derive(Clone, Copy)]
pub struct Media<'t> {
    pub name: &'t str,
    pub schema: Option<At<'t>>,
    pub at: At<'t>,
    pub line: LineRange,
}

#[derive(Clone)]
pub struct Response<'t> {
    pub status: &'t str,
    pub line: LineRange,
    pub media: Vec<Media<'t>>,
    pub headers: Vec<Header<'t>>,
}

#[derive(Clone, Copy)]
pub struct Header<'t> {
    pub name: &'t str,
    pub required: bool,
    pub schema: Option<At<'t>>,
    pub line: LineRange,
    pub file: usize,
}

impl<'t> Operation<'t> {
    /// `GET /orders/{id}`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method.to_ascii_uppercase(), self.place())
    }

    /// The path, or `webhook:` and the name of the webhook.
    pub fn place(&self) -> String {
        let prefix = if self.is_webhook { "webhook:" } else { "" };
        format!("{prefix}{}", self.path.name)
    }
}

impl<'t> Description<'t> {
    /// `None` unless the main file is an OpenAPI 3 or Swagger 2 document.
    pub fn new(documents: Documents<'t>) -> Option<Self> {
        let root = documents.root()?;
        let swagger = root.word("swagger").starts_with("2.");
        (swagger || root.word("openapi").starts_with("3.")).then_some(Self {
            documents,
            root,
            swagger,
        })
    }

    /// Whether it is a Swagger 2 document.
    pub fn is_swagger(&self) -> bool {
        self.swagger
    }

    /// The part of the addresses that all paths are below; empty where servers differ in it.
    pub fn prefix(&self) -> &'t str {
        if self.swagger {
            return self.root.word("basePath").trim_end_matches('/');
        }
        let servers = self.root.get("servers").into_iter().flat_map(At::items);
        let mut prefixes = servers.map(|server| {
            let url = server.word("url");
            let path = url.split_once("://").map_or(url, |(_, rest)| {
                rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("")
            });
            path.trim_end_matches('/')
        });
        let first = prefixes.next().filter(|path| path.starts_with('/') && !path.contains('{'));
        first.filter(|first| prefixes.all(|other| other == *first)).unwrap_or("")
    }

    /// Path items in order; keys that are not paths (extensions) are left out.
    pub fn paths(&self) -> Vec<Named<'t>> {
        self.named(self.root.get("paths"), |name| name.starts_with('/'))
    }

    /// By name; what the API calls, and not what it answers.
    pub fn webhooks(&self) -> Vec<Named<'t>> {
        self.named(self.root.get("webhooks"), |name| !name.starts_with("x-"))
    }

    fn named(&self, holder: Option<At<'t>>, wanted: fn(&str) -> bool) -> Vec<Named<'t>> {
        let Some(holder) = holder else { return Vec::new() };
        let entries = holder.entries().iter().filter(|entry| wanted(entry.name()));
        entries
            .map(|entry| Named {
                name: entry.name(),
                at: self.value(holder.with(&entry.value)),
                line: LineRange::line(entry.key.line()),
            })
            .collect()
    }

    /// What a node stands for; itself when its reference leads nowhere.
    pub fn value(&self, at: At<'t>) -> At<'t> {
        self.documents.value(at).unwrap_or(at)
    }

    pub fn operations(&self, path: Named<'t>) -> Vec<Operation<'t>> {
        let known = |entry: &&Entry| METHODS.contains(&entry.name());
        path.at
            .entries()
            .iter()
            .filter(known)
            .map(|entry| Operation {
                method: entry.name(),
                path,
                at: path.at.with(&entry.value),
                line: LineRange::line(entry.key.line()),
                is_webhook: !path.name.starts_with('/'),
            })
            .collect()
    }

    /// The parameters in force: the operation's own before those of its path.
    pub fn parameters(&self, operation: &Operation<'t>) -> Vec<Parameter<'t>> {
        let mut all: Vec<Parameter<'t>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (holder, shared) in [(operation.at, false), (operation.path.at, true)] {
            let Some(list) = holder.get("parameters") else { continue };
            for item in list.items() {
                let Some(at) = self.documents.value(item) else { continue };
                let (name, location) = (at.word("name"), at.word("in"));
                if name.is_empty() || location == "body" || !seen.insert((name, location)) {
                    continue;
                }
                let required = at.is_true("required");
                let schema = if self.swagger { Some(at) } else { self.schema_of(at) };
                all.push(Parameter { name, location, required, at, schema, shared });
            }
        }
        all
    }

    /// The schema of a parameter or header, or of the only media type of its content.
    fn schema_of(&self, at: At<'t>) -> Option<At<'t>> {
        at.get("schema").or_else(|| {
            let content = at.get("content")?;
            let first = content.entries().first()?;
            content.with(&first.value).get("schema")
        })
    }

    pub fn body(&self, operation: &Operation<'t>) -> Option<Body<'t>> {
        if self.swagger {
            return self.swagger_body(operation);
        }
        let at = self.documents.value(operation.at.get("requestBody")?)?;
        Some(Body { at, required: at.is_true("required"), media: self.media(at) })
    }

    fn swagger_body(&self, operation: &Operation<'t>) -> Option<Body<'t>> {
        let lists = [operation.at, operation.path.at].map(|holder| holder.get("parameters"));
        let at = lists
            .into_iter()
            .flatten()
            .flat_map(At::items)
            .filter_map(|item| self.documents.value(item))
            .find(|at| at.word("in") == "body")?;
        let media = self.swagger_media(operation, "consumes", at);
        Some(Body { at, required: at.is_true("required"), media })
    }

    /// One entry for each media type that the operation, or the whole document, lists.
    fn swagger_media(&self, operation: &Operation<'t>, key: &str, at: At<'t>) -> Vec<Media<'t>> {
        let schema = at.get("schema");
        let list = operation.at.get(key).or_else(|| self.root.get(key));
        let names = list.map(|list| list.node.items()).unwrap_or_default();
        let one = |name: &'t str, line| Media { name, schema, at, line };
        if names.is_empty() {
            return vec![one("application/json", at.line())];
        }
        names
            .iter()
            .filter_map(Node::as_str)
            .zip(names)
            .map(|(name, node)| one(name, LineRange::line(node.line())))
            .collect()
    }

    fn media(&self, holder: At<'t>) -> Vec<Media<'t>> {
        let Some(content) = holder.get("content") else { return Vec::new() };
        content
            .entries()
            .iter()
            .map(|entry| {
                let at = self.value(content.with(&entry.value));
                let line = LineRange::line(entry.key.line());
                Media { name: entry.name(), schema: at.get("schema"), at, line }
            })
            .collect()
    }

    pub fn responses(&self, operation: &Operation<'t>) -> Vec<Response<'t>> {
        let Some(holder) = operation.at.get("responses") else { return Vec::new() };
        let entries = holder.entries().iter().filter(|entry| !entry.name().starts_with("x-"));
        entries
            .map(|entry| {
                let at = self.value(holder.with(&entry.value));
                let media = match self.swagger {
                    true if at.get("schema").is_none() => Vec::new(),
                    true => self.swagger_media(operation, "produces", at),
                    false => self.media(at),
                };
                Response {
                    status: entry.name(),
                    line: LineRange::line(entry.key.line()),
                    media,
                    headers: self.headers(at),
                }
            })
            .collect()
    }

    fn headers(&self, response: At<'t>) -> Vec<Header<'t>> {
        let Some(holder) = response.get("headers") else { return Vec::new() };
        holder
            .entries()
            .iter()
            .map(|entry| {
                let at = self.value(holder.with(&entry.value));
                Header {
                    name: entry.name(),
                    required: at.is_true("required"),
                    schema: if self.swagger { Some(at) } else { self.schema_of(at) },
                    line: LineRange::line(entry.key.line()),
                    file: holder.file,
                }
            })
            .collect()
    }
}

/// What clients see of a path: the names of its parameters are left out.
pub fn path_key(path: &str) -> String {
    without_parameter_names(path)
}

/// The names between braces, in order.
pub fn path_parameters(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}
