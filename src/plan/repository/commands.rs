//! Commands that the repository gives for its tests. They are quoted, never run.

use crate::domain::survey::{Survey, SurveyedFile};
use crate::plan::paths;

/// A command with the place that gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub text: String,
    pub path: String,
    pub line: u32,
}

/// Beginnings of commands that run tests.
const TESTS: &[&str] = &[
    "cargo test",
    "cargo nextest",
    "go test",
    "pytest",
    "python -m pytest",
    "python manage.py test",
    "manage.py test",
    "bundle exec rspec",
    "bin/rails test",
    "rails test",
    "bundle exec rails test",
    "npm test",
    "npm run test",
    "pnpm test",
    "pnpm run test",
    "yarn test",
    "npx jest",
    "./mvnw test",
    "./mvnw verify",
    "mvn test",
    "mvn verify",
    "mvn -B verify",
    "./gradlew test",
    "./gradlew check",
    "gradle test",
    "mix test",
    "make test",
    "just test",
    "tox",
    "poetry run pytest",
    "uv run pytest",
    "composer test",
    "deno test",
    "bun test",
    "./mvnw -B verify",
    "dotnet test",
];
const MAX_COMMAND: usize = 120;

/// The first command for tests: pipelines first, since they decide what is green, then documents.
pub fn test(survey: &Survey) -> Option<Command> {
    let pipelines = survey.texts.iter().filter(|file| paths::is_pipeline(&file.path));
    let documents = survey.texts.iter().filter(|file| {
        let name = file.path.file_name();
        ["AGENTS.md", "CONTRIBUTING.md", "README.md", "DEVELOPMENT.md"].contains(&name)
    });
    pipelines.chain(documents).find_map(in_file).or_else(|| make(survey)).or_else(|| npm(survey))
}

fn in_file(file: &SurveyedFile) -> Option<Command> {
    file.text.lines().enumerate().take(5_000).find_map(|(index, line)| {
        let text = command(line)?;
        let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        Some(Command { text, path: file.path.as_str().to_owned(), line })
    })
}

/// The command that a line of YAML or Markdown holds.
fn command(line: &str) -> Option<String> {
    if line.len() > 500 {
        return None;
    }
    let trimmed = line.trim().trim_start_matches("- ").trim_start_matches("run:");
    let trimmed = trimmed.trim().trim_start_matches("$ ");
    let starts = |text: &str| {
        TESTS.iter().any(|known| {
            text.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '`', '\'', '"']))
        })
    };
    let plain = trimmed.trim_matches(['\'', '"', '`']);
    let found = if starts(plain) {
        plain.split('`').next()
    } else {
        // Prose: "run `cargo test --locked`".
        line.split('`').skip(1).step_by(2).find(|code| starts(code.trim()))
    };
    let found = found?.trim();
    let found = found.split(" && ").next().unwrap_or(found);
    (found.len() <= MAX_COMMAND && !found.contains("${{")).then(|| found.to_owned())
}

fn make(survey: &Survey) -> Option<Command> {
    let file = survey.texts.iter().find(|file| file.path.as_str() == "Makefile")?;
    let at = file.text.lines().position(|line| line.starts_with("test:"))?;
    let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
    Some(Command { text: "make test".to_owned(), path: "Makefile".to_owned(), line })
}

fn npm(survey: &Survey) -> Option<Command> {
    let file = survey.texts.iter().find(|file| file.path.as_str() == "package.json")?;
    let at = file.text.lines().position(|line| line.trim().starts_with("\"test\":"))?;
    let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
    Some(Command { text: "npm test".to_owned(), path: "package.json".to_owned(), line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_as_written() {
        for (line, found) in [
            ("      - run: cargo test --locked", Some("cargo test --locked")),
            ("        run: go test ./... && echo done", Some("go test ./...")),
            ("Run `bundle exec rspec spec/models` first.", Some("bundle exec rspec spec/models")),
            ("cargo testing is fun", None),
            ("run: ${{ matrix.command }}", None),
        ] {
            assert_eq!(command(line).as_deref(), found, "{line}");
        }
    }
}
