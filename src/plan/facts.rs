//! Everything that a plan follows from, established once.

use super::issue::{self, Asked, Brief, Mentioned, References};
use super::nature::{self, Nature};
use super::relevant::{self, Relevant};
use super::repository::Repository;
use super::schema::{self, SchemaRequest};
use super::scope::{self, Signals};
use super::words::Words;
use crate::config::policy::{PathSet, Policy};
use crate::domain::issue::Issue;
use crate::domain::path::RepoPath;
use crate::domain::plan::{Answered, Area};
use crate::domain::survey::Survey;
use crate::domain::team::Team;

/// What is known about a request and the repository that it is made in.
pub struct Facts<'a> {
    pub team: &'a Team,
    pub survey: &'a Survey,
    pub brief: Brief,
    pub asked: Asked,
    pub references: References,
    pub repository: Repository,
    pub signals: Signals,
    pub areas: Vec<Area>,
    pub schema: SchemaRequest,
    pub endpoints: Vec<Mentioned>,
    /// Code and tests that the request is about, most telling first.
    pub relevant: Vec<Relevant>,
    pub nature: Nature,
    pub words: Words,
    critical: PathSet,
}

impl<'a> Facts<'a> {
    pub fn establish(
        issue: &Issue,
        survey: &'a Survey,
        team: &'a Team,
        policy: &Policy,
        answers: &[Answered],
    ) -> Self {
        let brief = Brief::read(issue, answers);
        let repository = Repository::read(survey);
        let references = issue::references(&brief, &survey.listing);
        let mut endpoints = issue::endpoints(&brief);
        if let Some(answer) = brief.answer(super::questions::ENDPOINTS) {
            for endpoint in issue::parse_endpoints(answer) {
                let known = endpoints.iter().any(|known| known.endpoint == endpoint);
                if !known {
                    endpoints.push(Mentioned { endpoint, removed: false });
                }
            }
        }
        let schema = schema::request(&brief, &repository);
        let mut signals = scope::signals(&brief);
        signals.api |= !endpoints.is_empty();
        signals.schema |= schema
            .changes
            .iter()
            .any(|change| !matches!(change, crate::domain::plan::SchemaChange::AddIndex { .. }));
        signals.schema |= !schema.destructive.is_empty() || !schema.bare_tables.is_empty();
        let relevant = relevant::find(survey, &references, &repository);
        let words = brief.words();
        let areas = scope::areas(&signals);
        let mut facts = Self {
            team,
            survey,
            asked: issue::asked(&brief),
            critical: PathSet::new(&policy.critical_paths),
            nature: Nature::default(),
            brief,
            references,
            repository,
            signals,
            areas,
            schema,
            endpoints,
            relevant,
            words,
        };
        facts.nature = nature::of(&facts);
        facts
    }

    pub fn has(&self, area: Area) -> bool {
        self.areas.contains(&area)
    }

    pub fn is_critical(&self, path: &str) -> bool {
        RepoPath::new(path).is_some_and(|path| self.critical.matches(&path))
    }

    /// Code that the request is about, without tests.
    pub fn code(&self) -> impl Iterator<Item = &Relevant> {
        self.relevant.iter().filter(|relevant| !relevant.test)
    }

    /// Endpoints in words: "`POST /a` and `GET /b`".
    pub fn endpoint_names(&self) -> Vec<String> {
        let name = |m: &Mentioned| format!("{} {}", m.endpoint.method, m.endpoint.path);
        self.endpoints.iter().map(name).collect()
    }
}
