//! Languages, frameworks and services that the manifests name, each with its line.

use crate::domain::plan::Evidence;
use crate::domain::survey::{Survey, SurveyedFile};
use crate::plan::words::code;

/// A dependency that says something about how the repository is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub name: &'static str,
    pub role: Role,
    pub path: String,
    pub line: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Web,
    Data,
    Queue,
    Cache,
    Telemetry,
    Payments,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack {
    /// Names of languages with the manifest that shows each.
    pub languages: Vec<(&'static str, String)>,
    pub dependencies: Vec<Dependency>,
}

const MANIFESTS: &[(&str, &str)] = &[
    ("Cargo.toml", "Rust"),
    ("go.mod", "Go"),
    ("package.json", "JavaScript or TypeScript"),
    ("pyproject.toml", "Python"),
    ("requirements.txt", "Python"),
    ("setup.py", "Python"),
    ("Pipfile", "Python"),
    ("Gemfile", "Ruby"),
    ("pom.xml", "Java"),
    ("build.gradle", "Java"),
    ("build.gradle.kts", "Kotlin or Java"),
    ("mix.exs", "Elixir"),
    ("composer.json", "PHP"),
];

/// What stands in a manifest, and what it means. Longer names come before those that they hold.
const KNOWN: &[(&str, &str, Role)] = &[
    ("actix-web", "Actix Web", Role::Web),
    ("axum", "axum", Role::Web),
    ("rocket", "Rocket", Role::Web),
    ("gin-gonic/gin", "Gin", Role::Web),
    ("go-chi/chi", "chi", Role::Web),
    ("labstack/echo", "Echo", Role::Web),
    ("gofiber/fiber", "Fiber", Role::Web),
    ("@nestjs/core", "NestJS", Role::Web),
    ("fastify", "Fastify", Role::Web),
    ("express", "Express", Role::Web),
    ("djangorestframework", "Django REST framework", Role::Web),
    ("django", "Django", Role::Web),
    ("fastapi", "FastAPI", Role::Web),
    ("flask", "Flask", Role::Web),
    ("rails", "Rails", Role::Web),
    ("spring-boot-starter-web", "Spring Boot", Role::Web),
    ("phoenix", "Phoenix", Role::Web),
    ("laravel/framework", "Laravel", Role::Web),
    ("sqlx", "sqlx", Role::Data),
    ("diesel", "Diesel", Role::Data),
    ("sea-orm", "SeaORM", Role::Data),
    ("golang-migrate/migrate", "golang-migrate", Role::Data),
    ("pressly/goose", "goose", Role::Data),
    ("jackc/pgx", "pgx", Role::Data),
    ("gorm.io/gorm", "GORM", Role::Data),
    ("@prisma/client", "Prisma", Role::Data),
    ("typeorm", "TypeORM", Role::Data),
    ("knex", "Knex", Role::Data),
    ("sequelize", "Sequelize", Role::Data),
    ("drizzle-orm", "Drizzle", Role::Data),
    ("@supabase/supabase-js", "Supabase", Role::Data),
    ("sqlalchemy", "SQLAlchemy", Role::Data),
    ("alembic", "Alembic", Role::Data),
    ("psycopg", "psycopg", Role::Data),
    ("flyway", "Flyway", Role::Data),
    ("liquibase", "Liquibase", Role::Data),
    ("spring-boot-starter-data-jpa", "Spring Data JPA", Role::Data),
    ("ecto_sql", "Ecto", Role::Data),
    ("rdkafka", "Kafka", Role::Queue),
    ("kafka", "Kafka", Role::Queue),
    ("lapin", "RabbitMQ", Role::Queue),
    ("amqp", "RabbitMQ", Role::Queue),
    ("celery", "Celery", Role::Queue),
    ("sidekiq", "Sidekiq", Role::Queue),
    ("bullmq", "BullMQ", Role::Queue),
    ("redis", "Redis", Role::Cache),
    ("memcached", "Memcached", Role::Cache),
    ("prometheus", "Prometheus client", Role::Telemetry),
    ("opentelemetry", "OpenTelemetry", Role::Telemetry),
    ("micrometer", "Micrometer", Role::Telemetry),
    ("sentry", "Sentry", Role::Telemetry),
    ("prom-client", "Prometheus client", Role::Telemetry),
    ("structlog", "structlog", Role::Telemetry),
    ("stripe", "Stripe", Role::Payments),
];

pub fn is_manifest(name: &str) -> bool {
    MANIFESTS.iter().any(|(manifest, _)| *manifest == name)
}

pub fn read(survey: &Survey) -> Stack {
    let mut stack = Stack::default();
    for file in &survey.texts {
        let name = file.path.file_name();
        let Some((_, language)) = MANIFESTS.iter().find(|(manifest, _)| *manifest == name) else {
            continue;
        };
        let typed = || survey.listing.paths().any(|path| path.as_str().ends_with(".ts"));
        let language: &&'static str = match *language {
            "JavaScript or TypeScript" if typed() => &"TypeScript",
            "JavaScript or TypeScript" => &"JavaScript",
            _ => language,
        };
        if !stack.languages.iter().any(|(known, _)| known == language) {
            stack.languages.push((language, file.path.as_str().to_owned()));
        }
        dependencies(file, &mut stack.dependencies);
    }
    stack
}

fn dependencies(file: &SurveyedFile, into: &mut Vec<Dependency>) {
    for (index, line) in file.text.lines().enumerate().take(5_000) {
        let line = line.trim().to_ascii_lowercase();
        if line.starts_with('#') || line.starts_with("//") || line.len() > 400 {
            continue;
        }
        let found = KNOWN.iter().find(|(needle, _, _)| names(&line, needle));
        if let Some((_, name, role)) = found
            && !into.iter().any(|known| known.name == *name)
            && into.len() < 24
        {
            let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let path = file.path.as_str().to_owned();
            into.push(Dependency { name, role: *role, path, line });
        }
    }
}

/// Whether a line of a manifest names a package: not as a part of another name.
fn names(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|before| line.as_bytes().get(before));
        let after = line.as_bytes().get(at + needle.len());
        let inside = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric());
        !inside(before) && !after.is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
    })
}

/// Dependencies that change schemas and read no data.
const MIGRATION_TOOLS: &[&str] = &["golang-migrate", "goose", "Alembic", "Flyway", "Liquibase"];

impl Stack {
    pub fn has(&self, name: &str) -> bool {
        self.dependencies.iter().any(|dependency| dependency.name == name)
    }

    pub fn with_role(&self, role: Role) -> Option<&Dependency> {
        self.dependencies.iter().find(|dependency| dependency.role == role)
    }

    /// The manifest lines that show framework and database access.
    pub fn evidence(&self) -> Vec<Evidence> {
        let shown = [Role::Web, Role::Data];
        let dependencies = self.dependencies.iter().filter(|d| shown.contains(&d.role)).take(4);
        dependencies
            .map(|dependency| Evidence {
                path: dependency.path.clone(),
                lines: Some(dependency.line.to_string()),
                shows: match dependency.role {
                    Role::Web => format!("the service is built with {}", dependency.name),
                    _ if MIGRATION_TOOLS.contains(&dependency.name) => {
                        format!("migrations run with {}", dependency.name)
                    }
                    _ => format!("data access uses {}", dependency.name),
                },
            })
            .collect()
    }

    /// "Rust (axum, sqlx)".
    pub fn in_words(&self) -> Option<String> {
        let languages: Vec<&str> = self.languages.iter().map(|(name, _)| *name).collect();
        let names: Vec<&str> = self
            .dependencies
            .iter()
            .filter(|d| matches!(d.role, Role::Web | Role::Data))
            .map(|d| d.name)
            .take(4)
            .collect();
        match (languages.is_empty(), names.is_empty()) {
            (true, _) => None,
            (false, true) => Some(languages.join(", ")),
            (false, false) => Some(format!("{} ({})", languages.join(", "), names.join(", "))),
        }
    }
}

/// The package of a request to add one ("add the `redis` crate").
pub fn known_package(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let known = KNOWN
        .iter()
        .find(|(needle, shown, _)| *needle == name || shown.eq_ignore_ascii_case(&name));
    known.map(|(_, shown, _)| code(shown))
}
