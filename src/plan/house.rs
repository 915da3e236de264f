//! What the repository asks of whoever works on it.

use super::repository;
use super::words::{code, cut};
use crate::domain::house::House;
use crate::domain::survey::Survey;
use crate::domain::team::Team;

/// Most ground rules that go along with a task.
const MAX_RULES: usize = 20;
/// Longest of them, in characters.
const MAX_RULE: usize = 240;

/// Ground rules of the team and the command that runs the tests.
pub fn house(survey: &Survey, team: &Team) -> House {
    let mut house = House::default();
    for rule in team.ground_rules.iter().take(MAX_RULES) {
        let text = cut(rule.value.trim(), MAX_RULE);
        house.constraints.push(match &rule.source {
            Some(source) => {
                format!("{text} ({}:{})", code(source.path.as_str()), source.lines.start())
            }
            None => text,
        });
        let path = rule.source.as_ref().map(|source| source.path.to_string());
        house.references.extend(path.filter(|path| !house.references.contains(path)));
    }
    if let Some(command) = repository::test_command(survey) {
        let (text, path) = (code(&command.text), code(&command.path));
        house.validation.push(format!("{text} ({path}:{})", command.line));
    }
    house
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diff::LineRange;
    use crate::domain::instructions::SourceRef;
    use crate::domain::path::RepoPath;
    use crate::domain::survey::SurveyedFile;
    use crate::domain::team::Sourced;

    #[test]
    fn rules_and_commands_come_with_their_places() {
        let source = SourceRef {
            path: RepoPath::new("AGENTS.md").unwrap(),
            lines: LineRange::new(7, 7).unwrap(),
        };
        let rule = |value: &str, source| Sourced { value: value.to_owned(), source };
        let team = Team {
            ground_rules: vec![
                rule("Money is integer cents", Some(source.clone())),
                rule("Tests first", Some(source)),
                rule("Keep it small", None),
            ],
            ..Team::default()
        };
        let file = SurveyedFile {
            path: RepoPath::new("README.md").unwrap(),
            text: "# x\n\n```sh\ncargo test\n```\n".to_owned(),
        };
        let survey = Survey { texts: vec![file], ..Survey::default() };
        let house = house(&survey, &team);
        assert_eq!(house.constraints[0], "Money is integer cents (`AGENTS.md`:7)");
        assert_eq!(house.constraints[2], "Keep it small");
        assert_eq!(house.references, ["AGENTS.md"]);
        assert_eq!(house.validation, ["`cargo test` (`README.md`:4)"]);
    }
}
