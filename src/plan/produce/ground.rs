//! What the repository shows of itself, as far as writing needs it.

use time::OffsetDateTime;

use super::ProducedFile;
use super::migration::scheme;
use crate::domain::job::Timestamp;
use crate::domain::plan::{Artefact, Execution, Task};

/// A point in time in UTC, for names that carry one. Passed in: nothing here reads a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarTime {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

impl CalendarTime {
    /// The moment in UTC; the epoch for moments that no calendar has.
    pub fn of(at: Timestamp) -> Self {
        let moment = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Self {
            year: u16::try_from(moment.year()).unwrap_or(1970),
            month: u8::from(moment.month()),
            day: moment.day(),
            hour: moment.hour(),
            minute: moment.minute(),
            second: moment.second(),
        }
    }

    /// `YYYYMMDDHHMMSS`.
    pub(super) fn digits(self) -> u64 {
        [self.month, self.day, self.hour, self.minute, self.second]
            .iter()
            .fold(u64::from(self.year), |digits, part| digits * 100 + u64::from(*part))
    }
}

/// The repository at the commit that the plan was made for.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Every path, in any order.
    pub paths: &'a [&'a str],
    /// The text of a file: at least of those that [`wants`] names; `None` for others.
    pub text: &'a dyn Fn(&str) -> Option<String>,
    pub now: CalendarTime,
}

impl std::fmt::Debug for Ground<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ground({} paths)", self.paths.len())
    }
}

/// Most files that are read for one task.
const MAX_WANTED: usize = 120;

/// The files whose text [`super::produce`] wants to see for this task, at most 120.
pub fn wants<'a>(task: &Task, paths: &[&'a str]) -> Vec<&'a str> {
    let Execution::Generated { artefact } = &task.execution else { return Vec::new() };
    let mut wanted: Vec<&str> =
        paths.iter().copied().filter(|path| is_manifest(path)).take(20).collect();
    match artefact {
        Artefact::Migration { .. } => {
            let mut found = scheme::migration_files(paths);
            // The newest tell most: of many, the last by name.
            found.reverse();
            wanted.extend(found.into_iter().take(MAX_WANTED - 30));
            wanted.extend(
                paths.iter().copied().filter(|path| path.ends_with("schema.prisma")).take(2),
            );
            wanted.extend(paths.iter().copied().filter(|path| path.ends_with("models.py")).take(8));
        }
        Artefact::ApiContract { path, .. } | Artefact::Document { path, .. } => {
            wanted.extend(paths.iter().copied().filter(|known| known == path));
        }
        Artefact::TestSkeleton { .. } => {
            wanted.extend(
                paths.iter().copied().filter(|path| super::skeleton::is_test(path)).take(40),
            );
        }
        Artefact::Alert { .. } => {
            wanted.extend(
                paths.iter().copied().filter(|path| super::alert::may_hold_rules(path)).take(40),
            );
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    wanted.retain(|path| seen.insert(*path));
    wanted.truncate(MAX_WANTED);
    wanted
}

/// Files that name dependencies.
pub(super) fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = [
        "Cargo.toml",
        "go.mod",
        "package.json",
        "pyproject.toml",
        "requirements.txt",
        "Gemfile",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "Pipfile",
        "setup.cfg",
    ];
    known.contains(&name) && !is_foreign(path)
}

/// Vendored code and examples are not how the repository itself works.
pub(super) fn is_foreign(path: &str) -> bool {
    let foreign =
        ["node_modules", "vendor", "third_party", "testdata", "fixtures", "examples", "example"];
    path.split('/').any(|part| foreign.contains(&part))
}

/// The ground with what earlier tasks wrote on top.
#[derive(Debug)]
pub struct Overlay<'a> {
    ground: &'a Ground<'a>,
    prior: &'a [ProducedFile],
    paths: Vec<&'a str>,
}

impl<'a> Overlay<'a> {
    pub fn new(ground: &'a Ground<'a>, prior: &'a [ProducedFile]) -> Self {
        let mut paths: Vec<&str> = ground.paths.to_vec();
        paths.extend(prior.iter().map(|file| file.path.as_str()));
        paths.sort_unstable();
        paths.dedup();
        Self { ground, prior, paths }
    }

    /// Every path, sorted.
    pub(super) fn paths(&self) -> &[&'a str] {
        &self.paths
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.binary_search(&path).is_ok()
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        let prior = self.prior.iter().rev().find(|file| file.path.as_str() == path);
        prior.map(|file| file.content.clone()).or_else(|| (self.ground.text)(path))
    }

    pub(super) fn now(&self) -> CalendarTime {
        self.ground.now
    }

    /// Whether a manifest names this.
    pub(super) fn depends_on(&self, package: &str) -> bool {
        self.paths
            .iter()
            .filter(|path| is_manifest(path))
            .filter_map(|path| self.text(path))
            .any(|text| text.contains(package))
    }
}
