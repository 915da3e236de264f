//! Properties of the protobuf comparison.

use proptest::prelude::*;

use super::parse::parse;
use super::review::differences;

fn found(base: &str, head: &str) -> Vec<&'static str> {
    let yaml = "version: v2\nbreaking:\n  use: [FILE, PACKAGE, WIRE_JSON, WIRE]\n";
    let listed = differences(&[("a.proto", base)], &[("a.proto", head), ("buf.yaml", yaml)]);
    listed.into_iter().map(|(id, _, _)| id).collect()
}

#[test]
fn writing_the_same_otherwise_is_no_difference() {
    let base = r#"
        syntax = "proto3";
        package a.b;
        import public "c.proto";
        message M {
          optional int32 x = 1 [deprecated = true, (my.opt) = { a: 1 b: [2, 3] c < d: "e" > }];
          oneof o { string s = 2; N n = 3; }
          map<string, .a.b.N> m = 4;
          reserved 10 to 12, 20;
          message N { E e = 0x1; }
        }
        enum E { ZERO = 0; MINUS = -1; }
        message N {}
        service S { rpc Do(M) returns (stream M.N) { option (x).y = 1; } }
        "#;
    let head = r#"
        syntax = 'proto' "3"; // adjacent texts
        package a . b;
        service S { rpc Do ( a.b.M ) returns ( stream .a.b.M.N ) ; }
        enum E { ZERO = 00; reserved 7; MINUS = -1; }
        message N {};
        message M {
          message N { .a.b.E e = 1; }
          reserved 20; reserved 12, 10, 11;
          /* N is M.N here */ map < string , a.b.N > m = 4 [json_name = "m"];
          oneof o { M.N n = 3; string s = 2; }
          optional int32 x = 1;
        }
        "#;
    assert_eq!(found(base, head), Vec::<&str>::new());
    assert_eq!(found(base, base), Vec::<&str>::new());
}

#[test]
fn keywords_can_be_names() {
    let text = r#"syntax = "proto3";
        message message { string message = 1; enum enum = 2; optional optional optional = 3; reserved reserved = 4; }
        enum optional { reserved = 0; option = 1; }
        service rpc { rpc rpc(stream) returns (stream stream); rpc get(a.stream) returns (stream .b); }"#;
    let file = parse(text).expect("protobuf");
    let streams: Vec<(bool, bool)> =
        file.services[0].methods.iter().map(|m| (m.request.stream, m.response.stream)).collect();
    assert_eq!(streams, [(false, true), (false, true)]);
    assert_eq!(file.messages[0].fields.len(), 4);
}

#[test]
fn editions_and_groups() {
    let base = r#"syntax = "proto2"; message M { optional group G = 1 { required int32 x = 1; } repeated int32 r = 2; extensions 100 to max; }
        extend M { optional string e = 100; }"#;
    let head = r#"edition = "2024"; export message M {
        G g = 1 [features.message_encoding = DELIMITED];
        message G { int32 x = 1 [features = { field_presence: LEGACY_REQUIRED }]; }
        repeated int32 r = 2; extensions 100 to max [verification = UNVERIFIED]; reserved foo, bar; }
        extend M { string e = 100; }"#;
    assert_eq!(
        found(base, head),
        [
            "FILE_SAME_SYNTAX",
            "FIELD_SAME_CPP_STRING_TYPE",
            "FIELD_SAME_UTF8_VALIDATION",
            "FIELD_SAME_JAVA_UTF8_VALIDATION"
        ]
    );
}

#[test]
fn defaults_are_compared_by_value() {
    let message = |defaults: [&str; 5]| {
        let [text, double, float, whole, choice] = defaults;
        format!(
            "syntax = \"proto2\"; enum E {{ A = 1; B = 2; C = 2; }} message M {{
               optional bytes b = 1 [default = {text}]; optional double d = 2 [default = {double}];
               optional float f = 3 [default = {float}]; optional int64 i = 4 [default = {whole}];
               optional E e = 5 [default = {choice}]; }}"
        )
    };
    let base = message([r#""A\n\001""#, "1.5", "0.1", "16", "B"]);
    let same = message([r#"'\x41\012' '\1'"#, "15e-1", "0.10000000001", "0x10", "C"]);
    assert_eq!(found(&base, &same), Vec::<&str>::new());
    let other = message([r#""a""#, "1.50000000001", "-inf", "020", "A"]);
    // 020 is 16 in octal.
    assert_eq!(found(&base, &other), ["FIELD_SAME_DEFAULT"; 4]);
    let first = base.replace(" [default = B]", " [default = A]");
    assert_eq!(found(&first, &first.replace(" [default = A]", "")), Vec::<&str>::new());
}

#[test]
fn copies_of_a_file_are_compared_with_themselves() {
    let one = "syntax = \"proto3\"; package p; message M { int32 a = 1; }";
    let other = "syntax = \"proto3\"; package p; message M { string a = 1; }";
    let tree = [("a/x.proto", one), ("b/x.proto", other)];
    assert_eq!(differences(&tree, &tree), Vec::new());
    let turned = [("b/x.proto", other), ("a/x.proto", one)];
    assert_eq!(differences(&tree, &turned), Vec::new());
}

#[test]
fn nesting_is_bounded() {
    assert!(parse(&"message M { ".repeat(100_000)).is_err());
    assert!(parse(&format!("option a = {};", "{ a: ".repeat(100_000))).is_err());
    assert!(parse(&"message M { optional group G = 1 { ".repeat(50_000)).is_err());
}

fn file_text() -> impl Strategy<Value = Vec<String>> {
    let kind = prop::sample::select(vec!["int32", "string", "M0", "E0", "Gone", "map<string, M1>"]);
    let name = prop::sample::select(vec!["a", "b", "c_d"]);
    let field = (name, kind, 1..6_u32).prop_map(|(name, kind, n)| format!("{kind} {name} = {n};"));
    let message = prop::collection::vec(field, 0..4);
    prop::collection::vec(message, 1..4).prop_map(|messages| {
        let texts = messages.iter().enumerate();
        let mut texts: Vec<String> = texts
            .map(|(number, fields)| {
                format!("message M{number} {{ {} reserved 9; }}", fields.join(" "))
            })
            .collect();
        texts.push("enum E0 { Z = 0; } service S { rpc R(M0) returns (stream M1); }".to_owned());
        texts
    })
}

proptest! {
    #[test]
    fn never_panics(base in ".{0,200}", head in ".{0,200}") {
        let _ = found(&base, &head);
    }

    #[test]
    fn definitions_and_files_in_any_order_are_equal(texts in file_text(), turn in 0..4_usize) {
        let head = "syntax = \"proto3\"; package p;";
        let mut turned = texts.clone();
        let length = turned.len();
        turned.rotate_left(turn % length);
        let one = format!("{head} {}", texts.join("\n"));
        let other = format!("{head} {}", turned.join("\n"));
        prop_assert_eq!(found(&one, &other), Vec::<&str>::new());
        let files: Vec<String> = texts.iter().map(|text| format!("{head} {text}")).collect();
        let names = ["a.proto", "b.proto", "c.proto", "d.proto"];
        let tree: Vec<(&str, &str)> =
            names.into_iter().zip(files.iter().map(String::as_str)).collect();
        let mut back = tree.clone();
        back.reverse();
        prop_assert_eq!(differences(&tree, &back), Vec::new());
    }

    #[test]
    fn what_is_only_added_breaks_nothing(texts in file_text()) {
        let base = format!("syntax = \"proto3\"; package p; {}", texts.join("\n"));
        let more = "message New { int32 a = 1; } enum F { Y = 0; } service T { rpc R(New) returns (New); }";
        prop_assert_eq!(found(&base, &format!("{base} {more}")), Vec::<&str>::new());
    }
}
