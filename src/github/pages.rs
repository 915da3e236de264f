//! The next page of a listing.

use http::HeaderMap;
use http::header::LINK;

/// The query of the `rel="next"` link. Only the query: the address of the listing is ours, so a
/// link can neither leave the host nor drop the base path of an Enterprise Server.
pub(super) fn next_query(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_in)
}

fn next_in(links: &str) -> Option<String> {
    // A `<` starts every link, and no URL has one.
    links.split('<').skip(1).find_map(|link| {
        let (url, parameters) = link.split_once('>')?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let parameter = parameter.trim();
            parameter == "rel=\"next\"" || parameter == "rel=next"
        });
        let query = url.split_once('?')?.1;
        let clean = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        (is_next && clean && !query.is_empty()).then(|| query.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_query() {
        let links = "<https://h/api/v3/r?per_page=100&page=1>; rel=\"prev\", \
                     <https://h/api/v3/r?per_page=100&page=3>; rel=\"next\", \
                     <https://h/api/v3/r?per_page=100&page=9>; rel=\"last\"";
        assert_eq!(next_in(links).as_deref(), Some("per_page=100&page=3"));
        assert_eq!(next_in("<https://h/x?cursor=v1_2>; rel=next").as_deref(), Some("cursor=v1_2"));
    }

    #[test]
    fn the_last_page_has_none() {
        assert_eq!(next_in("<https://h/x?page=1>; rel=\"first\""), None);
        assert_eq!(next_in(""), None);
        assert_eq!(next_in("<https://h/x>; rel=\"next\""), None);
        assert_eq!(next_in("<https://h/x?page=2 3>; rel=\"next\""), None);
    }
}
