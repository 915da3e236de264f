//! Resolution of Avro schemas.

use proptest::prelude::*;

use super::resolve::{Kind, problems};
use super::schema::Document;
use crate::rules::parse::json;

fn found(writer: &str, reader: &str) -> Vec<(Kind, String)> {
    let (writer, reader) = (json::parse(writer).unwrap(), json::parse(reader).unwrap());
    let (writer, reader) = (Document::new(&writer), Document::new(&reader));
    problems(&writer, &reader).into_iter().map(|p| (p.kind, p.path)).collect()
}

fn record(fields: &str) -> String {
    format!(r#"{{"type": "record", "name": "a.R", "fields": [{fields}]}}"#)
}

fn field(kind: &str) -> String {
    record(&format!(r#"{{"name": "x", "type": {kind}}}"#))
}

#[test]
fn promotions_go_one_way() {
    for (old, new) in
        [("int", "long"), ("long", "double"), ("float", "double"), ("bytes", "string")]
    {
        let (old, new) = (field(&format!("\"{old}\"")), field(&format!("\"{new}\"")));
        assert_eq!(found(&old, &new), Vec::new());
    }
    let back = found(&field("\"long\""), &field("\"int\""));
    assert_eq!(back, [(Kind::TypeChanged, "R.x".to_owned())]);
}

#[test]
fn unions_take_what_one_of_their_types_takes() {
    let one = field("\"int\"");
    let many = field("[\"null\", \"long\"]");
    assert_eq!(found(&one, &many), Vec::new());
    let kinds = found(&many, &one).len();
    assert_eq!(kinds, 2, "neither null nor long is an int");
    let wider =
        field("[\"string\", \"null\", \"long\", {\"type\": \"array\", \"items\": \"int\"}]");
    assert_eq!(found(&many, &wider), Vec::new());
}

#[test]
fn records_that_hold_themselves_and_names_from_elsewhere() {
    let list =
        record(r#"{"name": "next", "type": ["null", "R"]}, {"name": "o", "type": "b.Other"}"#);
    assert_eq!(found(&list, &list), Vec::new());
    let more = record(r#"{"name": "next", "type": ["null", "a.R"]}, {"name": "y", "type": "int"}"#);
    assert_eq!(found(&list, &more), [(Kind::FieldMissing, "R.y".to_owned())]);
}

#[test]
fn aliases_and_defaults_of_the_reader_count() {
    let old =
        record(r#"{"name": "x", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}}"#);
    let new = record(
        r#"{"name": "z", "aliases": ["x"], "type": {"type": "enum", "name": "F", "aliases": ["E"], "symbols": ["A"], "default": "A"}},
           {"name": "w", "type": "int", "default": 0}"#,
    );
    assert_eq!(found(&old, &new), Vec::new());
    assert_eq!(found(&new, &old)[0].0, Kind::FieldMissing);
}

fn kind_text() -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["\"null\"", "\"int\"", "\"string\"", "\"R\"", "\"Gone\"", "{}"]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 20, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|i| format!("{{\"type\": \"array\", \"items\": {i}}}")),
            inner.clone().prop_map(|i| format!("{{\"type\": {i}}}")),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|v| format!("[{}]", v.join(","))),
            inner.prop_map(|i| format!(
                "{{\"type\": \"record\", \"name\": \"S\", \"fields\": [{{\"name\": \"f\", \"type\": {i}}}]}}"
            )),
        ]
    })
}

proptest! {
    #[test]
    fn a_schema_reads_what_it_wrote(kind in kind_text()) {
        let schema = field(&kind);
        prop_assert_eq!(found(&schema, &schema), Vec::new());
    }

    #[test]
    fn never_panics(one in kind_text(), other in kind_text()) {
        let _ = found(&field(&one), &field(&other));
        let _ = found(&one, &other);
    }
}
