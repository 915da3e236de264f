//! Tables of small pairs, and how the work grows.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::rules::openapi::resolve::Documents;
use crate::rules::parse::yaml;

fn compared(base: &str, head: &str) -> Comparison {
    let path = RepoPath::new("openapi.yaml").unwrap();
    let (old, new) = (yaml::parse(base), yaml::parse(head));
    let documents = |node| Documents::new(vec![(path.clone(), node)]);
    let base = Description::new(documents(&old.documents[0])).unwrap();
    let head = Description::new(documents(&new.documents[0])).unwrap();
    compare(&base, &head)
}

fn ids(base: &str, head: &str) -> BTreeSet<String> {
    let breaking = |one: &Difference| one.level > crate::rules::openapi::Level::Info;
    compared(base, head).differences.into_iter().filter(breaking).map(|one| one.id).collect()
}

const HEAD: &str = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n";

fn request(schema: &str) -> String {
    format!(
        "{HEAD}paths: {{/t: {{post: {{requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}, responses: {{}}}}}}}}\n"
    )
}

fn response(schema: &str) -> String {
    format!(
        "{HEAD}paths: {{/t: {{get: {{responses: {{'200': {{content: {{application/json: {{schema: {schema}}}}}}}}}}}}}}}\n"
    )
}

fn parameter(schema: &str) -> String {
    format!(
        "{HEAD}paths: {{/t: {{get: {{parameters: [{{name: q, in: query, schema: {schema}}}], responses: {{}}}}}}}}\n"
    )
}

fn set(id: &str) -> BTreeSet<String> {
    if id.is_empty() { BTreeSet::new() } else { id.split(' ').map(str::to_owned).collect() }
}

/// Each line: the old schema, the new one, what breaks senders of requests, what breaks readers of
/// responses, what breaks senders of a query parameter.
const SCHEMAS: &[(&str, &str, &str, &str, &str)] = &[
    ("{type: string}", "{type: integer}", "type-changed", "type-changed", "type-changed"),
    ("{type: integer}", "{type: number}", "", "type-generalized", ""),
    ("{type: number}", "{type: integer}", "type-changed", "", "type-changed"),
    ("{type: integer}", "{type: string}", "type-changed", "type-changed", ""),
    ("{type: string}", "{type: [string, 'null']}", "", "became-nullable", ""),
    (
        "{type: [string, 'null']}",
        "{type: string}",
        "became-not-nullable",
        "",
        "became-not-nullable",
    ),
    ("{type: string}", "{oneOf: [{type: 'null'}, {type: string}]}", "", "became-nullable", ""),
    (
        "{oneOf: [{type: 'null'}, {type: string}]}",
        "{type: string}",
        "became-not-nullable",
        "",
        "became-not-nullable",
    ),
    (
        "{type: string}",
        "{oneOf: [{type: string}, {type: integer}]}",
        "",
        "list-of-types-widened",
        "",
    ),
    (
        "{oneOf: [{type: string}, {type: integer}]}",
        "{type: string}",
        "list-of-types-narrowed",
        "",
        "list-of-types-narrowed",
    ),
    ("{type: integer, format: int32}", "{type: integer, format: int64}", "", "type-changed", ""),
    (
        "{type: string, maxLength: 9}",
        "{type: string, maxLength: 5}",
        "max-length-decreased",
        "",
        "max-length-decreased",
    ),
    (
        "{type: string, maxLength: 5}",
        "{type: string, maxLength: 9}",
        "",
        "max-length-increased",
        "",
    ),
    ("{type: string, maxLength: 5}", "{type: string}", "", "max-length-unset", ""),
    ("{type: string}", "{type: string, maxLength: 5}", "max-length-set", "", "max-length-set"),
    (
        "{type: number, minimum: 1}",
        "{type: number, minimum: 2}",
        "min-increased",
        "",
        "min-increased",
    ),
    ("{type: number, minimum: 2}", "{type: number, minimum: 1}", "", "min-decreased", ""),
    (
        "{type: number, maximum: 2}",
        "{type: number, maximum: 2, exclusiveMaximum: true}",
        "exclusive-max-set",
        "",
        "exclusive-max-set",
    ),
    ("{type: string}", "{type: string, enum: [a]}", "became-enum", "", "became-enum"),
    (
        "{type: string, enum: [a, b]}",
        "{type: string, enum: [a]}",
        "enum-value-removed",
        "",
        "enum-value-removed",
    ),
    ("{type: string, enum: [a, b]}", "{type: string}", "", "", ""),
    ("{const: a}", "{const: b}", "const-changed", "const-changed", ""),
    (
        "{allOf: [{type: object}]}",
        "{allOf: [{type: object}, {minProperties: 1}]}",
        "all-of-added",
        "",
        "",
    ),
    ("{allOf: [{type: object}]}", "{allOf: [{type: object}, {title: a}]}", "", "", ""),
    (
        "{anyOf: [{title: A, type: object}, {title: B, minProperties: 1}]}",
        "{anyOf: [{title: A, type: object}]}",
        "any-of-removed",
        "",
        "",
    ),
    ("{title: A, description: b}", "{title: C, description: d}", "", "", ""),
    ("{type: object}", "{type: object, if: {minProperties: 1}}", "if-added", "", ""),
    ("{type: object, contains: {type: string}}", "{type: object}", "", "contains-removed", ""),
];

#[test]
fn schemas_are_judged_by_the_direction_in_which_values_travel() {
    for (old, new, sent, received, asked) in SCHEMAS {
        let full = |scope: &str, id: &str| -> BTreeSet<String> {
            set(id).into_iter().map(|id| format!("{scope}-{id}")).collect()
        };
        let case = format!("{old} to {new}");
        assert_eq!(ids(&request(old), &request(new)), full("request-body", sent), "{case}");
        assert_eq!(ids(&response(old), &response(new)), full("response-body", received), "{case}");
        let found = ids(&parameter(old), &parameter(new));
        assert_eq!(found, full("request-parameter", asked), "{case}");
    }
}

#[test]
fn fields_are_judged_by_direction_and_requirement() {
    let object = |rest: &str| format!("{{type: object, {rest}}}");
    for (old, new, sent, received) in [
        ("properties: {a: {}}", "properties: {a: {}, b: {}}", "", ""),
        (
            "properties: {a: {}}",
            "required: [b], properties: {a: {}, b: {}}",
            "new-required-request-property",
            "",
        ),
        (
            "properties: {a: {}, b: {}}",
            "properties: {a: {}}",
            "request-property-removed",
            "response-optional-property-removed",
        ),
        (
            "required: [a], properties: {a: {}, b: {}}",
            "properties: {b: {}}",
            "request-property-removed",
            "response-required-property-removed",
        ),
        (
            "required: [a], properties: {a: {}}",
            "properties: {a: {}}",
            "",
            "response-property-became-optional",
        ),
        (
            "properties: {a: {}}",
            "required: [a], properties: {a: {}}",
            "request-property-became-required",
            "",
        ),
        (
            "properties: {a: {readOnly: true}}",
            "required: [a], properties: {a: {readOnly: true}}",
            "",
            "",
        ),
        (
            "properties: {a: {type: string}}",
            "properties: {a: {type: integer}}",
            "request-property-type-changed",
            "response-property-type-changed",
        ),
    ] {
        let (old, new) = (object(old), object(new));
        assert_eq!(ids(&request(&old), &request(&new)), set(sent), "{old} to {new}");
        assert_eq!(ids(&response(&old), &response(&new)), set(received), "{old} to {new}");
    }
}

#[test]
fn swagger_two_is_read_as_well() {
    let document = |property: &str| {
        format!(
            "swagger: '2.0'\nconsumes: [application/json]\npaths:\n  /t:\n    post:\n      parameters:\n\
             \x20     - {{name: body, in: body, required: true, schema: {{$ref: '#/definitions/T'}}}}\n\
             \x20     - {{name: n, in: query, type: {property}}}\n      responses:\n        '200': {{schema: {{$ref: '#/definitions/T'}}}}\n\
             definitions:\n  T: {{type: object, properties: {{a: {{type: {property}}}}}}}\n"
        )
    };
    let found = ids(&document("string"), &document("boolean"));
    let wanted = "request-property-type-changed response-property-type-changed request-parameter-type-changed";
    assert_eq!(found, set(wanted));
}

/// Schemas that refer to each other in a circle, used by as many operations.
fn circle(schemas: usize, kind: &str) -> String {
    let mut text = format!("{HEAD}paths:\n");
    for n in 0..schemas {
        let _ = write!(
            text,
            "  /t{n}:\n    get:\n      responses:\n        '200':\n          content:\n            application/json:\n              \
             schema: {{$ref: '#/components/schemas/S{n}'}}\n"
        );
    }
    text += "components:\n  schemas:\n";
    for n in 0..schemas {
        let next = (n + 1) % schemas;
        let _ = write!(
            text,
            "    S{n}:\n      type: object\n      properties:\n        id: {{type: {kind}}}\n        \
             next: {{$ref: '#/components/schemas/S{next}'}}\n        both: {{oneOf: [{{$ref: '#/components/schemas/S{next}'}}]}}\n"
        );
    }
    text
}

#[test]
fn unchanged_documents_cost_in_proportion_to_their_size() {
    let work = |schemas| {
        let text = circle(schemas, "string");
        let done = compared(&text, &text);
        assert!(done.differences.is_empty());
        done.visited
    };
    let (small, large) = (work(20), work(160));
    assert!(large <= small * 9, "{small} for 20 schemas, {large} for 160");
}

#[test]
fn circles_of_different_lengths_stay_bounded() {
    let (old, new) = (circle(23, "string"), circle(19, "string"));
    let nodes = |text: &str| yaml::parse(text).documents[0].walk().count();
    let done = compared(&old, &new);
    assert!(done.visited < 100 * (nodes(&old) + nodes(&new)), "{}", done.visited);
}

fn schema() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("{type: string}".to_owned()),
        Just("{type: integer, maximum: 3}".to_owned()),
        Just("{$ref: '#/components/schemas/A'}".to_owned()),
        Just("{$ref: '#/components/schemas/None'}".to_owned()),
        Just("true".to_owned()),
        Just("[]".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!(
                "{{type: object, required: [a], properties: {{a: {a}, b: {b}}}}}"
            )),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{oneOf: [{a}, {b}]}}")),
            inner.prop_map(|a| format!("{{type: array, items: {a}, additionalProperties: {a}}}")),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_differs_from_itself_and_nothing_panics(one in schema(), other in schema()) {
        let whole = |schema: &str| {
            format!("{}components: {{schemas: {{A: {schema}}}}}\n", request(schema))
        };
        let (one, other) = (whole(&one), whole(&other));
        prop_assert!(compared(&one, &one).differences.is_empty());
        let _ = compared(&one, &other);
    }
}
