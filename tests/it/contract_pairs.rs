//! Pairs of small contracts, and what is different between them: `fixtures/contracts`.

use std::collections::BTreeSet;

use backend_team::rules::{self, graphql, openapi_differences, protobuf};
use serde_json::{Map, Value, json};

type Label = (String, String, String);
type Labels = BTreeSet<Label>;

/// Ids that oasdiff lists and does not give, in the versions that its cases are from: where they
/// would fit it gives `min-items-increased` and `-decreased`, and so do the rules.
const NEVER: [&str; 5] = [
    "request-body-min-items-set",
    "request-parameter-min-items-set",
    "request-property-min-items-set",
    "response-body-min-items-unset",
    "response-property-min-items-unset",
];

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/fixtures/contracts/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("a fixture");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or("")
}

fn words(value: &Value) -> impl Iterator<Item = &str> {
    value.as_str().unwrap_or("").split(' ').filter(|word| !word.is_empty())
}

/// What is found, and what of it is not reported to people.
fn found(base: &Value, head: &Value) -> (Labels, Labels) {
    let differences = openapi_differences(&base.to_string(), &head.to_string());
    let (mut all, mut moot) = (Labels::new(), Labels::new());
    let mut plain = Labels::new();
    for one in differences.expect("two descriptions") {
        let label = (one.id, one.method, one.path);
        if one.moot {
            moot.insert(label.clone())
        } else {
            plain.insert(label.clone())
        };
        all.insert(label);
    }
    (all, moot.difference(&plain).cloned().collect())
}

fn shown(labels: &Labels) -> String {
    let one = |(id, method, path): &Label| format!("{id} {method} {path}").trim().to_owned();
    labels.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn document(version: &str, parts: Value) -> Value {
    let mut whole = Map::from_iter([
        ("openapi".to_owned(), json!(version)),
        ("info".to_owned(), json!({"title": "t", "version": "1"})),
    ]);
    whole.extend(parts.as_object().cloned().unwrap_or_default());
    Value::Object(whole)
}

fn version(case: &Value) -> &str {
    case["openapi"].as_str().unwrap_or("3.1.0")
}

fn content(schema: &Value) -> Value {
    json!({"content": {"application/json": {"schema": schema}}})
}

fn sent(schema: &Value) -> Value {
    json!({"/t": {"post": {"requestBody": content(schema), "responses": {}}}})
}

fn received(schema: &Value) -> Value {
    json!({"/t": {"post": {"responses": {"200": content(schema)}}}})
}

/// One place where a schema is used.
struct Place {
    name: &'static str,
    /// The start of the ids there.
    prefix: &'static str,
    /// Keys of a case that say what is expected, the first that is there counts.
    keys: [&'static str; 2],
    operations: &'static [(&'static str, &'static str)],
    build: Box<dyn Fn(&Value) -> Value>,
}

const POST: &[(&str, &str)] = &[("POST", "/t")];

/// Puts a schema into something.
type Hold = fn(&Value) -> Value;

/// Ways to hold a schema inside of a body.
fn inside() -> Vec<(&'static str, Hold)> {
    vec![
        ("property", |s| json!({"type": "object", "properties": {"p": s}})),
        ("nested", |s| json!({"properties": {"a": {"type": "object", "properties": {"p": s}}}})),
        ("items", |s| json!({"type": "array", "items": s})),
        ("allOf", |s| json!({"allOf": [{"type": "object", "properties": {"p": s}}]})),
        ("oneOf", |s| json!({"oneOf": [{"title": "A", "properties": {"p": s}}, {"type": "null"}]})),
        ("anyOf", |s| json!({"anyOf": [{"title": "A", "properties": {"p": s}}, {"title": "B"}]})),
        ("additional", |s| json!({"type": "object", "additionalProperties": s})),
        ("pattern", |s| json!({"type": "object", "patternProperties": {"^x": s}})),
        ("then", |s| json!({"if": {}, "then": {"properties": {"p": s}}})),
        ("tuple", |s| json!({"prefixItems": [s]})),
    ]
}

fn two_operations(schema: &Value, of: Hold) -> Value {
    let item = of(&json!({"$ref": "#/components/schemas/T"}))["/t"].clone();
    json!({"paths": {"/t": item.clone(), "/u": item}, "components": {"schemas": {"T": schema}}})
}

fn bodies() -> Vec<Place> {
    let mut places = Vec::new();
    let ways: [(&str, &str, &str, Hold); 2] = [
        ("request-body", "request-property", "request", sent),
        ("response-body", "response-property", "response", received),
    ];
    for (body, property, direction, of) in ways {
        let place = |name, prefix, operations, build| Place {
            name,
            prefix,
            keys: [prefix, direction],
            operations,
            build,
        };
        places.push(place(body, body, POST, Box::new(move |s| json!({"paths": of(s)}))));
        let both: &[(&str, &str)] = &[("POST", "/t"), ("POST", "/u")];
        places.push(place("component", body, both, Box::new(move |s| two_operations(s, of))));
        for (name, hold) in inside() {
            let build = move |s: &Value| json!({"paths": of(&hold(s))});
            places.push(place(name, property, POST, Box::new(build)));
        }
        let deep = |s: &Value| json!({"type": "object", "properties": {"p": s}});
        let build = move |s: &Value| two_operations(&deep(s), of);
        places.push(place("component property", property, both, Box::new(build)));
    }
    let hook = |s: &Value| json!({"paths": {}, "webhooks": {"w": {"post": {"requestBody": content(s), "responses": {}}}}});
    places.push(Place {
        name: "webhook",
        prefix: "request-body",
        keys: ["request-body", "request"],
        operations: &[("POST", "webhook:w")],
        build: Box::new(hook),
    });
    places
}

fn parameters() -> Vec<Place> {
    let mut places = Vec::new();
    for location in ["query", "header", "cookie"] {
        let list = move |s: &Value| json!([{"name": "q", "in": location, "schema": s}]);
        let own = move |s: &Value| json!({"paths": {"/t": {"post": {"parameters": list(s), "responses": {}}}}});
        let shared = move |s: &Value| json!({"paths": {"/t": {"parameters": list(s), "post": {"responses": {}}}}});
        let keys = ["parameter", "parameter"];
        let place = |name, build| Place {
            name,
            prefix: "request-parameter",
            keys,
            operations: POST,
            build,
        };
        places.push(place(location, Box::new(own)));
        places.push(place("of the path", Box::new(shared)));
    }
    let query = |s: &Value| {
        let object = json!({"type": "object", "properties": {"p": s}});
        let list = json!([{"name": "q", "in": "query", "schema": object}]);
        json!({"paths": {"/t": {"post": {"parameters": list, "responses": {}}}}})
    };
    places.push(Place {
        name: "parameter property",
        prefix: "request-parameter-property",
        keys: ["parameter-property", "parameter-property"],
        operations: POST,
        build: Box::new(query),
    });
    let header = |s: &Value| {
        let headers = json!({"headers": {"H": {"schema": s}}});
        json!({"paths": {"/t": {"post": {"responses": {"default": headers}}}}})
    };
    places.push(Place {
        name: "response header",
        prefix: "response-header",
        keys: ["header", "header"],
        operations: POST,
        build: Box::new(header),
    });
    places
}

/// What the schemas of the cases refer to.
fn components(parts: Value) -> Value {
    let mut parts = parts;
    let known = json!({
        "Cat": {"type": "object", "properties": {"meow": {"type": "boolean"}}},
        "Dog": {"type": "object", "properties": {"bark": {"type": "boolean"}}},
        "Fox": {"type": "object", "properties": {"ring": {"type": "boolean"}}},
        "Word": {"type": "string"},
        "Term": {"type": "string"},
    });
    for (name, schema) in known.as_object().expect("schemas") {
        parts["components"]["schemas"][name] = schema.clone();
    }
    parts
}

/// `None` where a case leaves open what is found.
fn wanted(case: &Value, place: &Place) -> Option<Labels> {
    let key = place.keys.into_iter().find(|key| case.get(*key).is_some());
    let Some(key) = key else { return Some(Labels::new()) };
    let mut labels = Labels::new();
    for word in words(&case[key]) {
        let id = match word.strip_prefix('=') {
            Some(id) => id.to_owned(),
            None if word == "?" => return None,
            None => format!("{}-{word}", place.prefix),
        };
        labels.extend(
            place.operations.iter().map(|(m, p)| (id.clone(), (*m).to_owned(), (*p).to_owned())),
        );
    }
    Some(labels)
}

/// How many comparisons there were, what was wanted and found somewhere, and what went wrong.
#[derive(Default)]
struct Outcome {
    compared: usize,
    shown: BTreeSet<String>,
    problems: Vec<String>,
}

impl Outcome {
    fn compare(&mut self, name: &str, wanted: &Labels, said: &Labels) {
        self.compared += 1;
        self.shown.extend(wanted.intersection(said).map(|(id, ..)| id.clone()));
        if wanted != said {
            let (missing, wrong) = (wanted - said, said - wanted);
            let (missing, wrong) = (shown(&missing), shown(&wrong));
            self.problems.push(format!("{name}: missing [{missing}], too much [{wrong}]"));
        }
    }
}

fn schemas() -> Outcome {
    let mut outcome = Outcome::default();
    let places: Vec<Place> = bodies().into_iter().chain(parameters()).collect();
    for case in cases("openapi-schemas") {
        assert!(case.get("old").is_some() && case.get("new").is_some(), "{case}");
        for place in &places {
            let Some(wanted) = wanted(&case, place) else { continue };
            let of = |schema| document(version(&case), components((place.build)(&case[schema])));
            let (said, _) = found(&of("old"), &of("new"));
            let name = format!("{} as {} ({})", text(&case, "name"), place.name, place.prefix);
            outcome.compare(&name, &wanted, &said);
        }
    }
    outcome
}

/// Both sides of a case that shows whole documents, or the schema of a body.
fn sides(case: &Value) -> (Value, Value) {
    if case.get("base").is_some() {
        return (
            document(version(case), case["base"].clone()),
            document(version(case), case["head"].clone()),
        );
    }
    let side = |at: usize| {
        let mut operation = json!({"responses": {}});
        if let Some(pair) = case.get("request") {
            operation["requestBody"] = content(&pair[at]);
        }
        if let Some(pair) = case.get("response") {
            operation["responses"]["200"] = content(&pair[at]);
        }
        let mut parts = json!({"paths": {"/t": {"post": operation}}});
        if let Some(pair) = case.get("components") {
            parts["components"] = pair[at].clone();
        }
        document(version(case), parts)
    };
    (side(0), side(1))
}

fn labels(list: &Value) -> Labels {
    let label = |one: &Value| {
        let mut parts = one.as_str().expect("a text").splitn(3, ' ').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next())
    };
    list.as_array().into_iter().flatten().map(label).collect()
}

fn documents() -> Outcome {
    let mut outcome = Outcome::default();
    for case in cases("openapi-documents") {
        let (base, head) = sides(&case);
        let (said, moot) = found(&base, &head);
        let hidden = labels(&case["moot"]);
        outcome.compare(text(&case, "name"), &(&labels(&case["found"]) | &hidden), &said);
        outcome.compare(&format!("{}, not reported", text(&case, "name")), &hidden, &moot);
        let (backwards, _) = found(&head, &head);
        outcome.compare(&format!("{}, unchanged", text(&case, "name")), &Labels::new(), &backwards);
    }
    outcome
}

#[test]
fn schemas_mean_what_the_pairs_say() {
    let outcome = schemas();
    eprintln!("{} comparisons, {} wrong", outcome.compared, outcome.problems.len());
    assert!(outcome.problems.is_empty(), "{}", outcome.problems.join("\n"));
}

#[test]
fn documents_mean_what_the_pairs_say() {
    let outcome = documents();
    eprintln!("{} comparisons, {} wrong", outcome.compared, outcome.problems.len());
    assert!(outcome.problems.is_empty(), "{}", outcome.problems.join("\n"));
}

/// A rule names the id of another tool because it finds the same; a pair shows that it does.
#[test]
fn every_id_that_a_rule_claims_is_shown_by_a_pair() {
    let mut known = schemas().shown;
    known.extend(documents().shown);
    let claimed = rules::all().flat_map(|rule| rule.equivalents);
    let missing: Vec<&str> = claimed
        .filter_map(|id| id.strip_prefix("oasdiff:"))
        .filter(|id| !known.contains(*id) && !NEVER.contains(id))
        .collect();
    assert!(missing.is_empty(), "no pair shows {}", missing.join(", "));
    let shown: Vec<&str> = NEVER.into_iter().filter(|id| known.contains(*id)).collect();
    assert!(shown.is_empty(), "a pair shows {}", shown.join(", "));
}

/// Compares two lists in which the same may stand more than once.
fn compare_lists(name: &str, mut wanted: Vec<String>, said: Vec<String>) -> Option<String> {
    let mut wrong = Vec::new();
    for one in said {
        match wanted.iter().position(|other| *other == one) {
            Some(at) => drop(wanted.swap_remove(at)),
            None => wrong.push(one),
        }
    }
    let (missing, wrong) = (wanted.join(", "), wrong.join(", "));
    (!missing.is_empty() || !wrong.is_empty())
        .then(|| format!("{name}: missing [{missing}], too much [{wrong}]"))
}

fn texts(list: &Value) -> Vec<String> {
    let text = |one: &Value| one.as_str().expect("a text").to_owned();
    list.as_array().into_iter().flatten().map(text).collect()
}

#[test]
fn graphql_schemas_mean_what_the_pairs_say() {
    let mut problems = Vec::new();
    let mut shown = BTreeSet::new();
    for case in cases("graphql") {
        let found = graphql::differences(text(&case, "old"), text(&case, "new")).expect("GraphQL");
        for (key, breaking) in [("breaking", true), ("dangerous", false)] {
            let said = found.iter().filter(|one| one.2 == breaking);
            let said: Vec<String> = said.map(|(id, path, _)| format!("{id} {path}")).collect();
            shown.extend(found.iter().map(|(id, ..)| *id));
            let name = format!("{}, {key}", text(&case, "name"));
            problems.extend(compare_lists(&name, texts(&case[key]), said));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let claimed = rules::all().flat_map(|rule| rule.equivalents);
    let missing: Vec<&str> = claimed
        .filter_map(|id| id.strip_prefix("graphql-inspector:"))
        .filter(|id| !shown.contains(id))
        .collect();
    assert!(missing.is_empty(), "no pair shows {}", missing.join(", "));
}

/// Both trees of a case, with the `buf.yaml` that it asks for.
fn trees(case: &Value) -> [Vec<(String, String)>; 2] {
    let all = ["FILE", "PACKAGE", "WIRE_JSON", "WIRE"].map(str::to_owned).to_vec();
    let wanted = case.get("use").map_or(all, texts).join(", ");
    let usual = format!("version: v1\nbreaking:\n  use: [{wanted}]\n");
    let config = case["config"].as_str().unwrap_or(&usual).to_owned();
    [("before", "base"), ("after", "head")].map(|(single, tree)| {
        let mut files = vec![("buf.yaml".to_owned(), config.clone())];
        match case[single].as_str() {
            Some(text) => files.push(("a.proto".to_owned(), text.to_owned())),
            None => {
                files.extend(
                    case[tree].as_object().expect("files").iter().map(|(path, text)| {
                        (path.clone(), text.as_str().expect("a text").to_owned())
                    }),
                )
            }
        }
        files
    })
}

fn borrowed(tree: &[(String, String)]) -> Vec<(&str, &str)> {
    tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

#[test]
fn protobuf_trees_mean_what_the_pairs_say() {
    let mut problems = Vec::new();
    let mut shown = BTreeSet::new();
    for case in cases("protobuf") {
        let [base, head] = trees(&case);
        let said = protobuf::differences(&borrowed(&base), &borrowed(&head)).into_iter().map(
            |(id, path, line)| {
                shown.insert(id);
                match path {
                    None => format!("{id} -"),
                    Some(path) if path == "a.proto" => format!("{id} {}", line.unwrap_or(1)),
                    Some(path) => format!("{id} {path}:{}", line.unwrap_or(1)),
                }
            },
        );
        problems.extend(compare_lists(text(&case, "name"), texts(&case["found"]), said.collect()));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let claimed = rules::all().flat_map(|rule| rule.equivalents);
    let missing: Vec<&str> =
        claimed.filter_map(|id| id.strip_prefix("buf:")).filter(|id| !shown.contains(id)).collect();
    assert!(missing.is_empty(), "no pair shows {}", missing.join(", "));
}
