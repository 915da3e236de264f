//! Files that a request is about, with the lines that say so.

use std::collections::BTreeMap;

use super::issue::References;
use super::paths;
use super::repository::{Repository, migration_directory};
use super::words::{code, singular};
use crate::domain::path::RepoPath;
use crate::domain::plan::Evidence;
use crate::domain::survey::{Hit, Survey};

const MAX_CODE: usize = 8;
const MAX_TESTS: usize = 3;
/// A file below this has nothing to do with the request as far as names tell.
const ENOUGH: u32 = 7;

/// A file that the request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relevant {
    pub path: String,
    pub test: bool,
    pub score: u32,
    pub line: Option<u32>,
    pub shows: String,
}

impl Relevant {
    pub fn evidence(&self) -> Evidence {
        Evidence {
            path: self.path.clone(),
            lines: self.line.map(|line| line.to_string()),
            shows: self.shows.clone(),
        }
    }
}

/// The code and tests that the request is about, most telling first.
pub fn find(survey: &Survey, references: &References, repository: &Repository) -> Vec<Relevant> {
    let mut by_path: BTreeMap<&RepoPath, Vec<&Hit>> = BTreeMap::new();
    for hit in &survey.hits {
        by_path.entry(&hit.path).or_default().push(hit);
    }
    for path in survey.listing.paths() {
        let named = references.files.iter().any(|file| file == path.as_str());
        let code = paths::is_code(path) && !paths::is_foreign(path);
        if named || (code && by_name(path, references) > 0) {
            by_path.entry(path).or_default();
        }
    }
    let mut found: Vec<Relevant> = by_path
        .into_iter()
        .filter(|(path, _)| paths::is_code(path) && migration_directory(path).is_none())
        .filter(|(path, _)| !paths::is_protected(path.as_str()))
        .map(|(path, hits)| judge(path, &hits, references, repository))
        .filter(|relevant| relevant.score >= ENOUGH)
        .collect();
    found.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.path.cmp(&b.path)));
    let best = found.first().map_or(0, |first| first.score);
    // What is far behind the best is there by chance.
    found.retain(|relevant| relevant.score * 4 >= best.min(60));
    let (tests, code): (Vec<Relevant>, Vec<Relevant>) = found.into_iter().partition(|r| r.test);
    code.into_iter().take(MAX_CODE).chain(tests.into_iter().take(MAX_TESTS)).collect()
}

/// How far the name says that the file is about the subject; the first subjects weigh more.
fn by_name(path: &RepoPath, references: &References) -> u32 {
    let words: Vec<String> = paths::path_words(path).iter().map(|word| singular(word)).collect();
    let stem = path.file_name().split('.').next().unwrap_or_default();
    let own = RepoPath::new(stem).map(|stem| paths::path_words(&stem)).unwrap_or_default();
    let own: Vec<String> = own.iter().map(|word| singular(word)).collect();
    let mut score = 0;
    for (rank, subject) in references.subjects.iter().enumerate() {
        let weight = if rank < 6 { 2 } else { 1 };
        let parts: Vec<&str> = subject.split('_').collect();
        if parts.iter().all(|part| own.iter().any(|word| word == part)) {
            score += 5 * weight;
        } else if parts.iter().all(|part| words.iter().any(|word| word == part)) {
            score += 2 * weight;
        }
    }
    score
}

fn judge(
    path: &RepoPath,
    hits: &[&Hit],
    references: &References,
    repository: &Repository,
) -> Relevant {
    let named = references.files.iter().any(|file| file == path.as_str());
    // A file that only takes a module in says nothing about it.
    let hits: Vec<&Hit> = hits.iter().copied().filter(|hit| !takes_in(&hit.text)).collect();
    let mut score = by_name(path, references).min(24);
    let mut words: Vec<&str> = hits.iter().map(|hit| hit.word.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    for word in &words {
        let identifier = references.identifiers.iter().any(|known| known == word);
        score += if identifier { 6 } else { 2 };
    }
    let defining = hits.iter().find(|hit| defines(&hit.text));
    score += u32::from(defining.is_some()) * 3 + u32::try_from(hits.len().min(4)).unwrap_or(4);
    if named {
        score += 100;
    }
    let model = repository.tables.iter().any(|table| table.path == path.as_str());
    score += u32::from(model && !hits.is_empty()) * 2;
    let best = defining.or_else(|| hits.first());
    let shows = match (named, best) {
        (true, Some(hit)) => format!("named in the issue; has {}", code(&hit.text)),
        (true, None) => "named in the issue".to_owned(),
        (false, Some(hit)) => format!("has {}", code(&hit.text)),
        (false, None) => "its name speaks of the subject".to_owned(),
    };
    Relevant {
        path: path.as_str().to_owned(),
        test: paths::is_test(path),
        score,
        line: best.map(|hit| hit.line),
        shows,
    }
}

/// Whether a line only brings names from elsewhere.
fn takes_in(line: &str) -> bool {
    let line = line.trim_start_matches("pub ");
    let starts = ["mod ", "use ", "import ", "from ", "package ", "require", "#include", "using "];
    starts.iter().any(|start| line.starts_with(start))
}

/// Whether a line of code defines something.
fn defines(line: &str) -> bool {
    let line = line.trim_start();
    [
        "pub fn ",
        "pub async fn ",
        "fn ",
        "async fn ",
        "def ",
        "class ",
        "func ",
        "public ",
        "export ",
        "pub struct ",
        "struct ",
        "interface ",
        "type ",
        "router.",
        "app.",
        "@Get",
        "@Post",
        "async def ",
        "impl ",
        "function ",
        "async function ",
        "resources ",
        "@GetMapping",
        "@PostMapping",
        "path(",
    ]
    .iter()
    .any(|start| line.starts_with(start))
        || line.contains(".route(")
}
