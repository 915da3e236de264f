//! How a parameter that is a list or an object is written in a request.

use super::collect::Collector;
use super::site::code;
use crate::domain::diff::Side;
use crate::rules::openapi::model::{Description, Parameter};
use crate::rules::parse::tree::Node;

/// Reports a parameter that clients must write in another way.
pub fn check<'t>(
    (old, new): (&Description<'t>, &Description<'t>),
    before: &Parameter<'t>,
    after: &Parameter<'t>,
    owner: &str,
    out: &mut Collector,
) {
    let (Some(was), Some(is)) = (written(old, before), written(new, after)) else { return };
    if was == is {
        return;
    }
    let key = ["style", "explode", "collectionFormat"]
        .into_iter()
        .find(|key| before.at.word(key) != after.at.word(key))
        .unwrap_or("name");
    let place = (Side::Head, after.at.file, after.at.line_of(key));
    let title = format!("{owner} is written as `{}` now, not as `{}`", code(&is), code(&was));
    out.add("request-parameter-style-changed", place, title);
}

/// A list of two values as it is sent, `None` where the schema is no list or object, or is not
/// written by a style.
fn written<'t>(description: &Description<'t>, parameter: &Parameter<'t>) -> Option<String> {
    let at = parameter.at;
    let schema = description.value(parameter.schema?);
    let (is_list, is_object) = (schema.word("type") == "array", schema.word("type") == "object");
    if !(is_list || is_object) || at.get("content").is_some() {
        return None;
    }
    let name = parameter.name;
    if description.is_swagger() {
        let separator = match at.word("collectionFormat") {
            "" | "csv" => ",",
            "ssv" => " ",
            "tsv" => "\\t",
            "pipes" => "|",
            "multi" => return Some(format!("{name}=a&{name}=b")),
            _ => return None,
        };
        return Some(format!("{name}=a{separator}b"));
    }
    let default = if matches!(parameter.location, "query" | "cookie") { "form" } else { "simple" };
    let style = Some(at.word("style")).filter(|style| !style.is_empty()).unwrap_or(default);
    let explode = at.node.get("explode").and_then(Node::as_bool).unwrap_or(style == "form");
    let text = match (style, is_list, explode) {
        ("form", true, true) => format!("{name}=a&{name}=b"),
        ("form", true, false) => format!("{name}=a,b"),
        ("form", false, true) => "k=a&l=b".to_owned(),
        ("form", false, false) => format!("{name}=k,a,l,b"),
        ("simple", true, _) => "a,b".to_owned(),
        ("simple", false, true) => "k=a,l=b".to_owned(),
        ("simple", false, false) => "k,a,l,b".to_owned(),
        ("spaceDelimited", true, false) => format!("{name}=a b"),
        ("pipeDelimited", true, false) => format!("{name}=a|b"),
        ("deepObject", false, _) => format!("{name}[k]=a&{name}[l]=b"),
        ("label", true, true) => ".a.b".to_owned(),
        ("label", true, false) => ".a,b".to_owned(),
        ("matrix", true, true) => format!(";{name}=a;{name}=b"),
        ("matrix", true, false) => format!(";{name}=a,b"),
        // What the specification does not define.
        _ => return None,
    };
    Some(text)
}
