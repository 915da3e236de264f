//! Tests that fail until the behaviour is there, in the framework that the repository tests with.

use super::ground::{Overlay, is_foreign};
use super::names::{camel, kebab, pascal, snake};
use super::{ProduceError, Produced};

/// Most cases in one file.
const MAX_CASES: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framework {
    Rust,
    Go,
    Pytest,
    Django,
    Rspec,
    Minitest,
    Vitest,
    Jest,
    JUnit,
}

/// Whether the path is that of a test, by the conventions of its language.
pub(super) fn is_test(path: &str) -> bool {
    language(path).is_some()
}

fn language(path: &str) -> Option<Framework> {
    if is_foreign(path) {
        return None;
    }
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let below = |part: &str| directory.split('/').any(|segment| segment == part);
    let (stem, extension) = name.rsplit_once('.')?;
    match extension {
        "rs" => (directory == "tests" || directory.ends_with("/tests")).then_some(Framework::Rust),
        "go" => stem.ends_with("_test").then_some(Framework::Go),
        "py" => (stem.starts_with("test_") || stem.ends_with("_test")).then_some(Framework::Pytest),
        "rb" if stem.ends_with("_spec") => Some(Framework::Rspec),
        "rb" if stem.ends_with("_test") => Some(Framework::Minitest),
        "ts" | "js" | "mjs" => {
            (stem.ends_with(".test") || stem.ends_with(".spec")).then_some(Framework::Jest)
        }
        "java" => ((stem.ends_with("Test") || stem.ends_with("Tests")) && below("test"))
            .then_some(Framework::JUnit),
        _ => None,
    }
}

pub(super) fn produce(
    subject: &str,
    cases: &[String],
    overlay: &Overlay<'_>,
) -> Result<Produced, ProduceError> {
    let tests: Vec<&str> = overlay.paths().iter().copied().filter(|path| is_test(path)).collect();
    let sample = sample(&tests, subject).ok_or_else(|| {
        ProduceError::Unknown(
            "the repository has no tests whose form a new one could follow".to_owned(),
        )
    })?;
    let text = overlay.text(sample).unwrap_or_default();
    let framework = framework(sample, &text, overlay);
    let cases = named(cases)?;
    if snake(subject, 48).is_empty() {
        return Err(ProduceError::Unknown("what the tests are about is not named".to_owned()));
    }
    let path = path(framework, sample, subject);
    if overlay.has(&path) {
        return Err(ProduceError::Conflict(format!("`{path}` is there already")));
    }
    let content = match framework {
        Framework::Rust => rust(&cases),
        Framework::Go => go(&text, &cases)?,
        Framework::Pytest => pytest(&cases),
        Framework::Django => django(subject, &cases),
        Framework::Rspec => rspec(subject, &text, &cases),
        Framework::Minitest => minitest(subject, &text, &cases),
        Framework::Jest | Framework::Vitest => javascript(framework, subject, &text, &cases),
        Framework::JUnit => junit(&path, &text, &cases),
    };
    let mut produced = Produced::default();
    produced.add(&path, content)?;
    produced
        .notes
        .push(format!("the tests of `{path}` fail on purpose until somebody writes what they say"));
    produced.verification.push(format!("each test of `{path}` passes, without the failing line"));
    Ok(produced)
}

/// The test that is nearest to the subject: it shares most words; of equal ones the first by name.
fn sample<'a>(tests: &[&'a str], subject: &str) -> Option<&'a str> {
    let wanted = super::names::words(subject);
    let shared = |path: &str| {
        let own = super::names::words(path);
        wanted.iter().filter(|word| own.contains(word)).count()
    };
    tests.iter().rev().max_by_key(|path| shared(path)).copied()
}

fn framework(sample: &str, text: &str, overlay: &Overlay<'_>) -> Framework {
    match language(sample) {
        Some(Framework::Pytest) if text.contains("django.test") => Framework::Django,
        Some(Framework::Jest) if text.contains("vitest") || overlay.depends_on("\"vitest\"") => {
            Framework::Vitest
        }
        Some(framework) => framework,
        None => Framework::Pytest,
    }
}

/// Each case with a name that is free.
fn named(cases: &[String]) -> Result<Vec<(String, String)>, ProduceError> {
    let mut named: Vec<(String, String)> = Vec::new();
    for case in cases.iter().take(MAX_CASES) {
        let said = plain(case);
        let name = match snake(&said, 60) {
            // Neither a number nor a single word, which might be a keyword.
            name if !name.is_empty()
                && (name.starts_with(|c: char| c.is_ascii_digit()) || !name.contains('_')) =>
            {
                format!("case_{name}")
            }
            name => name,
        };
        if !name.is_empty() && !named.iter().any(|(known, _)| *known == name) {
            named.push((name, said));
        }
    }
    if named.is_empty() {
        return Err(ProduceError::Unknown("no case is named that could be tested".to_owned()));
    }
    Ok(named)
}

/// Words that can stand in a string or comment of any of these languages.
fn plain(text: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || " .,:;()-_/+=%'".contains(*c);
    let text: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(kept).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Neither the end of a comment nor its start.
    text.replace("*/", "").replace("//", "/").chars().take(160).collect()
}

fn path(framework: Framework, sample: &str, subject: &str) -> String {
    let (directory, name) = sample.rsplit_once('/').unwrap_or(("", sample));
    let file = match framework {
        Framework::Rust => format!("{}.rs", snake(subject, 48)),
        Framework::Go => format!("{}_test.go", snake(subject, 48)),
        Framework::Pytest | Framework::Django if name.starts_with("test_") => {
            format!("test_{}.py", snake(subject, 48))
        }
        Framework::Pytest | Framework::Django => format!("{}_test.py", snake(subject, 48)),
        Framework::Rspec => format!("{}_spec.rb", snake(subject, 48)),
        Framework::Minitest => format!("{}_test.rb", snake(subject, 48)),
        Framework::Jest | Framework::Vitest => {
            let ending = name.split_once('.').map_or("test.ts", |(_, ending)| ending);
            let stem =
                if name.contains('-') { kebab(subject, 48) } else { camel(&snake(subject, 48)) };
            format!("{stem}.{ending}")
        }
        Framework::JUnit => {
            let ending = if name.ends_with("Tests.java") { "Tests" } else { "Test" };
            format!("{}{ending}.java", pascal(&snake(subject, 48)))
        }
    };
    if directory.is_empty() { file } else { format!("{directory}/{file}") }
}

fn rust(cases: &[(String, String)]) -> String {
    let test = |(name, said): &(String, String)| {
        format!("#[test]\nfn {name}() {{\n    panic!(\"not written yet: {said}\");\n}}\n")
    };
    cases.iter().map(test).collect::<Vec<_>>().join("\n")
}

fn go(sample: &str, cases: &[(String, String)]) -> Result<String, ProduceError> {
    let package = sample.lines().find_map(|line| line.strip_prefix("package "));
    let package = package.map(str::trim).filter(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    let package = package
        .ok_or_else(|| ProduceError::Unknown("the package of the tests is not known".to_owned()))?;
    let test = |(name, said): &(String, String)| {
        format!(
            "func Test{}(t *testing.T) {{\n\tt.Fatal(\"not written yet: {said}\")\n}}\n",
            pascal(name)
        )
    };
    let tests: Vec<String> = cases.iter().map(test).collect();
    Ok(format!("package {package}\n\nimport \"testing\"\n\n{}", tests.join("\n")))
}

fn pytest(cases: &[(String, String)]) -> String {
    let test = |(name, said): &(String, String)| {
        format!("def test_{name}():\n    pytest.fail(\"not written yet: {said}\")\n")
    };
    let tests: Vec<String> = cases.iter().map(test).collect();
    format!("import pytest\n\n\n{}", tests.join("\n\n"))
}

fn django(subject: &str, cases: &[(String, String)]) -> String {
    let test = |(name, said): &(String, String)| {
        format!("    def test_{name}(self):\n        self.fail(\"not written yet: {said}\")\n")
    };
    let tests: Vec<String> = cases.iter().map(test).collect();
    format!(
        "from django.test import TestCase\n\n\nclass {}Tests(TestCase):\n{}",
        pascal(&snake(subject, 48)),
        tests.join("\n")
    )
}

/// The line by which the sample loads its helper.
fn helper(sample: &str, usual: &str) -> String {
    let line = sample.lines().find(|line| line.starts_with("require ") && line.contains("_helper"));
    line.map_or(usual, str::trim).to_owned()
}

fn rspec(subject: &str, sample: &str, cases: &[(String, String)]) -> String {
    let test = |(_, said): &(String, String)| {
        format!("  it \"{said}\" do\n    raise \"not written yet\"\n  end\n")
    };
    let tests: Vec<String> = cases.iter().map(test).collect();
    format!(
        "{}\n\nRSpec.describe \"{}\" do\n{}end\n",
        helper(sample, "require \"spec_helper\""),
        plain(subject),
        tests.join("\n")
    )
}

fn minitest(subject: &str, sample: &str, cases: &[(String, String)]) -> String {
    let test = |(_, said): &(String, String)| {
        format!("  test \"{said}\" do\n    flunk \"not written yet\"\n  end\n")
    };
    let tests: Vec<String> = cases.iter().map(test).collect();
    format!(
        "{}\n\nclass {}Test < ActiveSupport::TestCase\n{}end\n",
        helper(sample, "require \"test_helper\""),
        pascal(&snake(subject, 48)),
        tests.join("\n")
    )
}

fn javascript(
    framework: Framework,
    subject: &str,
    sample: &str,
    cases: &[(String, String)],
) -> String {
    let import = match framework {
        Framework::Vitest => "import { describe, it } from \"vitest\";\n\n",
        _ if sample.contains("@jest/globals") => {
            "import { describe, it } from \"@jest/globals\";\n\n"
        }
        _ => "",
    };
    let test = |(_, said): &(String, String)| {
        format!("  it(\"{said}\", () => {{\n    throw new Error(\"not written yet\");\n  }});\n")
    };
    let tests: Vec<String> = cases.iter().map(test).collect();
    format!("{import}describe(\"{}\", () => {{\n{}}});\n", plain(subject), tests.join("\n"))
}

fn junit(path: &str, sample: &str, cases: &[(String, String)]) -> String {
    let package = sample.lines().find(|line| line.starts_with("package "));
    let package = package.map_or(String::new(), |line| format!("{}\n\n", line.trim()));
    let class = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".java");
    let test = |(name, said): &(String, String)| {
        format!(
            "    @Test\n    void {}() {{\n        fail(\"not written yet: {said}\");\n    }}\n",
            camel(name)
        )
    };
    let tests: Vec<String> = cases.iter().map(test).collect();
    format!(
        "{package}import static org.junit.jupiter.api.Assertions.fail;\n\nimport org.junit.jupiter.api.Test;\n\nclass {class} {{\n{}}}\n",
        tests.join("\n")
    )
}
