//! Endpoints that an issue names by method and path.

use super::{Brief, code_spans};
use crate::domain::plan::Endpoint;
use crate::plan::words::{Words, is_identifier};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const MAX_ENDPOINTS: usize = 20;
const MAX_PATH: usize = 200;

/// An endpoint with what the text does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mentioned {
    pub endpoint: Endpoint,
    /// The sentence speaks of removing or renaming it.
    pub removed: bool,
}

/// The endpoints that the title and the wanted blocks name, each once, in order.
pub fn endpoints(brief: &Brief) -> Vec<Mentioned> {
    let mut found: Vec<Mentioned> = Vec::new();
    let title = std::iter::once(brief.title.as_str());
    for text in title.chain(brief.wanted().map(|block| block.text.as_str())) {
        let here = in_text(text);
        let only = here.len() == 1;
        let (request, response) = if only { fields(text) } else { Default::default() };
        for mut endpoint in here {
            if only {
                endpoint.request.extend(request.iter().cloned());
                endpoint.response.extend(response.iter().cloned());
            }
            let removed = Words::of(&super::without_code(text)).any(&[
                "remove",
                "removed",
                "delete the endpoint",
                "drop",
                "rename",
                "retire",
            ]);
            merge(&mut found, Mentioned { endpoint, removed });
        }
    }
    // Fields that stand apart belong to the only endpoint there is.
    if let [only] = found.as_mut_slice() {
        for block in brief.wanted().filter(|block| in_text(&block.text).is_empty()) {
            let (request, response) = fields(&block.text);
            add(&mut only.endpoint.request, request);
            add(&mut only.endpoint.response, response);
        }
    }
    found
}

/// The endpoints of an answer.
pub fn parse_answer(text: &str) -> Vec<Endpoint> {
    in_text(text)
}

fn merge(found: &mut Vec<Mentioned>, new: Mentioned) {
    let same = |known: &&mut Mentioned| {
        known.endpoint.method == new.endpoint.method && known.endpoint.path == new.endpoint.path
    };
    let room = found.len() < MAX_ENDPOINTS;
    match found.iter_mut().find(same) {
        Some(known) => {
            add(&mut known.endpoint.request, new.endpoint.request);
            add(&mut known.endpoint.response, new.endpoint.response);
            known.removed |= new.removed;
        }
        None if room => found.push(new),
        None => {}
    }
}

fn add(fields: &mut Vec<String>, more: Vec<String>) {
    for field in more {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
}

fn in_text(text: &str) -> Vec<Endpoint> {
    let mut found: Vec<Endpoint> = Vec::new();
    let mut method: Option<&str> = None;
    for token in text.split_whitespace() {
        let around = |c: char| {
            matches!(c, '`' | ',' | ';' | '(' | ')' | '"' | '\'' | '.' | ':' | '?' | '!' | '*')
        };
        let token = token.trim_matches(around);
        if let Some(known) = METHODS.iter().find(|known| **known == token) {
            method = Some(known);
        } else if let Some(verb) = method {
            match path(token) {
                Some((path, query)) => {
                    method = None;
                    let known = found.iter().any(|e| e.method == verb && e.path == path);
                    if !known && found.len() < MAX_ENDPOINTS {
                        found.push(Endpoint {
                            method: verb.to_owned(),
                            path,
                            request: query,
                            response: Vec::new(),
                        });
                    }
                }
                // "GET and POST /orders" names only what stands before the path.
                None if matches!(token, "and" | "or" | "/" | "on" | "to") => {}
                None => method = None,
            }
        }
    }
    found
}

/// A path of a route and the names of its query parameters.
fn path(token: &str) -> Option<(String, Vec<String>)> {
    let (path, query) = token.split_once('?').unwrap_or((token, ""));
    let allowed = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '/' | '_' | '-' | '{' | '}' | ':' | '.' | '<' | '>')
    };
    let sound = path.starts_with('/')
        && path.len() > 1
        && path.len() <= MAX_PATH
        && !path.contains("..")
        && !path.contains("//")
        && path.chars().all(allowed)
        && path.chars().any(|c| c.is_ascii_alphabetic());
    let names = query.split('&').filter_map(|pair| pair.split('=').next());
    let names = names.filter(|name| is_identifier(name)).map(str::to_owned).collect();
    sound.then(|| (path.trim_end_matches('/').to_owned(), names))
}

/// What a clause says before and after it comes to the answer.
fn halves(clause: &str) -> Vec<&str> {
    let verb =
        [" returns ", " responds ", " and return "].iter().find_map(|verb| clause.find(verb));
    match verb.and_then(|at| clause.split_at_checked(at)) {
        Some((before, after)) => vec![before, after],
        None => vec![clause],
    }
}

/// Names in code marks that a sentence gives to the request or to the response.
fn fields(text: &str) -> (Vec<String>, Vec<String>) {
    let mut request = Vec::new();
    let mut response = Vec::new();
    let clauses = text.split([';', '.']).flat_map(halves);
    for clause in clauses {
        let words = Words::of(&super::without_code(clause));
        let answers = words.any(&["returns", "return", "response", "responds", "respond"]);
        let takes = words.any(&[
            "body",
            "request",
            "accepts",
            "accept",
            "takes",
            "parameter",
            "parameters",
            "query parameter",
            "query parameters",
            "payload",
            "filter",
        ]);
        let names: Vec<String> = code_spans(clause)
            .map(|code| code.split('?').next().unwrap_or(code).trim())
            .filter(|code| is_identifier(code) && !METHODS.contains(code))
            .map(str::to_owned)
            .collect();
        match (takes, answers) {
            (true, false) => add(&mut request, names),
            (false, true) => add(&mut response, names),
            _ => {}
        }
    }
    (request, response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_method_and_path_and_nothing_else() {
        let of = |text: &str| {
            in_text(text)
                .into_iter()
                .map(|e| format!("{} {}", e.method, e.path))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("Add `POST /orders/{id}/refunds`."), ["POST /orders/{id}/refunds"]);
        assert_eq!(of("GET /a?page=1, then PATCH /b/:id"), ["GET /a", "PATCH /b/:id"]);
        assert!(of("GET the /dev list; POST it to ../x or //y").is_empty());
        assert!(of("DELETE all and see /etc").is_empty());
    }

    #[test]
    fn fields_follow_their_verb() {
        let (request, response) = fields("The body has `amount` and `reason`. Returns `id`.");
        assert_eq!(request, ["amount", "reason"]);
        assert_eq!(response, ["id"]);
    }
}
