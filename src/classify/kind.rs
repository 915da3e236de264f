//! What kind of file a path names, and the labels that the path alone earns.

use super::{Labels, manifest, words};
use crate::domain::change::FileChange;
use crate::domain::path::RepoPath;
use crate::domain::routing::ChangeLabel;

/// The one kind that decides whether a file's content is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Test,
    Docs,
    /// Agent and policy files.
    Policy,
    Web,
    Code,
    Sql,
    /// Anything else that a backend has: manifests, configuration, infrastructure.
    Other,
}

const CODE: &[&str] = &[
    "c", "cc", "clj", "cpp", "cs", "dart", "erl", "ex", "exs", "fs", "go", "groovy", "h", "hpp",
    "java", "js", "cjs", "mjs", "kt", "kts", "lua", "php", "pl", "py", "rb", "rs", "scala",
    "swift", "ts", "cts", "mts", "zig",
];
const WEB: &[&str] =
    &["astro", "css", "html", "htm", "jsx", "less", "sass", "scss", "svelte", "tsx", "vue"];
const DOCS: &[&str] = &["adoc", "asciidoc", "md", "mdx", "rst"];
const WEB_DIRECTORIES: &[&str] =
    &["frontend", "web", "webapp", "web-app", "portal-web", "ui", "client-web", "storefront-web"];

pub fn of(file: &FileChange) -> FileKind {
    let path = &file.path;
    let extension = path.extension().unwrap_or_default();
    let extension = extension.as_str();
    if is_policy(path) {
        FileKind::Policy
    } else if is_test(path) {
        FileKind::Test
    } else if is_docs(path, extension) {
        FileKind::Docs
    } else if extension == "sql" {
        FileKind::Sql
    } else if WEB.contains(&extension)
        || (CODE.contains(&extension) && WEB_DIRECTORIES.iter().any(|d| path.has_directory(d)))
    {
        FileKind::Web
    } else if CODE.contains(&extension) && !is_configuration_code(path) {
        FileKind::Code
    } else {
        FileKind::Other
    }
}

/// Build and lint settings that happen to be written in a language.
fn is_configuration_code(path: &RepoPath) -> bool {
    let name = path.file_name();
    name.contains(".config.") || name.starts_with('.') || name.ends_with(".gradle.kts")
}

fn is_policy(path: &RepoPath) -> bool {
    let text = path.as_str();
    let folders = [
        ".github/agents/",
        ".github/chatmodes/",
        ".github/instructions/",
        ".github/prompts/",
        ".claude/",
        ".opencode/",
        ".gemini/",
        ".cursor/rules/",
    ];
    matches!(
        path.file_name(),
        "AGENTS.md"
            | "AGENTS.override.md"
            | "CLAUDE.md"
            | "GEMINI.md"
            | "CODEOWNERS"
            | ".cursorrules"
    ) || matches!(text, ".github/backend-team.toml" | ".github/copilot-instructions.md")
        || folders.iter().any(|folder| text.starts_with(folder))
}

fn is_test(path: &RepoPath) -> bool {
    let directory = [
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "testdata",
        "e2e",
        "__mocks__",
        "fixtures",
        "__fixtures__",
        "integration-tests",
        "androidTest",
    ]
    .iter()
    .any(|name| path.has_directory(name));
    let name = path.file_name();
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    directory
        || name.contains(".test.")
        || name.contains(".spec.")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.ends_with("_spec")
        || stem == "tests"
        || stem == "conftest"
        || (stem.starts_with("test_") && name.ends_with(".py"))
        || ["Test", "Tests", "IT", "Spec"].iter().any(|end| {
            stem.len() > end.len()
                && stem.ends_with(end)
                && [".java", ".kt", ".cs", ".scala", ".php", ".groovy"]
                    .iter()
                    .any(|extension| name.ends_with(extension))
        })
}

fn is_docs(path: &RepoPath, extension: &str) -> bool {
    let name = path.file_name();
    let bare =
        matches!(name, "LICENSE" | "NOTICE" | "AUTHORS" | "CHANGELOG" | "README" | "LICENSE.txt");
    bare || DOCS.contains(&extension)
        || ((path.has_directory("docs") || path.has_directory("doc"))
            && matches!(extension, "txt" | "png" | "svg" | "drawio" | "puml" | "pdf"))
}

/// Adds the labels that the path earns.
pub fn label(file: &FileChange, kind: FileKind, labels: &mut Labels) {
    let mut add = |label, because: &str| labels.add(label, because, Some(file.anchor_file()));
    match kind {
        FileKind::Test => return add(ChangeLabel::Tests, "tests change"),
        FileKind::Docs => return add(ChangeLabel::Docs, "documentation changes"),
        FileKind::Policy => {
            return add(ChangeLabel::Policy, "files that steer agents or reviews change");
        }
        FileKind::Web => return add(ChangeLabel::Web, "web code changes"),
        FileKind::Code => add(ChangeLabel::Code, "code changes"),
        FileKind::Sql | FileKind::Other => {}
    }
    if is_migration(&file.path) {
        let because = if file.is_added() { "a migration was added" } else { "a migration changes" };
        add(ChangeLabel::Migration, because);
        return;
    }
    for (label, because, fits) in BY_PATH {
        if fits(&file.path, kind) {
            add(*label, because);
        }
    }
}

type PathTest = fn(&RepoPath, FileKind) -> bool;

const BY_PATH: &[(ChangeLabel, &str, PathTest)] = &[
    (ChangeLabel::Schema, "a schema file changes", |path, _| {
        matches!(path.file_name(), "schema.sql" | "structure.sql" | "schema.rb" | "schema.prisma")
    }),
    (ChangeLabel::Entity, "an entity or model changes", |path, kind| {
        kind == FileKind::Code
            && ["models", "entities", "entity", "aggregates", "aggregate"]
                .iter()
                .any(|directory| path.has_directory(directory))
    }),
    (ChangeLabel::Api, "an API contract changes", |path, _| is_contract(path)),
    (ChangeLabel::Api, "an endpoint's code changes", |path, kind| {
        kind == FileKind::Code
            && ["routes", "routers", "handlers", "controllers", "endpoints", "resolvers"]
                .iter()
                .any(|directory| path.has_directory(directory))
    }),
    (ChangeLabel::Infra, "deployment or infrastructure changes", |path, _| is_infrastructure(path)),
    (ChangeLabel::Ci, "a pipeline changes", |path, _| is_pipeline(path)),
    (ChangeLabel::Secrets, "a file of secrets or their references changes", |path, kind| {
        kind == FileKind::Other && is_secret_file(path)
    }),
    (ChangeLabel::Config, "configuration changes", |path, _| is_configuration(path)),
    (ChangeLabel::Ingress, "how traffic comes in changes", |path, _| {
        let stem = path.file_name();
        ["nginx.conf", "Caddyfile", "traefik.yml", "traefik.yaml", "haproxy.cfg"].contains(&stem)
            || (is_yaml(path)
                && words::split(stem).iter().any(|w| w == "ingress" || w == "httproute"))
    }),
    (
        ChangeLabel::Observability,
        "alerts, dashboards or telemetry settings change",
        |path, kind| kind == FileKind::Other && is_observability(path),
    ),
    (ChangeLabel::Auth, "code of sign-in or permissions changes", |path, kind| {
        kind == FileKind::Code
            && speaks_of(
                path,
                &[
                    "auth",
                    "authentication",
                    "authorization",
                    "authz",
                    "authn",
                    "oauth",
                    "oauth2",
                    "rbac",
                    "permissions",
                    "permission",
                    "acl",
                    "jwt",
                    "sso",
                    "login",
                ],
            )
    }),
    (ChangeLabel::Payments, "code of payments or billing changes", |path, kind| {
        kind == FileKind::Code
            && speaks_of(
                path,
                &["payment", "payments", "billing", "stripe", "paypal", "invoice", "invoices"],
            )
    }),
    (ChangeLabel::Tenancy, "code of tenant isolation changes", |path, kind| {
        kind == FileKind::Code
            && speaks_of(path, &["tenant", "tenants", "tenancy", "multitenancy", "multitenant"])
    }),
    (ChangeLabel::Queue, "a consumer or queue changes", |path, kind| {
        kind == FileKind::Code
            && speaks_of(
                path,
                &["consumer", "consumers", "queue", "queues", "kafka", "rabbitmq", "sqs"],
            )
    }),
    (ChangeLabel::Realtime, "real-time delivery changes", |path, kind| {
        kind == FileKind::Code && speaks_of(path, &["websocket", "websockets", "realtime", "sse"])
    }),
];

/// Whether a directory or the file's name is one of these words or holds it as a word.
fn speaks_of(path: &RepoPath, wanted: &[&str]) -> bool {
    let stem = path.file_name().rsplit_once('.').map_or(path.file_name(), |(stem, _)| stem);
    let parts = path.directory().split('/').chain([stem]);
    parts.flat_map(words::split).any(|word| wanted.contains(&word.as_str()))
}

fn is_yaml(path: &RepoPath) -> bool {
    matches!(path.extension().as_deref(), Some("yml" | "yaml"))
}

/// Migration folders of the common frameworks, and Flyway's names.
pub fn is_migration(path: &RepoPath) -> bool {
    let name = path.file_name();
    let extension = path.extension().unwrap_or_default();
    let kinds = [
        "sql", "py", "rb", "ts", "js", "go", "java", "kt", "xml", "yml", "yaml", "php", "rs", "cs",
        "exs", "json",
    ];
    let folder =
        ["migrations", "migration", "migrate", "alembic", "flyway", "changelog", "changelogs"]
            .iter()
            .any(|directory| path.has_directory(directory));
    let numbered =
        name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'V' | 'U' | 'R' | 'm'));
    let versions = path.has_directory("alembic") && !path.has_directory("versions");
    let support = matches!(
        name,
        "__init__.py"
            | "env.py"
            | "mod.rs"
            | "lib.rs"
            | "package.json"
            | "alembic.ini"
            | "migration_lock.toml"
    ) || versions;
    let flyway = extension == "sql"
        && name.starts_with(['V', 'U'])
        && name.contains("__")
        && name.get(1..2).is_some_and(|digit| digit.bytes().all(|b| b.is_ascii_digit()));
    let sql_or_script = extension == "sql"
        || numbered
        || path.directory().split('/').any(|part| part.starts_with(|c: char| c.is_ascii_digit()))
        || path.has_directory("versions")
        || path.has_directory("changelog");
    flyway || (folder && kinds.contains(&extension.as_str()) && !support && sql_or_script)
}

fn is_contract(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    match path.extension().as_deref() {
        Some("proto" | "graphql" | "graphqls" | "gql" | "thrift" | "avsc" | "raml" | "wsdl") => {
            true
        }
        Some("yml" | "yaml" | "json") => {
            ["openapi", "swagger", "asyncapi"].iter().any(|word| name.contains(word))
                || path.has_directory("openapi")
        }
        _ => false,
    }
}

fn is_infrastructure(path: &RepoPath) -> bool {
    let name = path.file_name();
    let lower = name.to_ascii_lowercase();
    let extension = path.extension().unwrap_or_default();
    let named = matches!(
        lower.as_str(),
        "pulumi.yaml"
            | "serverless.yml"
            | "serverless.yaml"
            | "procfile"
            | "fly.toml"
            | "railway.json"
            | "railway.toml"
            | "skaffold.yaml"
            | "kustomization.yaml"
            | "kustomization.yml"
            | "chart.yaml"
            | "app.yaml"
            | "nomad.hcl"
            | "vagrantfile"
            | "render.yaml"
            | ".dockerignore"
            | "cdk.json"
    );
    let docker = lower == "dockerfile"
        || lower == "containerfile"
        || lower.starts_with("dockerfile.")
        || extension == "dockerfile";
    let compose = ["docker-compose", "compose"].iter().any(|start| {
        lower.strip_prefix(start).is_some_and(|rest| {
            (rest.ends_with(".yml") || rest.ends_with(".yaml")) && rest.starts_with(['.', '-'])
        })
    });
    let folder = (is_yaml(path) || extension == "tpl")
        && ["k8s", "kubernetes", "helm", "charts", "manifests", "kustomize", "argocd"]
            .iter()
            .any(|directory| path.has_directory(directory));
    let kind = matches!(extension.as_str(), "tf" | "tfvars" | "bicep" | "service")
        || (extension == "hcl" && !lower.starts_with('.'));
    named || docker || compose || folder || kind
}

fn is_pipeline(path: &RepoPath) -> bool {
    let text = path.as_str();
    let folders =
        [".github/workflows/", ".github/actions/", ".circleci/", ".buildkite/", ".gitlab/ci/"];
    folders.iter().any(|folder| text.starts_with(folder))
        || matches!(
            path.file_name(),
            ".gitlab-ci.yml"
                | "Jenkinsfile"
                | "azure-pipelines.yml"
                | ".travis.yml"
                | ".drone.yml"
                | "bitbucket-pipelines.yml"
                | "cloudbuild.yaml"
                | "action.yml"
                | "buildspec.yml"
        )
}

fn is_example(name: &str) -> bool {
    ["example", "sample", "template", "dist"].iter().any(|word| name.ends_with(word))
}

fn is_secret_file(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let environment = (name == ".env" || name.starts_with(".env.")) && !is_example(&name);
    let named = (is_yaml(path) || name.ends_with(".json") || name.ends_with(".tf"))
        && words::split(&name).iter().any(|word| {
            matches!(
                word.as_str(),
                "secret" | "secrets" | "externalsecret" | "sealedsecret" | "vault"
            )
        });
    environment || named || name == ".sops.yaml"
}

fn is_configuration(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let extension = path.extension().unwrap_or_default();
    let format = matches!(
        extension.as_str(),
        "yml" | "yaml" | "toml" | "ini" | "properties" | "json" | "conf" | "env" | "cfg"
    );
    let named = name.starts_with(".env")
        || name.starts_with("application.") && format
        || name.starts_with("application-") && format
        || name.starts_with("appsettings") && format
        || matches!(
            name.as_str(),
            "settings.py"
                | "values.yaml"
                | "config.yml"
                | "config.yaml"
                | "config.toml"
                | "config.json"
        );
    named || (format && (path.has_directory("config") || path.has_directory("configs")))
}

fn is_observability(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let format = is_yaml(path)
        || name.ends_with(".json")
        || name.ends_with(".jsonnet")
        || name.ends_with(".river");
    let folder = [
        "alerts",
        "alerting",
        "dashboards",
        "grafana",
        "prometheus",
        "otel",
        "observability",
        "monitoring",
        "slos",
    ]
    .iter()
    .any(|directory| path.has_directory(directory));
    let named = words::split(&name).iter().any(|word| {
        matches!(
            word.as_str(),
            "alerts" | "alertmanager" | "prometheus" | "otel" | "promtail" | "dashboard"
        )
    });
    format && !manifest::is_manifest(path.file_name()) && (folder || named)
}
