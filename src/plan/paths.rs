//! What a path says about its file.

use crate::domain::path::RepoPath;
use crate::domain::plan::FileClass;

const CODE: &[&str] =
    &["cs", "ex", "exs", "go", "java", "js", "kt", "mjs", "php", "py", "rb", "rs", "scala", "ts"];
const WEB: &[&str] = &["astro", "css", "html", "jsx", "less", "scss", "svelte", "tsx", "vue"];
const WEB_DIRECTORIES: &[&str] = &[
    "frontend",
    "web",
    "webapp",
    "web-app",
    "ui",
    "client",
    "storefront",
    "mobile",
    "ios",
    "android",
];
const FOREIGN: &[&str] = &[
    "node_modules",
    "vendor",
    "third_party",
    "dist",
    "build",
    "target",
    ".venv",
    "venv",
    "testdata",
    "fixtures",
    "examples",
    "example",
    "generated",
    "__snapshots__",
];

pub fn extension(path: &RepoPath) -> String {
    path.extension().unwrap_or_default()
}

pub fn is_code(path: &RepoPath) -> bool {
    let generated = [".min.js", ".pb.go", "_pb2.py", ".generated.ts", ".d.ts"];
    CODE.contains(&extension(path).as_str())
        && !is_web(path)
        && !generated.iter().any(|ending| path.file_name().ends_with(ending))
}

pub fn is_web(path: &RepoPath) -> bool {
    let extension = extension(path);
    WEB.contains(&extension.as_str()) && !path.has_directory("templates")
        || (CODE.contains(&extension.as_str())
            && WEB_DIRECTORIES.iter().any(|name| path.has_directory(name)))
}

/// Not written by this repository's people for production.
pub fn is_foreign(path: &RepoPath) -> bool {
    // A package may well be called `com/example/build`: only what stands above the sources counts.
    let above =
        path.directory().split('/').take_while(|part| !matches!(*part, "src" | "app" | "lib"));
    { above }.any(|part| FOREIGN.contains(&part))
}

pub fn is_test(path: &RepoPath) -> bool {
    let name = path.file_name();
    let stem = name.split('.').next().unwrap_or(name);
    ["test", "tests", "__tests__", "spec", "specs", "e2e"].iter().any(|d| path.has_directory(d))
        || name.contains(".test.")
        || name.contains(".spec.")
        || ["_test", "_tests", "_spec"].iter().any(|end| stem.ends_with(end))
        || (stem.starts_with("test_") && name.ends_with(".py"))
        || stem == "tests"
        || ["Test", "Tests", "IT"].iter().any(|end| {
            stem.len() > end.len()
                && stem.ends_with(end)
                && matches!(extension(path).as_str(), "java" | "kt" | "cs" | "php")
        })
}

pub fn is_docs(path: &RepoPath) -> bool {
    matches!(extension(path).as_str(), "md" | "mdx" | "rst" | "adoc")
}

pub fn is_yaml(path: &RepoPath) -> bool {
    matches!(extension(path).as_str(), "yml" | "yaml")
}

pub fn is_pipeline(path: &RepoPath) -> bool {
    path.as_str().starts_with(".github/workflows/")
        || path.as_str().starts_with(".circleci/")
        || matches!(
            path.as_str(),
            ".gitlab-ci.yml"
                | "Jenkinsfile"
                | "azure-pipelines.yml"
                | "bitbucket-pipelines.yml"
                | ".drone.yml"
        )
}

/// Files by which a service gets to where it runs.
pub fn is_deployment(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let folder = ["k8s", "kubernetes", "helm", "charts", "deploy", "manifests", "terraform"]
        .iter()
        .any(|directory| path.has_directory(directory));
    if is_alerting(path) {
        return false;
    }
    name == "dockerfile"
        || name.starts_with("dockerfile.")
        || matches!(
            name.as_str(),
            "fly.toml"
                | "railway.json"
                | "railway.toml"
                | "procfile"
                | "render.yaml"
                | "app.yaml"
                | "serverless.yml"
                | "chart.yaml"
                | "kustomization.yaml"
                | "docker-compose.yml"
                | "docker-compose.yaml"
                | "compose.yaml"
                | "compose.yml"
        )
        || (folder && (is_yaml(path) || extension(path) == "tf"))
        || extension(path) == "tf"
}

pub fn is_alerting(path: &RepoPath) -> bool {
    let words = path_words(path);
    let format = is_yaml(path) || matches!(extension(path).as_str(), "json" | "jsonnet" | "tf");
    format
        && words.iter().any(|word| {
            matches!(
                word.as_str(),
                "alert"
                    | "alerts"
                    | "alerting"
                    | "prometheus"
                    | "dashboard"
                    | "dashboards"
                    | "grafana"
            )
        })
}

/// Files that steer this product or who may approve: a plan never touches them.
pub fn is_protected(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "AGENTS.md" | "CLAUDE.md" | "GEMINI.md" | "CODEOWNERS")
        || path == ".github/backend-team.toml"
        || path == ".github/copilot-instructions.md"
        || [".github/agents/", ".claude/", ".opencode/", ".cursor/", ".git/"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

/// Lower-case words of all parts of a path.
pub fn path_words(path: &RepoPath) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for character in path.as_str().chars().chain(['/']) {
        let ends = !character.is_ascii_alphanumeric() || (character.is_ascii_uppercase() && lower);
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_ascii_alphanumeric() {
            word.push(character.to_ascii_lowercase());
        }
        lower = character.is_ascii_lowercase() || character.is_ascii_digit();
    }
    words
}

/// Words of paths by which code belongs to a class; the first row that fits counts.
const CLASSES: [(FileClass, &[&str]); 5] = [
    (FileClass::Schema, &["model", "models", "entity", "entities", "schema", "domain"]),
    (
        FileClass::Port,
        &[
            "port",
            "ports",
            "adapter",
            "adapters",
            "repository",
            "repositories",
            "store",
            "stores",
            "dao",
            "gateway",
            "client",
        ],
    ),
    (
        FileClass::Controller,
        &[
            "handler",
            "handlers",
            "controller",
            "controllers",
            "route",
            "routes",
            "router",
            "resolver",
            "resolvers",
            "views",
            "urls",
            "endpoint",
            "endpoints",
            "api",
        ],
    ),
    (
        FileClass::Validation,
        &[
            "auth",
            "middleware",
            "policy",
            "policies",
            "permission",
            "permissions",
            "validator",
            "validators",
            "guard",
        ],
    ),
    (
        FileClass::Job,
        &["job", "jobs", "worker", "workers", "queue", "consumer", "consumers", "task", "tasks"],
    ),
];

/// The class in whose turn a file is written.
pub fn class_of(path: &str) -> FileClass {
    let Some(path) = RepoPath::new(path.trim_end_matches('/')) else { return FileClass::Service };
    let lower = path.as_str().to_ascii_lowercase();
    let words = path_words(&path);
    let speaks = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let name = path.file_name().to_ascii_lowercase();
    let migrations = ["migration", "migrations", "migrate", "alembic", "flyway", "changelog"];
    let signals = ["metrics", "telemetry", "tracing", "observability"];
    let dumps = ["schema.sql", "schema.rb", "structure.sql", "schema.prisma"];
    if is_test(&path) {
        FileClass::Test
    } else if speaks(&migrations) && !is_docs(&path) {
        FileClass::Migration
    } else if is_alerting(&path) || is_deployment(&path) || is_pipeline(&path) || speaks(&signals) {
        FileClass::Observability
    } else if is_docs(&path) || speaks(&["openapi", "swagger"]) || lower.starts_with("docs/") {
        FileClass::Docs
    } else if dumps.contains(&name.as_str()) {
        FileClass::Schema
    } else {
        let found = CLASSES.iter().find(|(_, words)| speaks(words));
        found.map_or(FileClass::Service, |(class, _)| *class)
    }
}
