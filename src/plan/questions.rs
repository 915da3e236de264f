//! What must be asked, and what may be assumed instead where the risk is low.

use super::facts::Facts;
use super::nature::Subject;
use super::schema::{COLUMNS_TOPIC, Destructive, INDEX_TOPIC, ROWS_TOPIC};
use super::words::{code, codes, list};
use crate::domain::finding::Prose;
use crate::domain::ids::Login;
use crate::domain::plan::{Answered, Area, Pattern, Plan, Question, Risk, WorkKind, WorkScope};

/// Topics by which answers are kept.
pub const SUBJECT: &str = "subject";
pub const ENDPOINTS: &str = "api-endpoints";
const CONTRACT: &str = "api-contract";
const COMPATIBILITY: &str = "compatibility";
const PERMISSIONS: &str = "permissions";
const TARGET: &str = "performance-target";
const REPRODUCTION: &str = "reproduction";
const MIGRATION_TOOL: &str = "migration-tool";
const RETENTION: &str = "retention";
const DEPENDENCY: &str = "new-dependency";
const ENVIRONMENT: &str = "deployment-target";
const SIGNALS: &str = "incident-signals";
/// Most questions of one plan.
const MAX_QUESTIONS: usize = 5;

/// A question before it has a number.
struct Open {
    topic: &'static str,
    text: Prose,
    options: Vec<Prose>,
    /// What is assumed where nobody has to be asked.
    assumption: Prose,
    /// Work of medium or high risk cannot go on without it.
    needed: bool,
}

/// Questions, what is assumed instead of asking, and what is asked later.
pub struct Asking {
    pub questions: Vec<Question>,
    pub assumptions: Vec<Prose>,
    pub later: Vec<Prose>,
}

pub fn ask(facts: &Facts<'_>) -> Asking {
    let mut open = if facts.nature.subject == Subject::Backend { open(facts) } else { Vec::new() };
    if facts.nature.subject == Subject::Unclear {
        open.push(subject(facts));
    }
    open.retain(|question| facts.brief.answer(question.topic).is_none());
    let low = facts.nature.risk == Some(Risk::Low) && facts.nature.subject == Subject::Backend;
    let mut asking = Asking { questions: Vec::new(), assumptions: Vec::new(), later: Vec::new() };
    // Those that work waits for come first.
    open.sort_by_key(|question| !question.needed);
    for question in open {
        if low {
            asking.assumptions.push(question.assumption);
        } else if asking.questions.len() == MAX_QUESTIONS {
            asking.later.push(format!("asked after these answers: {}", question.text));
        } else {
            let id = u8::try_from(asking.questions.len() + 1).unwrap_or(u8::MAX);
            asking.questions.push(Question {
                id,
                topic: question.topic.to_owned(),
                text: question.text,
                options: question.options,
                blocking: question.needed,
            });
        }
    }
    asking
}

fn open(facts: &Facts<'_>) -> Vec<Open> {
    let rules: [fn(&Facts<'_>) -> Option<Open>; 13] = [
        columns,
        rows,
        renames,
        index,
        migration_tool,
        endpoints,
        compatibility,
        permissions,
        target,
        reproduction,
        retention,
        dependency,
        environment,
    ];
    let mut open: Vec<Open> = rules.iter().filter_map(|rule| rule(facts)).collect();
    open.extend(incident(facts));
    open.extend(contract(facts));
    open
}

fn columns(facts: &Facts<'_>) -> Option<Open> {
    let request = &facts.schema;
    let untyped: Vec<String> =
        request.untyped.iter().map(|(table, column)| format!("{table}.{column}")).collect();
    let all_open: Vec<&String> = request.bare_tables.iter().chain(&request.unclear_joins).collect();
    if all_open.is_empty() && untyped.is_empty() && request.homeless.is_empty() {
        let unspecified = facts.has(Area::Schema) && request.is_empty();
        let creates = facts.nature.pattern == Some(Pattern::NewService) && request.is_empty();
        return (unspecified || creates).then(|| Open {
            topic: COLUMNS_TOPIC,
            text: "Which tables and columns change? The issue names none that can be told for certain."
                .to_owned(),
            options: vec![
                "The schema stays as it is for now; the data step only proposes a design".to_owned(),
                "Name them, for example `orders: note text, priority integer required`".to_owned(),
            ],
            assumption: "The schema stays as it is".to_owned(),
            needed: true,
        });
    }
    if request.bare_tables.is_empty() && request.unclear_joins.is_empty() {
        let names: Vec<String> = untyped.iter().chain(&request.homeless).cloned().collect();
        let text = if untyped.is_empty() {
            format!(
                "To which table do the columns {} belong, and what type do they have?",
                codes(&names)
            )
        } else if names.len() == 1 {
            format!("Which type does {} have, and may it be empty?", codes(&names))
        } else {
            format!("Which types do {} have, and may they be empty?", codes(&names))
        };
        let (table, column) = request
            .untyped
            .first()
            .cloned()
            .unwrap_or(("table".to_owned(), names.first().cloned().unwrap_or_default()));
        return Some(Open {
            topic: COLUMNS_TOPIC,
            text,
            options: vec![
                format!("{}", code(&format!("{table}: {column} text"))),
                format!("{}", code(&format!("{table}: {column} integer required"))),
                "Something else, in the same form".to_owned(),
            ],
            assumption: format!("{} is text that may be empty", codes(&names)),
            needed: true,
        });
    }
    let mut tables: Vec<String> = request.bare_tables.clone();
    tables.retain(|table| !request.unclear_joins.contains(table));
    let mut text = if tables.is_empty() {
        String::new()
    } else {
        format!("Which columns do {} have, with types? ", codes(&tables))
    };
    if !request.unclear_joins.is_empty() {
        let one = request.unclear_joins.len() == 1;
        let verb = if one { "is" } else { "are" };
        text.push_str(&format!(
            "Which columns {} {} have, and to which table {verb} {} related many to many?",
            if one { "does" } else { "do" },
            codes(&request.unclear_joins),
            if one { "it" } else { "they" },
        ));
    }
    let example =
        request.bare_tables.first().or(request.unclear_joins.first()).cloned().unwrap_or_default();
    Some(Open {
        topic: COLUMNS_TOPIC,
        text: text.trim().to_owned(),
        options: vec![
            "Only keys, references that the issue names, and `created_at`; columns follow in later migrations"
                .to_owned(),
            format!("Name them, for example {}", code(&format!("{example}: name text required, note text"))),
        ],
        assumption: "New tables get keys, the references that the issue names, and `created_at`".to_owned(),
        needed: true,
    })
}

fn rows(facts: &Facts<'_>) -> Option<Open> {
    let filled: Vec<String> =
        facts.schema.filled.iter().map(|(table, column)| format!("{table}.{column}")).collect();
    (!filled.is_empty()).then(|| Open {
        topic: ROWS_TOPIC,
        text: format!("Which value do existing rows get for {}, which must not be empty?", codes(&filled)),
        options: vec![
            "None yet: it may be empty in this release, is filled afterwards and made required later".to_owned(),
            "A constant that fits every existing row (name it)".to_owned(),
        ],
        assumption: format!("{} may be empty until existing rows are filled", codes(&filled)),
        needed: true,
    })
}

fn renames(facts: &Facts<'_>) -> Option<Open> {
    let gone = facts.schema.destructive.first()?;
    let (text, first) = match gone {
        Destructive::RenameColumn { from, to, .. } => (
            format!(
                "May {} and {} exist side by side for at least one release?",
                code(from),
                code(to)
            ),
            format!(
                "Yes: add {}, write both, fill it, read it, then drop {} in a later release",
                code(to),
                code(from)
            ),
        ),
        Destructive::DropColumn { table, column } => (
            format!(
                "Does anything outside of this repository still read {}?",
                code(&format!("{table}.{column}"))
            ),
            "Not known: stop using it in this release, drop it in a later one".to_owned(),
        ),
        Destructive::DropTable { table } => (
            format!("Does anything outside of this repository still read {}?", code(table)),
            "Not known: stop using it in this release, drop it in a later one".to_owned(),
        ),
    };
    Some(Open {
        topic: "removal",
        text,
        options: vec![first, "All readers are known and change with this release".to_owned()],
        assumption: "Old and new exist side by side for a release".to_owned(),
        needed: true,
    })
}

fn index(facts: &Facts<'_>) -> Option<Open> {
    let tables = &facts.schema.unclear_indexes;
    (!tables.is_empty()).then(|| {
        let known = tables.first().and_then(|table| facts.repository.table(table));
        let columns: Vec<String> =
            known.map(|table| table.columns.iter().take(8).cloned().collect()).unwrap_or_default();
        let have = if columns.is_empty() {
            String::new()
        } else {
            format!(" It has {}.", codes(&columns))
        };
        Open {
            topic: INDEX_TOPIC,
            text: format!(
                "Which query is slow, and by which columns of {} does it filter or sort?{have}",
                codes(tables)
            ),
            options: vec![
                "Not known: measure first, then choose the index by the plan of the slowest query"
                    .to_owned(),
                "Name the columns in order".to_owned(),
            ],
            assumption: "The index is chosen by the plan of the slowest query".to_owned(),
            needed: true,
        }
    })
}

fn migration_tool(facts: &Facts<'_>) -> Option<Open> {
    let schema = !facts.schema.is_empty() || facts.has(Area::Schema);
    (schema && facts.repository.migrations.is_none()).then(|| Open {
        topic: MIGRATION_TOOL,
        text: "How are schema changes applied? The repository shows no migrations.".to_owned(),
        options: vec![
            "As reviewed SQL scripts, run by hand, each with its way back".to_owned(),
            "With a tool (name it and its directory)".to_owned(),
        ],
        assumption: "Schema changes are reviewed SQL scripts with their way back".to_owned(),
        needed: true,
    })
}

fn endpoints(facts: &Facts<'_>) -> Option<Open> {
    let new = matches!(
        facts.nature.pattern,
        Some(Pattern::ApiChange | Pattern::NewFeature | Pattern::NewService)
    );
    let asked = facts.signals.api && facts.endpoints.is_empty() && new;
    asked.then(|| {
        let known = facts.repository.documents.contract.as_ref();
        let near: Vec<String> = known
            .map(|contract| {
                contract
                    .endpoints
                    .iter()
                    .filter(|endpoint| {
                        facts.references.subjects.iter().take(8).any(|subject| {
                            endpoint.path.to_lowercase().contains(subject.as_str())
                        })
                    })
                    .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
                    .take(3)
                    .collect()
            })
            .unwrap_or_default();
        let text = if near.is_empty() {
            "Which operations change or are new, by method and path?".to_owned()
        } else {
            format!("Which operations change or are new, by method and path? The contract has {}.", codes(&near))
        };
        Open {
            topic: ENDPOINTS,
            text,
            options: vec![
                "The lead proposes them in the contract step, and nobody builds before that is agreed".to_owned(),
                "Name them, for example `GET /orders/{id}`".to_owned(),
            ],
            assumption: "The lead proposes method and path in the contract step".to_owned(),
            needed: true,
        }
    })
}

fn contract(facts: &Facts<'_>) -> Option<Open> {
    let cross = facts.nature.scope == Some(WorkScope::CrossStack);
    let fields = facts.endpoints.iter().any(|m| {
        let writes = matches!(m.endpoint.method.as_str(), "POST" | "PUT" | "PATCH");
        let known =
            facts.repository.documents.endpoint(&m.endpoint.method, &m.endpoint.path).is_some();
        !known
            && ((writes && m.endpoint.request.is_empty())
                || (cross && m.endpoint.response.is_empty()))
    });
    fields.then(|| Open {
        topic: CONTRACT,
        text: format!(
            "Which fields do request and response of {} have?",
            codes(&facts.endpoint_names())
        ),
        options: vec![
            "Only what the requirements name; the contract step states it before anybody builds"
                .to_owned(),
            "Name them, for example `body amount, reason; returns id, status`".to_owned(),
        ],
        assumption: "Request and response have only the fields that the requirements name"
            .to_owned(),
        needed: cross,
    })
}

fn compatibility(facts: &Facts<'_>) -> Option<Open> {
    let breaking = &facts.nature.breaking;
    (!breaking.is_empty()).then(|| Open {
        topic: COMPATIBILITY,
        text: format!("How do existing clients move? {}.", super::words::sentence(&list(breaking))),
        options: vec![
            "Old and new work side by side until no client uses the old form".to_owned(),
            "A new version of the API has the new form".to_owned(),
            "Every client is ours and changes with the same release".to_owned(),
        ],
        assumption: "Old and new work side by side".to_owned(),
        needed: true,
    })
}

fn permissions(facts: &Facts<'_>) -> Option<Open> {
    let sensitive = facts.nature.sensitive;
    let touches = sensitive.payments || sensitive.tenancy || sensitive.auth;
    let builds = matches!(
        facts.nature.pattern,
        Some(Pattern::ApiChange | Pattern::NewFeature | Pattern::NewService)
    ) && !facts.nature.schema_only;
    let said = facts.words.any(&[
        "only admins",
        "only an admin",
        "only the owner",
        "only owners",
        "admins can",
        "admin only",
        "requires the",
        "require the",
        "with the role",
        "must be authenticated",
        "support agents",
        "only support",
        "managers can",
        "only managers",
        "own orders",
        "permission to",
        "scope",
        "only the",
        "only users",
        "only members",
    ]);
    (touches && builds && !said).then(|| {
        let names = facts.endpoint_names();
        let what = if names.is_empty() {
            "this".to_owned()
        } else {
            codes(names.get(..3).unwrap_or(&names))
        };
        Open {
            topic: PERMISSIONS,
            text: format!("Who may use {what}?"),
            options: vec![
                "Only whoever may already change the same data; everybody else is refused"
                    .to_owned(),
                "A role of its own (name it)".to_owned(),
            ],
            assumption: "Only whoever may already change the same data".to_owned(),
            needed: true,
        }
    })
}

fn target(facts: &Facts<'_>) -> Option<Open> {
    if facts.nature.pattern != Some(Pattern::Performance) {
        return None;
    }
    let texts = std::iter::once(facts.brief.title.as_str())
        .chain(facts.brief.wanted().map(|block| block.text.as_str()));
    let unit = |text: &str| {
        text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ')' | '(')).any(
            |word| {
                let digits = word.chars().take_while(char::is_ascii_digit).count();
                let rest = word.get(digits..).unwrap_or_default();
                digits > 0 && matches!(rest, "ms" | "s" | "rps" | "%" | "x")
            },
        ) || super::words::Words::of(text).any(&["milliseconds", "seconds", "second"])
    };
    let stated = { texts }.any(unit) || facts.repository.documents.input("PerfTargets").is_some();
    (!stated).then(|| Open {
        topic: TARGET,
        text: "How fast is fast enough, at which load?".to_owned(),
        options: vec![
            "No target yet: measure, take the largest single cost out, and decide with the numbers"
                .to_owned(),
            "A target, for example `95th percentile below 300 ms at 50 requests a second`"
                .to_owned(),
        ],
        assumption: "The largest single cost is taken out, then the numbers decide".to_owned(),
        needed: false,
    })
}

fn reproduction(facts: &Facts<'_>) -> Option<Open> {
    use super::issue::Section;
    let bug = facts.nature.pattern == Some(Pattern::BugFix);
    let observed = facts.brief.blocks.iter().any(|block| block.section == Section::Observed)
        || !facts.brief.fences.is_empty()
        || facts.brief.wanted().count() > 1;
    (bug && !observed).then(|| Open {
        topic: REPRODUCTION,
        text:
            "How can it be reproduced: which request or job, with which data, since which version?"
                .to_owned(),
        options: vec![
            "Not known: the first step looks for it in logs and traces".to_owned(),
            "Steps, or an id of a failing request".to_owned(),
        ],
        assumption: "The first step looks for a way to reproduce it".to_owned(),
        needed: facts.nature.risk != Some(Risk::Low),
    })
}

fn retention(facts: &Facts<'_>) -> Option<Open> {
    let keeps = facts.nature.sensitive.personal && !facts.schema.is_empty();
    let said = facts.words.any(&["retention", "delete after", "deleted after", "kept for", "days"]);
    (keeps && !said).then(|| Open {
        topic: RETENTION,
        text: "How long is the personal data kept, and who may read it?".to_owned(),
        options: vec![
            "As long as the row that it belongs to; readable by whoever may read that row; never logged"
                .to_owned(),
            "A time after which it is deleted (name it)".to_owned(),
        ],
        assumption: "Personal data is kept as long as its row and never logged".to_owned(),
        needed: true,
    })
}

fn dependency(facts: &Facts<'_>) -> Option<Open> {
    let new = &facts.nature.dependencies;
    (!new.is_empty()).then(|| Open {
        topic: DEPENDENCY,
        text: format!("Is {} agreed on? The repository does not use it yet.", list(new)),
        options: vec![
            "No: first see whether what is there is enough".to_owned(),
            "Yes (say who decided and which version)".to_owned(),
        ],
        assumption: "What is there is enough; nothing is added".to_owned(),
        needed: true,
    })
}

fn environment(facts: &Facts<'_>) -> Option<Open> {
    let deploys = matches!(facts.nature.pattern, Some(Pattern::Deployment | Pattern::NewService));
    let shown = !facts.repository.deployment.is_empty();
    let fixes_pipeline =
        facts.nature.kind == Some(WorkKind::Bug) && !facts.repository.pipelines.is_empty();
    (deploys && !shown && !fixes_pipeline).then(|| Open {
        topic: ENVIRONMENT,
        text: "Where does the service run? The repository shows no image, manifest or infrastructure code."
            .to_owned(),
        options: vec![
            "A container image only; whoever runs it decides where".to_owned(),
            "A platform (name it)".to_owned(),
        ],
        assumption: "A container image is enough".to_owned(),
        needed: true,
    })
}

fn incident(facts: &Facts<'_>) -> Option<Open> {
    use super::issue::Section;
    let told = facts.brief.blocks.iter().any(|block| block.section == Section::Observed);
    (facts.nature.pattern == Some(Pattern::Incident) && !told).then(|| Open {
        topic: SIGNALS,
        text: "When did it begin and end, who was affected, and where are its logs or graphs?"
            .to_owned(),
        options: vec![
            "Not known: the first step collects it from what is recorded".to_owned(),
            "A timeline or links".to_owned(),
        ],
        assumption: "The first step collects the timeline".to_owned(),
        needed: true,
    })
}

fn subject(facts: &Facts<'_>) -> Open {
    let text = if facts.signals.slow {
        "What should be faster: which endpoint, query or job?"
    } else if facts.signals.failure {
        "What fails: which endpoint, job or command, and what was expected?"
    } else {
        "What should change in the backend: which endpoint, table, job or file?"
    };
    let first = if facts.signals.slow {
        "Not known: collect the slowest endpoints and queries of the last week first; nothing changes before that"
    } else {
        "Nothing yet: leave the issue open until it names one"
    };
    Open {
        topic: SUBJECT,
        text: text.to_owned(),
        options: vec![
            first.to_owned(),
            "Name it, for example `GET /orders` or `src/orders.rs`".to_owned(),
        ],
        assumption: first.to_owned(),
        needed: true,
    }
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerProblem {
    #[error("there is no question `{0}`")]
    NoSuchQuestion(String),
    #[error("question {question} has options {from} to {to}")]
    NoSuchOption { question: u8, from: char, to: char },
    #[error("the answer is empty")]
    Empty,
}

/// The answer that `text` gives to a question of the plan, named by number or topic. One letter is
/// an option; anything else is the person's own words.
pub fn answered(
    plan: &Plan,
    question: &str,
    text: &str,
    by: Login,
) -> Result<Answered, AnswerProblem> {
    let wanted = question.trim();
    let found = plan
        .questions
        .iter()
        .find(|question| question.topic == wanted || question.id.to_string() == wanted);
    let Some(found) = found else {
        return Err(AnswerProblem::NoSuchQuestion(super::words::cut(wanted, 60)));
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(AnswerProblem::Empty);
    }
    let mut letters = text.chars();
    let letter = letters.next().filter(|_| letters.next().is_none());
    let answer = match letter.filter(char::is_ascii_alphabetic) {
        Some(letter) => {
            let index = usize::from(letter.to_ascii_uppercase() as u8 - b'A');
            let option = found.options.get(index);
            let last = u8::try_from(found.options.len().saturating_sub(1)).unwrap_or(25);
            option.cloned().ok_or(AnswerProblem::NoSuchOption {
                question: found.id,
                from: 'A',
                to: char::from(b'A' + last.min(25)),
            })?
        }
        None => text.to_owned(),
    };
    Ok(Answered { topic: found.topic.clone(), answer, by })
}
