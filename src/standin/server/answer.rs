//! What handlers get and give.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::standin::StandinError;
use crate::standin::world::Token;

const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// One REST or GraphQL request, read entirely.
pub(in crate::standin) struct Call {
    pub method: String,
    /// With the base path, for links to other pages.
    pub full_path: String,
    /// Below the base path.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The body as JSON; `null` when there is none.
    pub json: Value,
    /// Parts of the path by the names of the route's template.
    pub args: BTreeMap<&'static str, String>,
    /// Set where the route names a repository.
    pub repository: u64,
    /// Set where the route asks for a token.
    pub token: Option<Token>,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    pub fn arg(&self, name: &str) -> &str {
        self.args.get(name).map_or("", String::as_str)
    }

    /// A number in the path; anything else is an address that does not exist.
    pub fn number(&self, name: &str) -> Result<u64, Answer> {
        self.arg(name).parse().map_err(|_| Answer::not_found())
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.json.get(name).and_then(Value::as_str)
    }

    /// Login of who asks.
    pub fn actor(&self) -> String {
        self.token.as_ref().map_or_else(String::new, |token| token.login.clone())
    }

    /// The page of `items` that the query asks for, with the `Link` header.
    pub fn page(
        &self,
        api_root: &str,
        items: &[Value],
    ) -> (Vec<Value>, Vec<(&'static str, String)>) {
        let number = |name: &str, otherwise: usize| {
            self.query(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise).max(1)
        };
        let size = number("per_page", 30).min(100);
        let page = number("page", 1);
        let last = items.len().div_ceil(size).max(1);
        let address = |target: usize| {
            let mut query = form(&self.query, "page");
            query.push(format!("page={target}"));
            format!("{api_root}{}?{}", self.full_path, query.join("&"))
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(format!("<{}>; rel=\"prev\"", address(page - 1)));
        }
        if page < last {
            links.push(format!("<{}>; rel=\"next\"", address(page + 1)));
            links.push(format!("<{}>; rel=\"last\"", address(last)));
        }
        if page > 1 {
            links.push(format!("<{}>; rel=\"first\"", address(1)));
        }
        let start = (page - 1).saturating_mul(size).min(items.len());
        let end = start.saturating_add(size).min(items.len());
        let headers = if links.is_empty() { vec![] } else { vec![("link", links.join(", "))] };
        (items.get(start..end).unwrap_or_default().to_vec(), headers)
    }
}

/// The query without one key, encoded again.
fn form(query: &[(String, String)], without: &str) -> Vec<String> {
    use crate::standin::shapes::encode_segment;
    query
        .iter()
        .filter(|(key, _)| key != without)
        .map(|(key, value)| format!("{}={}", encode_segment(key), encode_segment(value)))
        .collect()
}

#[derive(Debug, Clone)]
pub(in crate::standin) enum AnswerBody {
    Empty,
    Json(Value),
    Bytes { content_type: String, bytes: Bytes },
}

#[derive(Debug, Clone)]
pub(in crate::standin) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: AnswerBody,
}

impl Answer {
    pub fn json(status: u16, value: Value) -> Self {
        Self { status, headers: Vec::new(), body: AnswerBody::Json(value) }
    }

    pub fn ok(value: Value) -> Self {
        Self::json(200, value)
    }

    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: AnswerBody::Empty }
    }

    pub fn bytes(content_type: &str, bytes: impl Into<Bytes>) -> Self {
        let content_type = content_type.to_owned();
        Self {
            status: 200,
            headers: Vec::new(),
            body: AnswerBody::Bytes { content_type, bytes: bytes.into() },
        }
    }

    pub fn error(status: u16, message: &str) -> Self {
        Self::json(
            status,
            json!({
                "message": message,
                "documentation_url": DOCUMENTATION,
                "status": status.to_string(),
            }),
        )
    }

    pub fn not_found() -> Self {
        Self::error(404, "Not Found")
    }

    /// 422 with one entry of GitHub's error list.
    pub fn invalid(resource: &str, field: &str, message: &str) -> Self {
        Self::json(
            422,
            json!({
                "message": "Validation Failed",
                "errors": [{
                    "resource": resource, "field": field, "code": "custom", "message": message,
                }],
                "documentation_url": DOCUMENTATION,
                "status": "422",
            }),
        )
    }

    /// 422 with plain texts, as reviews and check runs answer.
    pub fn unprocessable(errors: &[String]) -> Self {
        Self::json(
            422,
            json!({
                "message": "Unprocessable Entity",
                "errors": errors,
                "documentation_url": DOCUMENTATION,
                "status": "422",
            }),
        )
    }

    /// A page of a listing.
    pub fn listing(call: &Call, root: &str, items: &[Value]) -> Self {
        let (page, headers) = call.page(root, items);
        Self { status: 200, headers, body: AnswerBody::Json(Value::Array(page)) }
    }

    /// A page of a listing that is wrapped in an object with the total.
    pub fn counted(call: &Call, root: &str, key: &str, items: &[Value]) -> Self {
        let (page, headers) = call.page(root, items);
        let mut object = json!({ "total_count": items.len() });
        if let Some(fields) = object.as_object_mut() {
            fields.insert(key.to_owned(), Value::Array(page));
        }
        Self { status: 200, headers, body: AnswerBody::Json(object) }
    }
}

/// Boxed where an error answer travels through `?`.
impl From<StandinError> for Answer {
    fn from(error: StandinError) -> Self {
        match error {
            StandinError::Unknown(_) => Self::not_found(),
            other => Self::error(500, &format!("the stand-in failed: {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(query: &[(&str, &str)]) -> Call {
        Call {
            method: "GET".into(),
            full_path: "/x".into(),
            path: "/x".into(),
            query: query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            json: Value::Null,
            args: BTreeMap::new(),
            repository: 0,
            token: None,
        }
    }

    #[test]
    fn a_listing_is_cut_into_pages_that_link_to_one_another() {
        let items: Vec<Value> = (0..70).map(Value::from).collect();
        let (page, headers) = call(&[("state", "all ü")]).page("http://h", &items);
        assert_eq!(page.len(), 30);
        let link = &headers.first().unwrap().1;
        assert!(link.contains("<http://h/x?state=all%20%C3%BC&page=2>; rel=\"next\""), "{link}");
        assert!(link.contains("page=3>; rel=\"last\"") && !link.contains("prev"), "{link}");
        let (page, headers) = call(&[("page", "3"), ("per_page", "30")]).page("http://h", &items);
        assert_eq!(page.len(), 10);
        assert!(!headers.first().unwrap().1.contains("next"));
        let (page, _) = call(&[("page", "9"), ("per_page", "500")]).page("http://h", &items);
        assert!(page.is_empty());
        assert!(call(&[("per_page", "100")]).page("http://h", &items).1.is_empty());
    }
}
