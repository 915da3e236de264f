//! Documents that work on a backend needs: which are there, and what the API's contract says.

use crate::domain::path::RepoPath;
use crate::domain::plan::Input;
use crate::domain::survey::{Survey, SurveyedFile};
use crate::plan::paths;

/// What the documents of a repository say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents {
    /// The six inputs, each with its path or missing.
    pub inputs: Vec<Input>,
    pub contract: Option<ContractDocument>,
    /// `rfc7807` or `envelope`, with the place that shows it.
    pub error_profile: Option<(&'static str, String, u32)>,
    pub runbooks: Option<String>,
}

/// The description of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractDocument {
    pub path: String,
    /// An OpenAPI or Swagger document in YAML or JSON; otherwise GraphQL, protobuf and the like.
    pub openapi: bool,
    pub endpoints: Vec<KnownEndpoint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEndpoint {
    pub method: String,
    pub path: String,
    pub line: u32,
}

impl Documents {
    pub fn input(&self, name: &str) -> Option<&str> {
        let input = self.inputs.iter().find(|input| input.name == name)?;
        input.path.as_deref()
    }

    /// The endpoint of the contract with this method and path, whatever its parameters are called.
    pub fn endpoint(&self, method: &str, path: &str) -> Option<&KnownEndpoint> {
        let endpoints = self.contract.as_ref().map(|contract| contract.endpoints.as_slice());
        endpoints
            .unwrap_or_default()
            .iter()
            .find(|known| known.method == method && same_path(&known.path, path))
    }
}

fn same_path(a: &str, b: &str) -> bool {
    let shape = |path: &str| -> Vec<String> {
        let segments = path.trim_matches('/').split('/');
        let parameter = |s: &str| s.starts_with(['{', ':', '<']);
        segments.map(|s| if parameter(s) { "{}".to_owned() } else { s.to_lowercase() }).collect()
    };
    shape(a) == shape(b)
}

pub fn read(survey: &Survey, own: &[&RepoPath], migrations: Option<String>) -> Documents {
    let contract = contract(survey, own);
    let find = |fits: &dyn Fn(&RepoPath) -> bool| -> Option<String> {
        let mut found: Vec<&&RepoPath> = own.iter().filter(|path| fits(path)).collect();
        // The one nearest to the root.
        found.sort_by_key(|path| (path.as_str().matches('/').count(), path.as_str().len()));
        found.first().map(|path| path.as_str().to_owned())
    };
    let named = |wanted: &'static [&'static str]| {
        find(&move |path| {
            paths::is_docs(path)
                && !is_boilerplate(path)
                && paths::path_words(path).iter().any(|word| wanted.contains(&word.as_str()))
        })
    };
    let schema = find(&|path| {
        matches!(path.file_name(), "schema.prisma" | "schema.rb" | "structure.sql" | "schema.sql")
    });
    let runbooks = named(&["runbook", "runbooks", "operations", "ops", "playbook", "oncall"]);
    let inputs = [
        (
            "TechSpec",
            named(&["architecture", "adr", "adrs", "design", "techspec", "rfc", "rfcs", "specs"]),
        ),
        ("APIContract", contract.as_ref().map(|contract| contract.path.clone())),
        (
            "DataModel",
            schema
                .or_else(|| named(&["erd", "datamodel", "entities", "schema", "model"]))
                .or(migrations),
        ),
        ("SecurityPolicy", named(&["security", "threat", "privacy"])),
        ("PerfTargets", named(&["slo", "slos", "performance", "perf", "sla", "latency"])),
        ("OpsGuides", runbooks.clone()),
    ];
    let inputs = inputs.map(|(name, path)| Input { name: name.to_owned(), path }).to_vec();
    Documents { inputs, contract, error_profile: error_profile(survey), runbooks }
}

/// Templates and agent files hold such words without being such documents.
fn is_boilerplate(path: &RepoPath) -> bool {
    path.as_str().starts_with(".github/ISSUE_TEMPLATE")
        || paths::is_protected(path.as_str())
        || path.file_name().to_ascii_lowercase().contains("template")
}

pub fn is_contract(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    match paths::extension(path).as_str() {
        "graphql" | "graphqls" | "proto" => true,
        "yml" | "yaml" | "json" => name.contains("openapi") || name.contains("swagger"),
        _ => false,
    }
}

fn contract(survey: &Survey, own: &[&RepoPath]) -> Option<ContractDocument> {
    let mut found: Vec<&&RepoPath> =
        own.iter().filter(|path| is_contract(path) && !paths::is_test(path)).collect();
    let openapi = |path: &RepoPath| {
        !matches!(paths::extension(path).as_str(), "graphql" | "graphqls" | "proto")
    };
    found.sort_by_key(|path| {
        (!openapi(path), path.as_str().matches('/').count(), path.as_str().len())
    });
    let path = found.first()?;
    let file = survey.texts.iter().find(|file| file.path == ***path);
    Some(ContractDocument {
        path: path.as_str().to_owned(),
        openapi: openapi(path),
        endpoints: file.map(endpoints).unwrap_or_default(),
    })
}

/// The paths and methods of an OpenAPI document, by its lines: keys that start with `/`, and the
/// methods that stand deeper below each.
fn endpoints(file: &SurveyedFile) -> Vec<KnownEndpoint> {
    let mut found = Vec::new();
    let mut current: Option<(usize, String)> = None;
    for (index, line) in file.text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some((key, _)) = line.trim().split_once(':') else { continue };
        let key = key.trim_matches(['"', '\'']);
        if key.starts_with('/') {
            current = Some((indent, key.to_owned()));
            continue;
        }
        let Some((depth, path)) = &current else { continue };
        if indent <= *depth {
            current = None;
        } else if ["get", "post", "put", "patch", "delete"].contains(&key) && found.len() < 500 {
            found.push(KnownEndpoint {
                method: key.to_uppercase(),
                path: path.clone(),
                line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            });
        }
    }
    found
}

fn error_profile(survey: &Survey) -> Option<(&'static str, String, u32)> {
    let place = |needle: &str| {
        let contracts = survey.texts.iter().filter(|file| is_contract(&file.path));
        { contracts }.find_map(|file| {
            let at = file.text.lines().position(|line| line.contains(needle))?;
            Some((file.path.as_str().to_owned(), u32::try_from(at + 1).unwrap_or(u32::MAX)))
        })
    };
    if let Some((path, line)) = place("application/problem+json") {
        return Some(("rfc7807", path, line));
    }
    place("correlation_id").map(|(path, line)| ("envelope", path, line))
}
