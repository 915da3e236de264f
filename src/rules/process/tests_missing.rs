//! `process/code-without-tests`.

use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::domain::finding::Severity;
use crate::domain::path::RepoPath;
use crate::ports::source::{Need, literal_glob};
use crate::rules::{Draft, Findings, RuleContext};

use super::split::subject_stem;
use crate::rules::nearby::{above, in_each, inside};

/// Changes with fewer added lines of code than this are not asked for tests.
const MIN_ADDED_LINES: usize = 10;

/// Most test files read per changed file.
const MAX_TESTS: usize = 20;

/// Most changed files for which tests are looked for.
const MAX_SUBJECTS: usize = 30;

const LANGUAGES: &[&str] =
    &["go", "rs", "py", "java", "kt", "ts", "js", "rb", "cs", "php", "scala", "ex"];

/// Whether a path is that of a test, by the conventions of its language.
pub(in crate::rules) fn is_test(path: &RepoPath) -> bool {
    let name = path.file_name();
    let stem = name.split('.').next().unwrap_or(name);
    let directories = ["test", "tests", "__tests__", "spec", "specs", "e2e", "testdata", "testing"];
    directories.iter().any(|directory| path.has_directory(directory))
        || path
            .directory()
            .split('/')
            .any(|part| part.ends_with("Tests") || part.ends_with(".Tests"))
        || stem.starts_with("test_")
        || ["_test", "_tests", "_spec", "-test", "-spec"].iter().any(|end| stem.ends_with(end))
        || ["Test", "Tests", "Spec", "IT"]
            .iter()
            .any(|end| stem.len() > end.len() && stem.ends_with(end))
        || name.contains(".test.")
        || name.contains(".spec.")
        || matches!(name, "conftest.py" | "tests.rs" | "tests.py")
}

/// Whether a file is source code of a service that tests could cover.
fn is_subject(file: &FileChange) -> bool {
    let code =
        file.path.extension().is_some_and(|extension| LANGUAGES.contains(&extension.as_str()));
    let name = file.path.file_name();
    let outside = [
        "migrations",
        "migration",
        "vendor",
        "node_modules",
        "generated",
        "gen",
        "examples",
        "example",
        "docs",
        "scripts",
        "script",
        "benches",
        "bench",
        "benchmarks",
        "mocks",
        "mock",
        "fixtures",
        "frontend",
        "web",
        "ui",
        "e2e",
        "tools",
        "hack",
        "stories",
        "types",
    ];
    let harmless = name.ends_with(".d.ts")
        || name.contains(".config.")
        || name.contains(".stories.")
        || matches!(
            name,
            "build.rs"
                | "setup.py"
                | "conftest.py"
                | "__init__.py"
                | "settings.py"
                | "config.py"
                | "doc.go"
        );
    code && !file.derived
        && !file.is_deleted()
        && !harmless
        && !is_test(&file.path)
        && !outside.iter().any(|directory| file.path.has_directory(directory))
}

/// Added lines that hold code: not blank, no comment, no import, not only brackets.
fn added_code(file: &FileChange) -> usize {
    let Some(text) = file.head_text() else { return 0 };
    let is_code = |line: &str| {
        let line = line.trim();
        let comment =
            ["//", "#", "*", "/*", "--", "\"\"\"", "'''"].iter().any(|mark| line.starts_with(mark));
        let import =
            ["import ", "from ", "use ", "package ", "using ", "require ", "mod ", "pub mod "]
                .iter()
                .any(|word| line.starts_with(word));
        !comment && !import && line.chars().any(char::is_alphanumeric)
    };
    file.added_lines().filter_map(|number| text.line(number)).filter(|line| is_code(line)).count()
}

/// Line from which a Rust file holds its unit tests.
fn inline_tests(file: &FileChange) -> Option<u32> {
    let text = file.head_text().filter(|_| file.path.extension().as_deref() == Some("rs"))?;
    text.lines().find(|(_, line)| line.trim() == "#[cfg(test)]").map(|(number, _)| number)
}

fn touches_tests(change: &Change) -> bool {
    change.files.iter().any(|file| {
        let inline = inline_tests(file).is_some_and(|start| file.added_lines().any(|l| l >= start));
        inline || (is_test(&file.path) && !file.is_deleted())
    })
}

fn subjects(change: &Change) -> Vec<(&FileChange, usize)> {
    let files = change.files.iter().filter(|file| is_subject(file));
    let mut subjects: Vec<_> =
        files.map(|file| (file, added_code(file))).filter(|s| s.1 > 0).collect();
    subjects.sort_by_key(|(file, added)| (std::cmp::Reverse(*added), file.path.clone()));
    subjects.truncate(MAX_SUBJECTS);
    subjects
}

pub(super) fn applies(change: &Change) -> bool {
    let added: usize = subjects(change).iter().map(|(_, added)| added).sum();
    added >= MIN_ADDED_LINES && !touches_tests(change)
}

/// Where the tests of one file would be: beside it, or in a directory for tests beside or above.
fn need_for(path: &RepoPath) -> Need {
    let extension = path.extension().unwrap_or_default();
    let stem = literal_glob(&subject_stem(path));
    let name = literal_glob(path.file_name().split('.').next().unwrap_or(""));
    let beside = |tail: &str| inside(path.directory(), tail);
    let above = |tails: &[String]| {
        let tails: Vec<&str> = tails.iter().map(String::as_str).collect();
        in_each(above([path]), &tails)
    };
    let globs = match extension.as_str() {
        "go" => vec![beside("*_test.go")],
        "py" => {
            let file = format!("{{test_{stem},{stem}_test}}.py");
            let mut globs = above(&[format!("{{test,tests}}/**/{file}")]);
            globs.push(beside(&file));
            globs
        }
        "rs" => {
            let mut globs = above(&[format!("tests/{stem}.rs")]);
            globs.push(beside(&format!("{stem}/tests.rs")));
            globs
        }
        "java" | "kt" | "scala" | "cs" | "php" => {
            let file = format!("{name}{{Test,Tests,IT,Spec}}.{extension}");
            let mut globs = above(&[
                format!("src/*{{test,Test,it}}*/**/{file}"),
                format!("{{test,tests,*Tests,*.Test}}/**/{file}"),
            ]);
            globs.push(beside(&file));
            globs
        }
        "rb" => {
            let file = format!("{stem}_{{spec,test}}.rb");
            let mut globs = above(&[format!("{{spec,test}}/**/{file}")]);
            globs.push(beside(&file));
            globs
        }
        "ex" => above(&[format!("test/**/{stem}_test.exs")]),
        _ => {
            let file = format!("{name}.{{test,spec}}.{{ts,js,tsx,mts}}");
            let directories = "{test,tests,__tests__,spec,specs,e2e}";
            let mut globs = above(&[format!("{directories}/**/{file}")]);
            globs.push(beside(&file));
            globs
        }
    };
    Need::Glob { side: Side::Head, globs, limit: MAX_TESTS }
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    subjects(change).iter().map(|(file, _)| need_for(&file.path)).collect()
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let covered = subjects(context.change).into_iter().filter_map(|(file, added)| {
        let own = inline_tests(file).map(|_| file.path.clone());
        let test =
            own.or_else(|| Some(context.gathered(&need_for(&file.path)).first()?.path.clone()));
        Some((file, added, test?))
    });
    let covered: Vec<(&FileChange, usize, RepoPath)> = covered.collect();
    let total: usize = covered.iter().map(|(_, added, _)| added).sum();
    let Some((file, _, test)) = covered.first().filter(|_| total >= MIN_ADDED_LINES) else {
        return;
    };
    let critical = covered.iter().any(|(file, _, _)| context.is_critical(&file.path));
    let others = match covered.len() {
        1 => String::new(),
        2 => " One more changed file has tests as well.".to_owned(),
        count => format!(" {} more changed files have tests as well.", count - 1),
    };
    let place =
        if *test == file.path { "it has its own".to_owned() } else { format!("`{test}` has them") };
    let weight = if critical { " The policy marks a changed path as critical." } else { "" };
    let draft = Draft {
        title: format!("{total} lines of code are added and no test is changed"),
        evidence: format!(
            "`{}` is covered by tests ({place}), and this change touches none.{others}{weight}",
            file.path
        ),
        recommendation:
            "Add a test that fails without this change, or say in the description what \
                         covers it."
                .to_owned(),
        symbol: Some("change".to_owned()),
        severity: critical.then_some(Severity::Major),
        ..Draft::default()
    };
    findings.on_file(file, draft);
}
