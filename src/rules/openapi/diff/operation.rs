//! What changed about one operation: parameters, body, responses, headers, tags, security.

use super::collect::Collector;
use super::keywords::equal;
use super::lifecycle;
use super::matched::{Both, BothResponses, is_in_range, is_special_case};
use super::pairs::{PairId, Pairs};
use super::schema::{self, Use};
use super::site::{Direction, Scope, code, shown};
use super::types::is_strong;
use crate::domain::diff::Side;
use crate::rules::openapi::model::{Body, Description, Media, Operation, Parameter, Response};
use crate::rules::parse::tree::Node;

/// The descriptions and their compared schemas.
pub struct Compared<'c, 't> {
    pub base: &'c Description<'t>,
    pub head: &'c Description<'t>,
    pub pairs: &'c Pairs<'c, 't>,
}

impl<'t> Compared<'_, 't> {
    pub fn operation(&self, both: &Both<'t>, out: &mut Collector) {
        if !lifecycle::stability(&both.base, &both.head, out) {
            return;
        }
        lifecycle::deprecation(&both.base, &both.head, out);
        super::general::operation(&both.base, &both.head, out);
        self.parameters(both, out);
        self.body(both, out);
        for response in &both.responses {
            self.response(response, out);
        }
        statuses(both, out);
    }

    fn schemas(&self, pair: Option<PairId>, place: Use<'_>, out: &mut Collector) {
        if let Some(pair) = pair {
            let documents = (&self.base.documents, &self.head.documents);
            schema::check(self.pairs, documents, pair, place, out);
        }
    }

    fn parameters(&self, both: &Both<'t>, out: &mut Collector) {
        for (before, after, pair) in &both.parameters.both {
            let owner = owner(after);
            lifecycle::parameter(before, after, &owner, out);
            let place = (Side::Head, after.at.file, after.at.line_of("required"));
            match (before.required, after.required) {
                (false, true) => {
                    let title = format!("{owner} becomes required");
                    out.add("request-parameter-became-required", place, title);
                }
                (true, false) => {
                    let place = (Side::Base, before.at.file, before.at.line_of("required"));
                    let title = format!("{owner} becomes optional");
                    out.add("request-parameter-became-optional", place, title);
                }
                _ => {}
            }
            if !before.required && !after.required {
                self.parameter_default(before, after, &owner, out);
            }
            out.spreads_lists = spreads_lists(after);
            let place = Use {
                direction: Direction::Request,
                scope: Scope::Parameter,
                owner: &owner,
                strong: false,
                in_header: after.location == "header",
            };
            self.schemas(*pair, place, out);
        }
        for parameter in &both.parameters.new {
            added_parameter(parameter, out);
        }
        for parameter in &both.parameters.gone {
            removed_parameter(parameter, out);
        }
    }

    /// A default decides what a request means that leaves the parameter out.
    fn parameter_default(
        &self,
        before: &Parameter<'t>,
        after: &Parameter<'t>,
        owner: &str,
        out: &mut Collector,
    ) {
        let (Some(old), Some(new)) = (before.schema, after.schema) else { return };
        let (old, new) = (self.base.value(old), self.head.value(new));
        let head = (Side::Head, new.file, new.line_of("default"));
        match (old.get("default"), new.get("default")) {
            (None, Some(now)) => {
                let title = format!("{owner} gets the default `{}`", shown(now.node));
                out.add("request-parameter-default-value-added", head, title);
            }
            (Some(was), None) => {
                let place = (Side::Base, old.file, old.line_of("default"));
                let title = format!("{owner} loses its default `{}`", shown(was.node));
                out.add("request-parameter-default-value-removed", place, title);
            }
            (Some(was), Some(now)) if !equal(was.node, now.node) => {
                let (was, now) = (shown(was.node), shown(now.node));
                let title = format!("{owner} changes its default from `{was}` to `{now}`");
                out.add("request-parameter-default-value-changed", head, title);
            }
            _ => {}
        }
    }

    fn body(&self, both: &Both<'t>, out: &mut Collector) {
        body_presence(&both.body, &both.head, out);
        for (before, after, pair) in &both.body_media.both {
            schema_presence(before, after, Direction::Request, out);
            let place = Use {
                direction: Direction::Request,
                scope: Scope::Body,
                owner: "The request body",
                strong: is_strong(after.name),
                in_header: false,
            };
            self.schemas(*pair, place, out);
        }
        for (id, side, list, words) in [
            (
                "request-body-media-type-removed",
                Side::Base,
                &both.body_media.gone,
                "is no longer accepted in requests",
            ),
            (
                "request-body-media-type-added",
                Side::Head,
                &both.body_media.new,
                "is accepted in requests now",
            ),
        ] {
            for media in list {
                let title = format!("`{}` {words}", code(media.name));
                out.add(id, (side, media.at.file, media.line), title);
            }
        }
    }

    fn response(&self, both: &BothResponses<'t>, out: &mut Collector) {
        let status = code(both.head.status);
        let body = format!("The body of the `{status}` response");
        for (before, after, pair) in &both.media.both {
            media_name(before, after, out);
            schema_presence(before, after, Direction::Response, out);
            let place = Use {
                direction: Direction::Response,
                scope: Scope::Body,
                owner: &body,
                strong: is_strong(after.name),
                in_header: false,
            };
            self.schemas(*pair, place, out);
        }
        for (id, side, list, words) in [
            (
                "response-media-type-removed",
                Side::Base,
                &both.media.gone,
                "is no longer offered in responses",
            ),
            (
                "response-media-type-added",
                Side::Head,
                &both.media.new,
                "is offered in responses now",
            ),
        ] {
            for media in list {
                let title = format!("`{}` {words}", code(media.name));
                out.add(id, (side, media.at.file, media.line), title);
            }
        }
        self.headers(both, out);
    }

    fn headers(&self, both: &BothResponses<'t>, out: &mut Collector) {
        let name = |name: &str| format!("The response header `{}`", code(name));
        for header in &both.headers.gone {
            let kind = if header.required { "required" } else { "optional" };
            let place = (Side::Base, header.file, header.line);
            let title = format!("{} is removed", name(header.name));
            out.add(&format!("{kind}-response-header-removed"), place, title);
        }
        for header in &both.headers.new {
            let title = format!("{} is new", name(header.name));
            out.add("response-header-added", (Side::Head, header.file, header.line), title);
        }
        for (before, after, pair) in &both.headers.both {
            let owner = name(after.name);
            if before.required && !after.required {
                let title = format!("{owner} is no longer always there");
                out.add(
                    "response-header-became-optional",
                    (Side::Head, after.file, after.line),
                    title,
                );
            }
            let place = Use {
                direction: Direction::Response,
                scope: Scope::Header,
                owner: &owner,
                strong: false,
                in_header: true,
            };
            self.schemas(*pair, place, out);
        }
    }
}

/// `The query parameter `limit``.
pub fn owner(parameter: &Parameter<'_>) -> String {
    format!("The {} parameter `{}`", code(parameter.location), code(parameter.name))
}

/// Whether each value of a list is sent as a parameter of its own.
fn spreads_lists(parameter: &Parameter<'_>) -> bool {
    let style = parameter.at.word("style");
    let by_default = matches!(parameter.location, "query" | "cookie");
    let form = style == "form" || (style.is_empty() && by_default);
    form && parameter.at.node.get("explode").and_then(Node::as_bool) != Some(false)
}

fn added_parameter(parameter: &Parameter<'_>, out: &mut Collector) {
    let id = match (parameter.location, parameter.shared, parameter.required) {
        ("path", ..) => "new-request-path-parameter",
        (_, true, true) => "new-required-request-default-parameter-to-existing-path",
        (_, true, false) => "new-optional-request-default-parameter-to-existing-path",
        (_, false, true) => "new-required-request-parameter",
        (_, false, false) => "new-optional-request-parameter",
    };
    let key = if parameter.required { "required" } else { "name" };
    let words = if parameter.required { "is new and required" } else { "is new" };
    let place = (Side::Head, parameter.at.file, parameter.at.line_of(key));
    out.add(id, place, format!("{} {words}", owner(parameter)));
}

fn removed_parameter(parameter: &Parameter<'_>, out: &mut Collector) {
    use lifecycle::Sunset;
    let id = match (parameter.at.is_true("deprecated"), Sunset::of(parameter.at)) {
        (false, _) => "request-parameter-removed",
        (true, Sunset::None) => "request-parameter-removed-with-deprecation",
        (true, Sunset::Malformed) => "request-parameter-sunset-parse",
        (true, ended) if ended.has_passed() => "request-parameter-removed-after-sunset",
        (true, Sunset::Date(_)) => "request-parameter-removed-before-sunset",
    };
    let place = (Side::Base, parameter.at.file, parameter.at.line_of("name"));
    out.add(id, place, format!("{} is removed", owner(parameter)));
}

fn body_presence(
    body: &(Option<Body<'_>>, Option<Body<'_>>),
    head: &Operation<'_>,
    out: &mut Collector,
) {
    let (id, place, words) = match body {
        (None, Some(new)) => {
            let id = if new.required {
                "request-body-added-required"
            } else {
                "request-body-added-optional"
            };
            let words = if new.required { "is new and required" } else { "is new" };
            (id, (Side::Head, new.at.file, new.at.line_of("required")), words)
        }
        (Some(old), None) => {
            ("request-body-removed", (Side::Base, old.at.file, old.at.line()), "is removed")
        }
        (Some(old), Some(new)) if !old.required && new.required => {
            let place = (Side::Head, new.at.file, new.at.line_of("required"));
            ("request-body-became-required", place, "becomes required")
        }
        (Some(old), Some(new)) if old.required && !new.required => {
            let place = (Side::Head, head.at.file, head.at.line_of("requestBody"));
            ("request-body-became-optional", place, "becomes optional")
        }
        _ => return,
    };
    out.add(id, place, format!("The request body {words}"));
}

/// A schema where any content was allowed before, or the reverse.
fn schema_presence(before: &Media<'_>, after: &Media<'_>, way: Direction, out: &mut Collector) {
    let owner = if way == Direction::Request { "request" } else { "response" };
    let (how, place, words) = match (before.schema, after.schema) {
        (None, Some(schema)) => {
            ("added", (Side::Head, schema.file, schema.line()), "gets a schema")
        }
        (Some(schema), None) => {
            ("removed", (Side::Base, schema.file, schema.line()), "loses its schema")
        }
        _ => return,
    };
    let title = format!("The {owner} body as `{}` {words}", code(after.name));
    out.add(&format!("{owner}-body-media-type-schema-{how}"), place, title);
}

fn media_name(before: &Media<'_>, after: &Media<'_>, out: &mut Collector) {
    if before.name == after.name {
        return;
    }
    let parameters = |name: &str| name.split_once(';').map(|(_, rest)| rest.replace(' ', ""));
    let (wider, narrower) =
        (is_special_case(before.name, after.name), is_special_case(after.name, before.name));
    let what = match (wider, narrower) {
        _ if parameters(before.name) != parameters(after.name) => "changed",
        (true, false) => "generalized",
        (false, true) => "specialized",
        _ => "changed",
    };
    let place = (Side::Head, after.at.file, after.line);
    let title = format!(
        "The media type of responses changes from `{}` to `{}`",
        code(before.name),
        code(after.name)
    );
    out.add(&format!("response-media-type-name-{what}"), place, title);
}

fn statuses(both: &Both<'_>, out: &mut Collector) {
    let success = |status: &str| status.starts_with('2');
    for (list, side, how) in
        [(&both.responses_gone, Side::Base, "removed"), (&both.responses_new, Side::Head, "added")]
    {
        for response in list {
            // What `default` describes is any answer, and none in particular.
            if response.status == "default" {
                continue;
            }
            let kind = if success(response.status) { "success" } else { "non-success" };
            let words = if how == "removed" { "is removed" } else { "is new" };
            let mut head = both.responses.iter().map(|both| &both.head).chain(&both.responses_new);
            let described = |one: &Response<'_>| {
                is_in_range(response.status, one.status) || is_in_range(one.status, response.status)
            };
            out.moot = how == "removed" && head.any(described);
            let title = format!("The response status `{}` {words}", code(response.status));
            let file = if side == Side::Base { both.base.at.file } else { both.head.at.file };
            out.add(&format!("response-{kind}-status-{how}"), (side, file, response.line), title);
            out.moot = false;
        }
    }
}
