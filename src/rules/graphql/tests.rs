//! Properties of the schema comparison.

use proptest::prelude::*;

use super::compare::{Level, compare};
use super::review::differences;
use super::schema::Schema;
use super::syntax::parse;

fn found(base: &str, head: &str) -> Vec<String> {
    let found = differences(base, head).expect("both are GraphQL");
    found.into_iter().map(|(id, path, _)| format!("{id} {path}")).collect()
}

#[test]
fn writing_the_same_otherwise_is_no_difference() {
    let base = r#"
        """Text""" type A implements B & C { a(b: [Int!]! = [1], c: ID = 1): [String] @d(x: {y: 1}) }
        enum E { X Y }
        union U = A | Z
        "#;
    let head = r#"
        enum E { Y, X } # a comment
        union U = | Z | A
        type A implements C, B { a(c: ID="1", b: [ Int ! ] ! = 1.0) : [ String ]@d(x:{y:1}) }
        "#;
    assert_eq!(found(base, head), Vec::<String>::new());
    assert_eq!(found(head, base), Vec::<String>::new());
}

#[test]
fn operations_in_a_file_are_no_schema() {
    let operations =
        "query Q($a: Int = 1) { a(b: {c: [1]}) { ... on T { id } } } fragment F on T { id } { x }";
    assert!(parse(operations, 0).expect("GraphQL").is_empty());
    assert_eq!(found(operations, "type T { a: Int }"), Vec::<String>::new());
}

#[test]
fn an_extension_that_goes_takes_its_fields_but_not_the_type() {
    let base = "extend type Query { a: Int b: Int }";
    assert_eq!(found(base, "extend type Query { b: Int }"), ["FIELD_REMOVED Query.a"]);
    assert_eq!(found(base, ""), ["FIELD_REMOVED Query.a", "FIELD_REMOVED Query.b"]);
}

#[test]
fn a_new_optional_subscription_root_is_safe_and_a_lost_one_is_not() {
    let with = "type Query { a: Int } type Subscription { b: Int }";
    let without = "type Query { a: Int }";
    assert_eq!(found(without, with), Vec::<String>::new());
    assert_eq!(
        found(with, without),
        ["SCHEMA_SUBSCRIPTION_TYPE_CHANGED ", "TYPE_REMOVED Subscription"]
    );
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("type A {{ a: {}Int }}", "[".repeat(100_000));
    assert!(parse(&deep, 0).is_err());
    let deep = format!("input A {{ a: Int = {} }}", "[".repeat(100_000));
    assert!(parse(&deep, 0).is_err());
}

fn schema_text() -> impl Strategy<Value = Vec<String>> {
    let kind = prop::sample::select(vec!["Int", "Int!", "[A]", "[A!]!", "B", "E"]);
    let name = prop::sample::select(vec!["a", "b", "c", "d"]);
    let usage = prop::sample::select(vec!["", "@x", "@x(y: 1)", "@auth", "@deprecated"]);
    let field = (name, kind.clone(), usage).prop_map(|(n, k, u)| format!("{n}(i: {k}): {k} {u}"));
    let fields = prop::collection::vec(field, 1..4);
    let names = prop::sample::subsequence(vec!["A", "B", "C", "Query"], 0..4);
    (names, prop::collection::vec(fields, 4), kind).prop_map(|(names, fields, kind)| {
        let types = names.into_iter().zip(fields);
        let mut texts: Vec<String> = types
            .map(|(name, fields)| format!("type {name} {{ {} }}", fields.join("\n")))
            .collect();
        texts.push(format!("input I {{ z: {kind} }} enum E {{ P Q }}"));
        texts
    })
}

proptest! {
    #[test]
    fn never_panics(base in ".{0,200}", head in ".{0,200}") {
        let _ = differences(&base, &head);
    }

    #[test]
    fn a_schema_is_equal_to_itself_in_any_order(texts in schema_text(), turn in 0..5_usize) {
        let base = texts.join("\n");
        let mut turned = texts.clone();
        let length = turned.len();
        turned.rotate_left(turn % length);
        prop_assert_eq!(differences(&base, &turned.join("\n")), Some(Vec::new()));
        let documents: Vec<_> = turned.iter().filter_map(|text| parse(text, 0).ok()).collect();
        let whole = parse(&base, 0).expect("GraphQL");
        let (one, other) = (Schema::join([&whole].into_iter()), Schema::join(documents.iter()));
        prop_assert!(compare(&one, &other).is_empty());
    }

    #[test]
    fn what_is_only_added_never_breaks(texts in schema_text()) {
        let base = texts.join("\n");
        let head = format!("{base}\ntype New {{ a: Int }}\nextend type New {{ b(c: Int!): Int }}");
        let (base, head) = (parse(&base, 0).expect("GraphQL"), parse(&head, 1).expect("GraphQL"));
        let found = compare(&Schema::join([&base].into_iter()), &Schema::join([&head].into_iter()));
        prop_assert!(found.iter().all(|difference| difference.level != Level::Breaking));
    }
}
