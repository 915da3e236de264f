//! `process/new-dependency`.

use std::collections::BTreeSet;

use super::lockfile;
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity;
use crate::ports::source::Need;
use crate::rules::parse::tree::Node;
use crate::rules::parse::yaml;
use crate::rules::{Draft, Findings, RuleContext};

/// Most names in one finding.
const NAMED: usize = 8;

/// What a package brings along besides code, by a part of its name that stands by itself.
const KINDS: &[(&str, &[&str])] = &[
    (
        "datastore",
        &[
            "cassandra",
            "clickhouse",
            "couchdb",
            "diesel",
            "dynamodb",
            "elasticsearch",
            "ioredis",
            "jedis",
            "lettuce",
            "mariadb",
            "memcached",
            "minio",
            "mongo",
            "mongodb",
            "mongoose",
            "mssql",
            "mysql",
            "mysql2",
            "neo4j",
            "opensearch",
            "pg",
            "pgx",
            "postgres",
            "postgresql",
            "psycopg",
            "psycopg2",
            "pymongo",
            "redis",
            "rusqlite",
            "sqlite",
            "sqlite3",
            "sqlx",
            "valkey",
        ],
    ),
    (
        "message broker",
        &[
            "activemq", "amqp", "amqplib", "celery", "kafka", "kafkajs", "lapin", "nats", "pika",
            "pulsar", "rabbitmq", "rdkafka", "redpanda", "sqs",
        ],
    ),
    (
        "framework",
        &[
            "actix",
            "axum",
            "chi",
            "django",
            "echo",
            "express",
            "fastapi",
            "fastify",
            "fiber",
            "flask",
            "gin",
            "hapi",
            "hono",
            "koa",
            "laravel",
            "micronaut",
            "nestjs",
            "quarkus",
            "rails",
            "rocket",
            "sinatra",
            "starlette",
            "symfony",
            "warp",
        ],
    ),
];

/// Packages by which code talks to what an image runs, by a part of their names.
const CLIENTS: &[(&str, &[&str])] = &[
    (
        "postgres",
        &[
            "asyncpg",
            "diesel",
            "npgsql",
            "pg",
            "pgx",
            "postgres",
            "postgresql",
            "psycopg",
            "psycopg2",
            "sqlx",
        ],
    ),
    ("mysql", &["mariadb", "mysql", "mysql2", "mysqlclient", "pymysql"]),
    ("mariadb", &["mariadb", "mysql", "mysql2", "mysqlclient", "pymysql"]),
    ("mongo", &["mongo", "mongodb", "mongoose", "pymongo"]),
    ("redis", &["bullmq", "celery", "ioredis", "jedis", "lettuce", "redis", "sidekiq"]),
    ("valkey", &["bullmq", "celery", "ioredis", "jedis", "lettuce", "redis", "sidekiq", "valkey"]),
    ("rabbitmq", &["amqp", "amqplib", "celery", "lapin", "pika", "rabbitmq"]),
];

const COMPOSE: [&str; 4] =
    ["docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"];

/// Manifests of the base, which tell whether an image that a Compose file starts is new to the
/// product; nothing where no Compose file changes.
pub(super) fn needs(change: &Change) -> Vec<Need> {
    let composes = |file: &FileChange| COMPOSE.contains(&file.path.file_name());
    if !change.files.iter().any(|file| composes(file) && !added(file).is_empty()) {
        return Vec::new();
    }
    vec![manifests()]
}

fn manifests() -> Need {
    let names = [
        "package.json",
        "requirements*.txt",
        "pyproject.toml",
        "Cargo.toml",
        "go.mod",
        "pom.xml",
        "build.gradle{,.kts}",
        "Gemfile",
        "{docker-,}compose.{yml,yaml}",
    ];
    let globs = names.iter().flat_map(|name| [(*name).to_owned(), format!("**/{name}")]).collect();
    Need::Glob { side: Side::Base, globs, limit: 40 }
}

/// Whether a manifest of the base has the image, or a package that talks to what it runs.
fn is_in_use(context: &RuleContext<'_>, image: &str) -> bool {
    let lower = image.to_ascii_lowercase();
    let clients = CLIENTS.iter().find(|(name, _)| *name == lower).map_or(&[][..], |(_, c)| *c);
    context.gathered(&manifests()).iter().any(|file| {
        let names = dependencies(file.path.file_name(), file.text.as_str()).unwrap_or_default();
        names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric());
            name == lower || parts.any(|part| clients.contains(&part))
        })
    })
}

/// The names a manifest asks for in production; `None` for files that are no manifest.
fn dependencies(file_name: &str, text: &str) -> Option<BTreeSet<String>> {
    match file_name {
        "package.json" => lockfile::json_keys(text, &["dependencies", "optionalDependencies"]),
        "requirements.txt" => Some(requirements(text)),
        "pom.xml" => Some(maven(text)),
        "build.gradle" | "build.gradle.kts" => Some(gradle(text)),
        "Gemfile" => Some(gems(text)),
        name if COMPOSE.contains(&name) => images(text),
        _ => lockfile::dependencies(file_name, text),
    }
}

fn requirements(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '-']));
    let name = |line: &str| {
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c));
        line.get(..end.unwrap_or(line.len())).unwrap_or("").to_ascii_lowercase().replace('_', "-")
    };
    lines.map(name).filter(|name| !name.is_empty()).collect()
}

/// `group:artifact` of each `<dependency>` that is not for tests.
fn maven(text: &str) -> BTreeSet<String> {
    let inside = |block: &str, tag: &str| -> Option<String> {
        let (_, rest) = block.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once('<')?.0.trim().to_owned())
    };
    text.split("<dependency>")
        .skip(1)
        .filter_map(|rest| rest.split_once("</dependency>").map(|(block, _)| block))
        .filter(|block| inside(block, "scope").as_deref() != Some("test"))
        .filter_map(|block| {
            Some(format!("{}:{}", inside(block, "groupId")?, inside(block, "artifactId")?))
        })
        .collect()
}

fn gradle(text: &str) -> BTreeSet<String> {
    let wanted = ["implementation", "api", "compileOnly", "runtimeOnly", "compile"];
    let lines = text.lines().map(str::trim);
    lines
        .filter_map(|line| {
            let (word, rest) = line.split_once(['(', ' '])?;
            let quoted = rest.split(['"', '\'']).nth(1)?;
            let mut parts = quoted.split(':');
            let (group, name) = (parts.next()?, parts.next()?);
            wanted.contains(&word).then(|| format!("{group}:{name}"))
        })
        .collect()
}

fn gems(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut for_tests = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("group ") {
            for_tests = line.contains(":test") || line.contains(":development");
        } else if line == "end" {
            for_tests = false;
        } else if let Some(rest) = line.strip_prefix("gem ").filter(|_| !for_tests) {
            names.extend(rest.split(['"', '\'']).nth(1).map(str::to_owned));
        }
    }
    names
}

/// Names of the images that services run, without registry and tag: only those of a known kind.
fn images(text: &str) -> Option<BTreeSet<String>> {
    let tree = yaml::parse(text);
    let services = tree.documents.first()?.get("services")?;
    let image = |node: &Node| {
        let text = node.get("image")?.as_str()?.split('@').next()?.to_owned();
        let name = text.rsplit('/').next()?.split(':').next()?.to_owned();
        kind(&name).map(|_| name)
    };
    Some(services.entries().iter().filter_map(|entry| image(&entry.value)).collect())
}

/// What kind of thing a package connects to or is.
fn kind(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let parts: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    KINDS.iter().find(|(_, words)| words.iter().any(|word| parts.contains(word))).map(|(k, _)| *k)
}

/// What the change adds to a manifest; all of it for a new one.
fn added(file: &FileChange) -> Vec<String> {
    let name = file.path.file_name();
    let Some(now) = file.head_text().and_then(|text| dependencies(name, text.as_str())) else {
        return Vec::new();
    };
    let before = match file.base_text() {
        Some(text) => match dependencies(name, text.as_str()) {
            Some(before) => before,
            // What cannot be read cannot be compared.
            None => return Vec::new(),
        },
        None => BTreeSet::new(),
    };
    now.difference(&before).cloned().collect()
}

pub(super) fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| !file.derived && !added(file).is_empty())
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    // A dependency that another manifest has already is not new to the product.
    let mut known: BTreeSet<String> = context
        .change
        .files
        .iter()
        .filter_map(|file| dependencies(file.path.file_name(), file.base_text()?.as_str()))
        .flatten()
        .collect();
    for file in context.change.files.iter().filter(|file| !file.derived) {
        let image = COMPOSE.contains(&file.path.file_name());
        let names: Vec<String> = added(file)
            .into_iter()
            .filter(|name| !(known.contains(name) || image && is_in_use(context, name)))
            .collect();
        // What two manifests of the change ask for is said once.
        known.extend(names.iter().cloned());
        if let Some(first) = names.first() {
            findings.at_head(file, line_of(file, first), draft(file, &names));
        }
    }
}

/// The first added line that names it.
fn line_of(file: &FileChange, name: &str) -> LineRange {
    let last = name.rsplit([':', '/']).next().unwrap_or(name).to_ascii_lowercase();
    let text = file.head_text();
    let named = text.into_iter().flat_map(|text| text.lines()).find(|(number, line)| {
        let line = line.to_ascii_lowercase().replace('_', "-");
        line.contains(&last.replace('_', "-")) && file.adds_any(LineRange::line(*number))
    });
    LineRange::line(named.map_or(1, |(number, _)| number))
}

fn draft(file: &FileChange, names: &[String]) -> Draft {
    let code = |name: &String| format!("`{}`", name.replace('`', "'"));
    let listed: Vec<String> = names.iter().take(NAMED).map(code).collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        hidden => format!(" and {hidden} more"),
    };
    let kinds: BTreeSet<&str> = names.iter().filter_map(|name| kind(name)).collect();
    let what = match kinds.iter().next() {
        Some(kind) if kinds.len() == 1 => format!("A new {kind}"),
        Some(_) => "New infrastructure".to_owned(),
        None if names.len() == 1 => "A new dependency".to_owned(),
        None => format!("{} new dependencies", names.len()),
    };
    let place = file.path.as_str().replace('`', "'");
    Draft {
        title: format!("{what} in `{}`", file.path.file_name()),
        evidence: format!("`{place}` asks for {}{more}, which it did not before.", listed.join(", ")),
        recommendation:
            "Say in the pull request why it is needed, who keeps it and what was considered instead; a person decides."
                .to_owned(),
        symbol: Some(names.join(", ")),
        severity: (!kinds.is_empty()).then_some(Severity::Minor),
        ..Draft::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_many_kinds_are_read() {
        for (file, text, wanted) in [
            ("package.json", r#"{"dependencies": {"a": "1"}, "devDependencies": {"b": "1"}}"#, "a"),
            ("requirements.txt", "# c\nFlask_Login>=1\n-r other.txt\n", "flask-login"),
            (
                "pom.xml",
                "<dependency><groupId>g</groupId><artifactId>a</artifactId></dependency><dependency><groupId>g</groupId><artifactId>t</artifactId><scope>test</scope></dependency>",
                "g:a",
            ),
            (
                "build.gradle.kts",
                "implementation(\"g:a:1\")\ntestImplementation(\"g:t:1\")\n",
                "g:a",
            ),
            ("Gemfile", "gem 'pg'\ngroup :test do\n  gem 'rspec'\nend\n", "pg"),
            (
                "compose.yaml",
                "services:\n  db: {image: docker.io/library/postgres:17}\n  app: {image: acme/app}\n",
                "postgres",
            ),
        ] {
            let names = dependencies(file, text).unwrap();
            assert_eq!(names.into_iter().collect::<Vec<_>>(), [wanted], "{file}");
        }
        assert_eq!(kind("github.com/jackc/pgx"), Some("datastore"));
        assert_eq!(kind("tokio-postgres"), Some("datastore"));
        assert_eq!(kind("@nestjs/core"), Some("framework"));
        assert_eq!(kind("serde"), None);
    }
}
