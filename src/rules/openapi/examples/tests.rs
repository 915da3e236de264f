use proptest::prelude::*;

use super::*;
use crate::rules::openapi::resolve::Documents;
use crate::rules::parse::yaml;

/// What is said of an example of a schema, in a description with some components.
fn words(version: &str, media: &str, schema: &str, example: &str) -> Vec<String> {
    let text = format!(
        "openapi: {version}\npaths:\n  /a:\n    get:\n      responses:\n        '200':\n          content:\n            \
         {media}:\n              schema: {schema}\n              example: {example}\n\
         components:\n  schemas:\n    Named: {{type: object, required: [id], properties: {{id: {{type: integer}}}}}}\n    \
         Tree: {{type: object, properties: {{children: {{type: array, items: {{$ref: '#/components/schemas/Tree'}}}}}}}}\n    \
         Loop: {{allOf: [{{$ref: '#/components/schemas/Loop'}}]}}\n"
    );
    let tree = yaml::parse(&text);
    assert_eq!(tree.error, None, "{text}");
    let documents = Documents::new(vec![(RepoPath::new("a.yaml").unwrap(), &tree.documents[0])]);
    let description = Description::new(documents).unwrap();
    misfits(None, &description).into_iter().map(|one| one.words).collect()
}

fn json(schema: &str, example: &str) -> Vec<String> {
    words("3.0.3", "application/json", schema, example)
}

#[test]
fn what_does_not_fit_is_named() {
    for (schema, example, expected) in [
        ("{type: integer}", "'5'", "it is text, not a whole number"),
        ("{type: integer}", "1.5", "it is a number, not a whole number"),
        ("{type: string}", "12345", "it is a number, not text"),
        ("{type: array, items: {type: string}}", "[a, {b: c}]", "`1` is an object, not text"),
        ("{$ref: '#/components/schemas/Named'}", "{name: x}", "it has no `id`, which is required"),
        ("{$ref: '#/components/schemas/Named'}", "{id: x}", "`id` is text, not a whole number"),
        (
            "{$ref: '#/components/schemas/Tree'}",
            "{children: [{children: 1}]}",
            "`children/0/children` is a number, not a list",
        ),
        ("{type: string, enum: [a, b]}", "c", "it is not one of the values of its `enum`"),
        (
            "{type: object, additionalProperties: false, properties: {a: {}}}",
            "{b: 1}",
            "it has `b`, which its schema does not allow",
        ),
        (
            "{allOf: [{$ref: '#/components/schemas/Named'}, {required: [b]}]}",
            "{id: 1}",
            "it has no `b`, which is required",
        ),
        (
            "{oneOf: [{type: string}, {type: boolean}]}",
            "7",
            "it fits none of the forms of its `oneOf`",
        ),
        ("{type: string, maxLength: 2}", "abc", "it is longer than its `maxLength`"),
        ("{type: string, pattern: '^[A-Z]{3}$'}", "eur", "it does not match its `pattern`"),
        ("{type: integer, minimum: 1}", "0", "it is below its minimum"),
        ("{type: number, maximum: 1, exclusiveMaximum: true}", "1", "it is above its maximum"),
        ("{type: object, properties: {a: {type: string}}}", "{a: null}", "`a` is `null`, not text"),
        (
            "{type: object, required: [p], properties: {p: {type: string, readOnly: true}}}",
            "{}",
            "it has no `p`, which is required",
        ),
    ] {
        assert_eq!(json(schema, example), [expected], "{schema} {example}");
    }
}

#[test]
fn what_fits_or_is_not_certain_is_not_named() {
    for (schema, example) in [
        ("{type: number}", "5"),
        ("{type: integer}", "2.0"),
        ("{type: integer}", "0x1F"),
        ("{type: string}", "2024-01-31"),
        ("{type: string, nullable: true}", "null"),
        (
            "{type: object, properties: {a: {nullable: true, allOf: [{$ref: '#/components/schemas/Named'}]}}}",
            "{a: null}",
        ),
        ("{type: object, required: [p], properties: {p: {type: string, writeOnly: true}}}", "{}"),
        (
            "{allOf: [{type: object, additionalProperties: false, properties: {a: {}}}, {properties: {b: {}}}]}",
            "{b: 1}",
        ),
        ("{$ref: '#/components/schemas/Loop'}", "{a: 1}"),
        ("{$ref: 'elsewhere.yaml#/X'}", "5"),
        ("{type: object}", "'{\"a\": 1}'"),
        ("{type: string, enum: [1, 2]}", "'1'"),
        ("{type: string, maxLength: 2}", "a..."),
        ("{type: string, pattern: '^(?!x)'}", "x"),
        ("{type: string, format: date-time}", "yesterday"),
        ("{anyOf: [{type: string}, {type: integer}]}", "7"),
        ("{type: what}", "7"),
        ("{}", "7"),
        ("{type: integer}", ""),
    ] {
        assert_eq!(json(schema, example), [""; 0], "{schema} {example}");
    }
    assert_eq!(words("3.1.0", "application/json", "{type: [string, 'null']}", "null"), [""; 0]);
    assert_eq!(words("3.0.3", "application/xml", "{type: object}", "text"), [""; 0]);
}

#[test]
fn alternatives_within_alternatives_end() {
    let schema = "{oneOf: [{$ref: '#/components/schemas/B'}, {$ref: '#/components/schemas/B'}]}";
    let text = format!(
        "openapi: 3.0.3\ncomponents:\n  schemas:\n    A:\n      oneOf: [{{$ref: '#/components/schemas/B'}}, {{$ref: '#/components/schemas/B'}}]\n      \
         example: 5\n    B: {schema}\n"
    );
    let tree = yaml::parse(&text);
    let documents = Documents::new(vec![(RepoPath::new("a.yaml").unwrap(), &tree.documents[0])]);
    assert_eq!(misfits(None, &Description::new(documents).unwrap()), vec![]);
}

proptest! {
    #[test]
    fn any_example_is_judged(example in "[a-z0-9{}\\[\\],: ]{0,30}", schema in "[a-zO0-9{}\\[\\],: $#/]{0,40}") {
        let text = format!("openapi: 3.1.0\ncomponents: {{schemas: {{A: {{example: {example}, items: {schema}}}}}}}\n");
        let tree = yaml::parse(&text);
        if let Some(root) = tree.documents.first() {
            let documents = Documents::new(vec![(RepoPath::new("a.yaml").unwrap(), root)]);
            if let Some(description) = Description::new(documents) {
                let _ = misfits(None, &description);
            }
        }
    }
}
