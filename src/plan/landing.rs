//! How a change that is risky in one piece may land: expand, migrate, contract over releases,
//! derived from what the rules found in it.

use crate::domain::finding::{Finding, Prose};

/// Where a step belongs. Each is a release of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Only adds: the release before goes on working.
    Expand,
    /// Code and data move over.
    Migrate,
    /// Takes away what nothing uses any more.
    Contract,
}

impl Stage {
    pub const ALL: [Self; 3] = [Self::Expand, Self::Migrate, Self::Contract];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Migrate => "migrate",
            Self::Contract => "contract",
        }
    }
}

/// One thing to do in a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandingStep {
    pub stage: Stage,
    pub does: Prose,
    /// Files of the change that it concerns.
    pub paths: Vec<String>,
    /// The rule whose finding asks for it.
    pub rule: String,
}

/// What must happen in which release; empty where the change can land as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Landing {
    /// In the order of the releases.
    pub steps: Vec<LandingStep>,
}

impl Landing {
    /// Steps of one stage.
    pub fn of(&self, stage: Stage) -> impl Iterator<Item = &LandingStep> {
        self.steps.iter().filter(move |step| step.stage == stage)
    }

    /// How many releases it takes.
    pub fn releases(&self) -> usize {
        Stage::ALL.into_iter().filter(|stage| self.of(*stage).next().is_some()).count()
    }
}

/// What a kind of finding asks for, stage by stage. `{}` is the thing, as the finding names it.
const RECIPES: &[(&str, &[(Stage, &str)])] = &[
    (
        "migration/column-dropped",
        &[
            (Stage::Migrate, "release code that no longer reads or writes {}"),
            (Stage::Contract, "drop {} once no instance of the earlier release runs"),
        ],
    ),
    (
        "migration/table-dropped",
        &[
            (Stage::Migrate, "release code that no longer uses {}"),
            (
                Stage::Contract,
                "drop {} once no instance of the earlier release runs, with a backup",
            ),
        ],
    ),
    (
        "migration/column-renamed",
        &[
            (Stage::Expand, "add the new column beside {} and write both"),
            (Stage::Migrate, "fill the new column in batches and read from it"),
            (Stage::Contract, "drop {}"),
        ],
    ),
    (
        "migration/table-renamed",
        &[
            (Stage::Expand, "create the new name as a view of {}, or the other way round"),
            (Stage::Migrate, "release code that uses the new name"),
            (Stage::Contract, "drop {}"),
        ],
    ),
    (
        "migration/column-type-changed",
        &[
            (Stage::Expand, "add a column of the new type beside {} and write both"),
            (Stage::Migrate, "fill it in batches and read from it"),
            (Stage::Contract, "drop the old column"),
        ],
    ),
    (
        "migration/required-column-added",
        &[
            (Stage::Expand, "add {} so that it may be empty, and write it"),
            (Stage::Migrate, "fill the old rows in batches"),
            (Stage::Contract, "hold {} to NOT NULL by a validated check"),
        ],
    ),
    (
        "migration/not-null-set",
        &[
            (Stage::Migrate, "fill the rows in which {} is empty, in batches"),
            (Stage::Contract, "hold {} to NOT NULL by a validated check"),
        ],
    ),
    (
        "migration/index-not-concurrent",
        &[(
            Stage::Expand,
            "build the index on {} concurrently, in a migration of its own before the code that needs it",
        )],
    ),
    (
        "migration/foreign-key-not-deferred",
        &[
            (Stage::Expand, "add {} as NOT VALID"),
            (Stage::Migrate, "validate it in the next migration"),
        ],
    ),
    (
        "migration/check-not-deferred",
        &[
            (Stage::Expand, "add {} as NOT VALID"),
            (Stage::Migrate, "validate it in the next migration"),
        ],
    ),
    (
        "cross/dropped-column-still-used",
        &[
            (Stage::Migrate, "release code that no longer reads {}"),
            (Stage::Contract, "drop {} in the release after"),
        ],
    ),
    (
        "openapi/operation-removed",
        &[
            (Stage::Expand, "mark {} as deprecated, with a date, and offer what replaces it"),
            (Stage::Contract, "remove {} once its callers have moved"),
        ],
    ),
    (
        "openapi/request-field-removed",
        &[
            (Stage::Expand, "go on accepting {} and ignore it"),
            (Stage::Contract, "remove {} once no caller sends it"),
        ],
    ),
    (
        "openapi/response-field-removed",
        &[
            (Stage::Expand, "mark {} as deprecated and go on sending it"),
            (Stage::Contract, "remove {} once no caller reads it"),
        ],
    ),
    (
        "openapi/required-request-field-added",
        &[
            (Stage::Expand, "accept {} as optional, with what is done without it"),
            (Stage::Contract, "require {} once every caller sends it"),
        ],
    ),
    (
        "openapi/required-parameter-added",
        &[
            (Stage::Expand, "accept {} as optional, with what is done without it"),
            (Stage::Contract, "require {} once every caller sends it"),
        ],
    ),
];

/// The landing plan of these findings. Findings without a recipe ask for no release of their own.
pub fn landing<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Landing {
    let mut steps: Vec<LandingStep> = Vec::new();
    for finding in findings {
        let Some((_, stages)) = RECIPES.iter().find(|(rule, _)| *rule == finding.rule.0) else {
            continue;
        };
        let thing = thing(finding);
        for (stage, does) in *stages {
            let does = does.replace("{}", &thing);
            let path = finding.anchor.path().as_str().to_owned();
            match steps.iter_mut().find(|step| step.stage == *stage && step.does == does) {
                Some(step) if !step.paths.contains(&path) => step.paths.push(path),
                Some(_) => {}
                None => steps.push(LandingStep {
                    stage: *stage,
                    does,
                    paths: vec![path],
                    rule: finding.rule.0.clone(),
                }),
            }
        }
    }
    steps.sort_by_key(|step| step.stage);
    Landing { steps }
}

/// What the finding is about: the first name in its title, else what encloses it.
fn thing(finding: &Finding) -> String {
    let named = finding.title.split('`').nth(1).filter(|name| !name.trim().is_empty());
    let symbol = finding.symbol.as_deref().filter(|name| !name.trim().is_empty());
    // `users.email` says more than `email`.
    let qualified = symbol.filter(|symbol| {
        named.is_some_and(|name| symbol.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
    });
    let name = qualified.or(named).or(symbol);
    name.map_or("it".to_owned(), |name| format!("`{}`", name.replace('`', "")))
}

/// Rules for which there is a recipe, for the test that they exist.
pub fn rules_with_recipes() -> impl Iterator<Item = &'static str> {
    RECIPES.iter().map(|(rule, _)| *rule)
}
