//! The fuzz targets on a stable compiler: over the fixtures, and over bytes made from them.
//! `PROPTEST_CASES=20000 cargo test --test it fuzz` looks longer.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::harness::thorough;

/// Parsers recurse over their input and bound the depth; the product gives them this much stack.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Pieces that parsers turn on.
const TOKENS: &[&str] = &[
    "\0",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "  ",
    "---\n",
    "```",
    "~~~",
    "> ",
    "- ",
    "* ",
    "# ",
    "| ",
    "`",
    "\\",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ":",
    ": ",
    ",",
    ";",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">-\n",
    "!!int ",
    "? ",
    "%YAML 1.2\n",
    "\u{FEFF}",
    "\u{202E}",
    "é",
    "🦀",
    "\u{85}",
    "\u{2028}",
    "<!--",
    "-->",
    "<a href=x>",
    "![x](y)",
    "@a",
    "#1",
    "GH-1",
    "https://a.b",
    "0123456789abcdef",
    "/backend-team ",
    "ask backend team ",
    "review",
    "dismiss ",
    "explain ",
    "${{ ",
    " }}",
    "github.event.issue.title",
    "on:\n",
    "jobs:\n",
    "  a:\n",
    "    steps:\n",
    "      - run: ",
    "      - uses: a/b@v1\n",
    "FROM ",
    "FROM a AS b\n",
    "RUN ",
    "RUN <<EOF\n",
    "EOF\n",
    "ARG A=1\n",
    "ENV ",
    "COPY --from=",
    "ONBUILD ",
    "# escape=`\n",
    "\\\n",
    "CREATE TABLE a (",
    "ALTER TABLE a ",
    "DROP COLUMN b",
    "CREATE INDEX CONCURRENTLY i ON a (b);",
    "BEGIN;",
    "COMMIT;",
    "DO $$",
    "$$;",
    "$a$",
    "/*",
    "*/",
    "--",
    "case when ",
    " end",
    "not ",
    "- - ",
    "DELIMITER //\n",
    "openapi: 3.0.0\n",
    "paths:\n",
    "  /a:\n",
    "$ref: '#/components/schemas/A'\n",
    "kind: Deployment\n",
    "apiVersion: v1\n",
    "spec:\n",
    "containers:\n",
    "null",
    "true",
    "1e999",
    "-0",
    "\\u0000",
    "\\ud800",
    "[rules]\n",
    "ignore = [\"**/*\"]\n",
    "max-line-notes = 31\n",
    "syntax = \"proto3\";\n",
    "edition = \"2023\";\n",
    "message M {\n",
    "oneof o {",
    "optional group G = 1 {",
    "map<string, M> m = 3;",
    "M a = 1;",
    "reserved 1 to max;",
    "extend M {",
    "[default = 1]",
    "rpc R(M) returns (stream M);",
    "type Query {",
    "extend type Query {",
    "a(b: [Int!] = [1]): T! @auth",
    "union U = A | B",
    "\"\"\"",
    "directive @a on FIELD",
    "use Ecto.Migration\n",
    "def change do\n",
    "create table(:a) do\n",
    "modify :a, :text, from: ",
    "execute \"\"\"\n",
    "|> ",
    "migrationBuilder.Sql(@\"",
    "migrationBuilder.CreateTable(",
    "table => new { A = table.Column<int>(",
    "func a() {\n",
    "def a():\n",
    "if err != nil {",
    "except Exception:\n",
    "password = \"hunter2hunter2\"\n",
    "AKIAIOSFODNN7EXAMPLE",
];

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Every fixture, and every code block of the rules' pages by itself.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut seeds = Vec::new();
    for path in files_below(&root) {
        let bytes = std::fs::read(&path).unwrap();
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let blocks = text.split("\n```").skip(1).step_by(2);
            let contents = blocks.filter_map(|block| block.split_once('\n'));
            seeds.extend(contents.map(|(_, content)| content.as_bytes().to_vec()));
        }
        seeds.push(bytes);
    }
    assert!(seeds.len() > 100, "the fixtures were not found");
    seeds
});

/// One change to a seed.
#[derive(Debug, Clone)]
enum Edit {
    Cut(Index, Index),
    Repeat(Index, Index, u8),
    Insert(Index, Vec<u8>),
    Flip(Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Edit::Cut(a, b)),
        (any::<Index>(), any::<Index>(), 1..40_u8).prop_map(|(a, b, n)| Edit::Repeat(a, b, n)),
        (any::<Index>(), select(TOKENS)).prop_map(|(at, t)| Edit::Insert(at, t.into())),
        (any::<Index>(), vec(any::<u8>(), 1..6)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Flip(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let range = |a: &Index, b: &Index, length: usize| {
        let (a, b) = (a.index(length + 1), b.index(length + 1));
        a.min(b)..a.max(b)
    };
    match edit {
        Edit::Cut(a, b) => drop(bytes.drain(range(a, b, bytes.len()))),
        Edit::Repeat(a, b, times) => {
            let range = range(a, b, bytes.len());
            let piece = bytes[range.clone()].repeat(usize::from(*times));
            bytes.splice(range.end..range.end, piece);
            bytes.truncate(64 * 1024);
        }
        Edit::Insert(at, piece) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, piece.iter().copied());
        }
        Edit::Flip(at, byte) if !bytes.is_empty() => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Edit::Flip(..) => {}
    }
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    let edited = (any::<Index>(), vec(edit(), 1..6)).prop_map(|(seed, edits)| {
        let mut bytes = seed.get(&SEEDS).clone();
        edits.iter().for_each(|edit| apply(&mut bytes, edit));
        bytes
    });
    let tokens = vec(select(TOKENS), 0..60).prop_map(|tokens| tokens.concat().into_bytes());
    let deep = (select(TOKENS), select(TOKENS), 1..2_000_usize, select(TOKENS)).prop_map(
        |(first, second, times, last)| {
            [&[first, second].concat().repeat(times), last].concat().into_bytes()
        },
    );
    prop_oneof![4 => edited, 3 => tokens, 1 => deep, 1 => vec(any::<u8>(), 0..200)]
}

fn on_a_large_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn every_target_has_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut files: Vec<String> = files_below(&folder)
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut names: Vec<String> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    files.sort();
    names.sort();
    assert_eq!(files, names);
}

#[test]
fn the_fixtures_break_no_target() {
    on_a_large_stack(|| {
        for (at, (name, target)) in targets::ALL.iter().enumerate() {
            let seeds = SEEDS.iter().enumerate();
            // Each seed meets a quarter of the targets, another quarter than its neighbours.
            let all = thorough();
            for (_, seed) in seeds.filter(|(seed, _)| all || (seed + at) % 4 == 0) {
                let run = catch_unwind(AssertUnwindSafe(|| target(seed)));
                assert!(run.is_ok(), "{name} on {}", String::from_utf8_lossy(seed));
            }
        }
    });
}

#[test]
fn generated_bytes_break_no_target() {
    on_a_large_stack(|| {
        let mut config = ProptestConfig::default();
        if std::env::var_os("PROPTEST_CASES").is_none() {
            config.cases = if thorough() { 400 } else { 100 };
        }
        config.failure_persistence = None;
        for (name, target) in targets::ALL {
            let mut runner = proptest::test_runner::TestRunner::new(config.clone());
            let result = runner.run(&input(), |bytes| {
                target(&bytes);
                Ok(())
            });
            if let Err(error) = result {
                panic!("{name}: {error}");
            }
        }
    });
}
