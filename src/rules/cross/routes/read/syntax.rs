//! What the readers of all languages need from syntax trees.

use crate::rules::parse::code::Syntax;

/// The line on which a node starts, from 1.
pub fn line(node: &Syntax<'_>) -> u32 {
    u32::try_from(node.start_pos().line()).unwrap_or(u32::MAX).saturating_add(1)
}

/// The text of a string without parts that are computed.
pub fn literal(node: &Syntax<'_>) -> Option<String> {
    let kind = node.kind();
    if !kind.contains("string") {
        return None;
    }
    let text = node.text();
    let start = text.find(['"', '\'', '`'])?;
    let (prefix, rest) = text.split_at(start);
    let formatted = prefix.contains(['f', 'F']) || (rest.starts_with('`') && rest.contains("${"));
    let quote = rest.chars().next()?;
    if rest.chars().all(|c| c == quote) {
        return Some(String::new());
    }
    let body = rest.trim_start_matches(quote).strip_suffix(quote)?.trim_end_matches(quote);
    let raw = prefix.contains(['r', 'R']) || quote == '`';
    (!formatted && !body.contains('\n') && (raw || !body.contains('\\'))).then(|| body.to_owned())
}

/// The arguments of a call, without comments.
pub fn arguments<'a>(call: &Syntax<'a>) -> Vec<Syntax<'a>> {
    let Some(list) = call.field("arguments") else { return Vec::new() };
    list.named_children().filter(|node| !node.kind().contains("comment")).collect()
}

/// Whether the second node stands inside of the first.
pub fn contains(outer: &Syntax<'_>, inner: &Syntax<'_>) -> bool {
    let (outer, inner) = (outer.range(), inner.range());
    outer.start <= inner.start && inner.end <= outer.end
}

/// The number that a status is: `404`, `HTTP_404_NOT_FOUND`, `StatusNotFound`, `NOT_FOUND`.
pub fn status(text: &str) -> Option<u16> {
    let last = text.rsplit(['.', ':']).next().unwrap_or(text).trim();
    let digits: String = last.strip_prefix("HTTP_").unwrap_or(last).chars().take(3).collect();
    if let Ok(number) = digits.parse::<u16>() {
        return (digits.len() == 3 && (200..600).contains(&number)).then_some(number);
    }
    let plain: String = last
        .strip_prefix("Status")
        .unwrap_or(last)
        .chars()
        .filter(|c| *c != '_')
        .flat_map(char::to_lowercase)
        .collect();
    let number = match plain.as_str() {
        "ok" => 200,
        "created" => 201,
        "accepted" => 202,
        "nocontent" => 204,
        "badrequest" => 400,
        "paymentrequired" => 402,
        "notfound" => 404,
        "conflict" => 409,
        "gone" => 410,
        "preconditionfailed" => 412,
        "unprocessableentity" | "unprocessablecontent" => 422,
        "locked" => 423,
        _ => return None,
    };
    Some(number)
}
