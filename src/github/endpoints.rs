//! Where things are, given the base URL of the REST API.

use http::Uri;

use super::config::SetupError;
use crate::domain::ids::RepoSlug;

/// The addresses of one GitHub instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Base of the REST API, without a final slash.
    api: String,
    graphql: String,
    /// Base of web pages and git, without a final slash.
    git: String,
    /// `scheme://host[:port]` of the API.
    origin: String,
}

impl Endpoints {
    /// Derives the other addresses: github.com has hosts of its own, an Enterprise Server keeps
    /// the API below `/api/v3`, everything else is taken as one origin for all.
    pub fn from_api_url(url: &str) -> Result<Self, SetupError> {
        let refuse = |why| SetupError::Url { url: url.to_owned(), why };
        let api = url.trim().trim_end_matches('/').to_owned();
        let parsed: Uri = api.parse().map_err(|_| refuse("is not a URL"))?;
        let scheme = parsed.scheme_str().ok_or_else(|| refuse("has no scheme"))?;
        if !matches!(scheme, "http" | "https") {
            return Err(refuse("is neither http nor https"));
        }
        let authority = parsed.authority().ok_or_else(|| refuse("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("has credentials in it"));
        }
        if parsed.query().is_some() || api.contains('#') {
            return Err(refuse("has a query or fragment"));
        }
        let origin = format!("{scheme}://{authority}");
        let (graphql, git) = if authority.host().eq_ignore_ascii_case("api.github.com") {
            (format!("{origin}/graphql"), "https://github.com".to_owned())
        } else if let Some(root) = api.strip_suffix("/api/v3") {
            (format!("{root}/api/graphql"), root.to_owned())
        } else {
            (format!("{api}/graphql"), origin.clone())
        };
        Ok(Self { api, graphql, git, origin })
    }

    /// Base of the REST API, without a final slash.
    pub fn api(&self) -> &str {
        &self.api
    }

    pub fn graphql(&self) -> &str {
        &self.graphql
    }

    /// Base of web pages and git, without a final slash.
    pub fn git(&self) -> &str {
        &self.git
    }

    /// The address that git fetches a repository from, without credentials.
    pub fn git_url(&self, slug: &RepoSlug) -> String {
        format!("{}/{slug}.git", self.git)
    }

    /// The URL that a `Location` header means, if it stays on the API's own origin.
    pub(super) fn same_origin(&self, location: &str) -> Option<String> {
        if location.starts_with('/') && !location.starts_with("//") {
            return Some(format!("{}{location}", self.origin));
        }
        let target: Uri = location.parse().ok()?;
        let origin: Uri = self.origin.parse().ok()?;
        let port = |uri: &Uri| {
            uri.port_u16().or(match uri.scheme_str() {
                Some("https") => Some(443),
                Some("http") => Some(80),
                _ => None,
            })
        };
        let same = target.scheme_str() == origin.scheme_str()
            && target.host().map(str::to_ascii_lowercase)
                == origin.host().map(str::to_ascii_lowercase)
            && port(&target) == port(&origin)
            && !target.authority().is_some_and(|a| a.as_str().contains('@'));
        let path = target.path_and_query().map_or("/", |path| path.as_str());
        same.then(|| format!("{}{path}", self.origin))
    }
}

/// Percent-encodes one segment of a path: everything but unreserved characters.
pub(super) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> (String, String, String) {
        let endpoints = Endpoints::from_api_url(url).unwrap();
        (endpoints.api, endpoints.graphql, endpoints.git)
    }

    fn expected(api: &str, graphql: &str, git: &str) -> (String, String, String) {
        (api.to_owned(), graphql.to_owned(), git.to_owned())
    }

    #[test]
    fn derives_addresses() {
        assert_eq!(
            of("https://api.github.com/"),
            expected(
                "https://api.github.com",
                "https://api.github.com/graphql",
                "https://github.com"
            )
        );
        assert_eq!(
            of("https://git.acme.example/api/v3"),
            expected(
                "https://git.acme.example/api/v3",
                "https://git.acme.example/api/graphql",
                "https://git.acme.example"
            )
        );
        assert_eq!(
            of("http://127.0.0.1:4001"),
            expected(
                "http://127.0.0.1:4001",
                "http://127.0.0.1:4001/graphql",
                "http://127.0.0.1:4001"
            )
        );
        assert_eq!(
            of("http://127.0.0.1:4001/api/v3/"),
            expected(
                "http://127.0.0.1:4001/api/v3",
                "http://127.0.0.1:4001/api/graphql",
                "http://127.0.0.1:4001"
            )
        );
    }

    #[test]
    fn refuses_what_is_no_base_url() {
        for bad in ["", "api.github.com", "ftp://x", "https://a:b@x", "https://x/?a=1", "/api"] {
            assert!(Endpoints::from_api_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_stay_on_the_origin() {
        let endpoints = Endpoints::from_api_url("https://git.acme.example/api/v3").unwrap();
        let there = "https://git.acme.example/api/v3/repositories/7?page=2";
        assert_eq!(endpoints.same_origin(there).as_deref(), Some(there));
        assert_eq!(endpoints.same_origin("/api/v3/repositories/7?page=2").as_deref(), Some(there));
        let explicit = there.replace(".example", ".example:443");
        assert_eq!(endpoints.same_origin(&explicit).as_deref(), Some(there));
        for bad in [
            "http://git.acme.example/api/v3/x",
            "https://evil.example/api/v3/x",
            "https://git.acme.example:8443/x",
            "https://u@git.acme.example/x",
            "//evil.example/x",
            "repositories/7",
        ] {
            assert_eq!(endpoints.same_origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn segments_are_encoded() {
        assert_eq!(segment("dependabot[bot]"), "dependabot%5Bbot%5D");
        assert_eq!(segment("good first/issue?"), "good%20first%2Fissue%3F");
    }
}
