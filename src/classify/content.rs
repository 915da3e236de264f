//! Labels that words of code in added lines earn. For sign-in, payments and tenants, removed
//! lines count too: taking a guard away matters as much as adding one.

use super::kind::{self, FileKind};
use super::{Labels, manifest, words};
use crate::domain::change::{FileChange, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::routing::ChangeLabel;

/// Added lines of one file that are looked at.
const MAX_LINES: usize = 5_000;

/// A label that any of these words (parts of identifiers, lower case) earns.
struct ByWord {
    label: ChangeLabel,
    because: &'static str,
    words: &'static [&'static str],
    /// Whether removed lines count as well.
    guards: bool,
}

const BY_WORD: &[ByWord] = &[
    ByWord {
        label: ChangeLabel::Auth,
        because: "code of sign-in or permissions changes",
        words: &[
            "jwt",
            "oauth",
            "oauth2",
            "oidc",
            "rbac",
            "bcrypt",
            "argon2",
            "saml",
            "authenticate",
            "authorize",
            "authorizer",
            "authenticator",
            "unauthorized",
            "authz",
            "authn",
        ],
        guards: true,
    },
    ByWord {
        label: ChangeLabel::Payments,
        because: "code of payments or billing changes",
        words: &["stripe", "paypal", "braintree", "adyen", "chargeback", "billing"],
        guards: true,
    },
    ByWord {
        label: ChangeLabel::Tenancy,
        because: "code about tenants changes",
        words: &["tenant", "tenants", "tenancy", "multitenant"],
        guards: true,
    },
    ByWord {
        label: ChangeLabel::Pii,
        because: "personal data is handled",
        words: &["ssn", "pii", "gdpr", "iban"],
        guards: false,
    },
    ByWord {
        label: ChangeLabel::Queue,
        because: "messages or queues are used",
        words: &[
            "kafka",
            "rabbitmq",
            "amqp",
            "amqplib",
            "sqs",
            "pubsub",
            "celery",
            "sidekiq",
            "bullmq",
            "jetstream",
            "kinesis",
        ],
        guards: false,
    },
    ByWord {
        label: ChangeLabel::Observability,
        because: "telemetry code changes",
        words: &["opentelemetry", "prometheus", "statsd", "datadog", "otel", "sentry"],
        guards: false,
    },
    ByWord {
        label: ChangeLabel::Realtime,
        because: "real-time delivery is used",
        words: &["websocket", "websockets", "socketio", "signalr", "eventsource"],
        guards: false,
    },
    ByWord {
        label: ChangeLabel::Idempotency,
        because: "code about idempotency changes",
        words: &["idempotency", "idempotent"],
        guards: false,
    },
    ByWord {
        label: ChangeLabel::EventualConsistency,
        because: "code that is consistent only in the end changes",
        words: &["outbox", "saga", "cqrs", "debezium"],
        guards: false,
    },
    ByWord {
        label: ChangeLabel::Performance,
        because: "caching changes",
        words: &["memcached", "redis"],
        guards: false,
    },
];

/// A label that a piece of text in a line earns.
struct ByText {
    label: ChangeLabel,
    because: &'static str,
    texts: &'static [&'static str],
}

const BY_TEXT: &[ByText] = &[
    ByText { label: ChangeLabel::Api, because: "a route is declared", texts: ROUTES },
    ByText {
        label: ChangeLabel::Auth,
        because: "a permission check changes",
        texts: &[
            "@PreAuthorize",
            "@Secured(",
            "hasRole(",
            "hasAuthority(",
            "login_required",
            "permission_required",
            "requireAuth",
            "isAuthenticated",
            "@UseGuards(",
            "RequireRole",
            "has_permission",
            "checkPermission",
            "before_action :authenticate",
        ],
    },
    ByText {
        label: ChangeLabel::Payments,
        because: "payments are handled",
        texts: &["payment_intent", "PaymentIntent", "paymentIntent", "charge_card", "chargeCard"],
    },
    ByText {
        label: ChangeLabel::Pii,
        because: "personal data is handled",
        texts: &[
            "date_of_birth",
            "dateOfBirth",
            "social_security",
            "passport_number",
            "passportNumber",
            "national_id",
            "nationalId",
            "phone_number",
            "phoneNumber",
            "credit_card",
            "creditCard",
        ],
    },
    ByText {
        label: ChangeLabel::ExternalCall,
        because: "a call to another service is made",
        texts: &[
            "requests.get(",
            "requests.post(",
            "requests.put(",
            "requests.request(",
            "httpx.",
            "aiohttp.ClientSession",
            "urllib.request",
            "axios.",
            "axios(",
            "await fetch(",
            "http.Get(",
            "http.Post(",
            "http.NewRequest",
            "http.Client{",
            "reqwest::",
            "RestTemplate",
            "WebClient.",
            "HttpClient.new",
            "new HttpClient(",
            "OkHttpClient",
            "grpc.Dial(",
            "grpc.NewClient(",
            "Net::HTTP",
            "Faraday.",
            "got.post(",
            "got.get(",
            "ManagedChannelBuilder",
        ],
    },
    ByText {
        label: ChangeLabel::NewFlow,
        because: "a job or consumer is declared",
        texts: &[
            "@KafkaListener",
            "@RabbitListener",
            "@SqsListener",
            "@Scheduled(",
            "@shared_task",
            "@celery.task",
            "@app.task",
            "cron.schedule(",
            "consumer.subscribe(",
            ".AddFunc(",
            "include Sidekiq::",
            "BackgroundService",
            "new Worker(",
            "@Cron(",
        ],
    },
    ByText {
        label: ChangeLabel::Entity,
        because: "an entity is declared or mapped",
        texts: &[
            "@Entity",
            "@Table(",
            "gorm.Model",
            "models.Model)",
            "declarative_base(",
            "ApplicationRecord",
            "mapped_column(",
            "sqlx::FromRow",
            "__tablename__",
        ],
    },
    ByText {
        label: ChangeLabel::ErrorHandling,
        because: "how errors are answered changes",
        texts: &[
            "@ExceptionHandler",
            "@ControllerAdvice",
            "@RestControllerAdvice",
            "ProblemDetail",
            "application/problem+json",
            "thiserror::Error",
            "exception_handler(",
            "rescue_from",
            "IntoResponse for",
            "recover()",
        ],
    },
];

const ROUTES: &[&str] = &[
    "@GetMapping",
    "@PostMapping",
    "@PutMapping",
    "@DeleteMapping",
    "@PatchMapping",
    "@RequestMapping",
    "router.get(",
    "router.post(",
    "router.put(",
    "router.patch(",
    "router.delete(",
    "app.get(\"",
    "app.get('",
    "app.post(\"",
    "app.post('",
    "app.put(\"",
    "app.put('",
    "app.patch(\"",
    "app.patch('",
    "app.delete(\"",
    "app.delete('",
    "@app.route(",
    "@router.",
    "@bp.route(",
    ".route(\"/",
    "HandleFunc(\"",
    ".GET(\"/",
    ".POST(\"/",
    ".PUT(\"/",
    ".PATCH(\"/",
    ".DELETE(\"/",
    "#[get(\"",
    "#[post(\"",
    "#[put(\"",
    "#[patch(\"",
    "#[delete(\"",
    "r.Get(\"/",
    "r.Post(\"/",
    "r.Put(\"/",
    "r.Delete(\"/",
    "@Controller(",
    "MapGet(",
    "MapPost(",
];

/// Libraries that speak to a provider outside.
const PROVIDERS: &[&str] = &[
    "adyen",
    "algolia",
    "auth0",
    "aws",
    "boto3",
    "braintree",
    "googleapis",
    "hubspot",
    "mailgun",
    "mailchimp",
    "okta",
    "openai",
    "paypal",
    "plaid",
    "salesforce",
    "sendgrid",
    "slack",
    "stripe",
    "twilio",
    "zendesk",
];

/// Adds the labels that the file's content earns.
pub fn label(file: &FileChange, kind: FileKind, labels: &mut Labels) {
    match kind {
        FileKind::Test | FileKind::Docs | FileKind::Policy | FileKind::Web => {}
        FileKind::Code => code(file, labels),
        FileKind::Sql => sql(file, labels),
        FileKind::Other => {
            if manifest::is_manifest(file.path.file_name()) {
                dependencies(file, labels);
            } else {
                settings(file, labels);
            }
        }
    }
}

/// The lines of one side that the change touches, without comments.
fn touched(file: &FileChange, side: Side) -> Vec<(u32, String)> {
    let extension = file.path.extension().unwrap_or_default();
    let lines = |text: &Text, numbers: &mut dyn Iterator<Item = u32>| {
        let pairs = numbers
            .filter_map(|number| Some((number, words::code(text.line(number)?, &extension)?)));
        pairs.take(MAX_LINES).collect()
    };
    match file.text(side) {
        Some(text) if side == Side::Head => lines(text, &mut file.added_lines()),
        Some(text) => lines(text, &mut file.removed_lines()),
        None => Vec::new(),
    }
}

fn add(
    labels: &mut Labels,
    file: &FileChange,
    side: Side,
    line: u32,
    label: ChangeLabel,
    because: &str,
) {
    labels.add(label, because, file.anchor(side, LineRange::line(line)));
}

fn code(file: &FileChange, labels: &mut Labels) {
    let migration = kind::is_migration(&file.path);
    for (number, line) in touched(file, Side::Head) {
        let words = words::split(&line);
        for entry in BY_WORD.iter().filter(|entry| holds(&words, entry.words)) {
            add(labels, file, Side::Head, number, entry.label, entry.because);
        }
        for entry in BY_TEXT.iter().filter(|entry| entry.texts.iter().any(|t| line.contains(t))) {
            add(labels, file, Side::Head, number, entry.label, entry.because);
        }
        if ROUTES.iter().any(|route| line.contains(route)) {
            add(labels, file, Side::Head, number, ChangeLabel::NewFlow, "a route is added");
        }
        if webhook(&line, &words) {
            let because = "a provider's webhook or client is used";
            add(labels, file, Side::Head, number, ChangeLabel::ExternalIntegration, because);
        }
        if migration && changes_schema_in_code(&line) {
            add(
                labels,
                file,
                Side::Head,
                number,
                ChangeLabel::Schema,
                "the database schema changes",
            );
        }
    }
    for (number, line) in touched(file, Side::Base) {
        let words = words::split(&line);
        for entry in BY_WORD.iter().filter(|entry| entry.guards && holds(&words, entry.words)) {
            add(labels, file, Side::Base, number, entry.label, entry.because);
        }
        let checks = BY_TEXT.iter().filter(|entry| entry.label == ChangeLabel::Auth);
        for entry in checks.filter(|entry| entry.texts.iter().any(|text| line.contains(text))) {
            add(labels, file, Side::Base, number, entry.label, entry.because);
        }
    }
}

fn holds(words: &[String], wanted: &[&str]) -> bool {
    words.iter().any(|word| wanted.contains(&word.as_str()))
}

/// An import of a provider's client, or a route for its webhook.
fn webhook(line: &str, words: &[String]) -> bool {
    let import = ["import ", "from ", "use ", "require(", "require "]
        .iter()
        .any(|start| line.starts_with(start) || (start.ends_with('(') && line.contains(start)));
    let route = ROUTES.iter().any(|route| line.contains(route));
    (import && holds(words, PROVIDERS)) || (route && holds(words, &["webhook", "webhooks"]))
}

fn changes_schema_in_code(line: &str) -> bool {
    [
        "create_table",
        "add_column",
        "drop_column",
        "drop_table",
        "rename_column",
        "alter_column",
        "add_index",
        "create_index",
        "CreateModel(",
        "AddField(",
        "RemoveField(",
        "AlterField(",
        "createTable(",
        "addColumn(",
        "dropColumn(",
        "Schema::create(",
        "remove_column",
    ]
    .iter()
    .any(|word| line.contains(word))
}

fn sql(file: &FileChange, labels: &mut Labels) {
    for (number, line) in touched(file, Side::Head) {
        let upper = line.to_ascii_uppercase();
        let words = words::split(&line);
        let mut add = |label, because| add(labels, file, Side::Head, number, label, because);
        let starts = |texts: &[&str]| texts.iter().any(|text| upper.starts_with(text));
        if starts(&[
            "CREATE TABLE",
            "ALTER TABLE",
            "DROP TABLE",
            "CREATE TYPE",
            "ALTER TYPE",
            "DROP INDEX",
            "CREATE VIEW",
            "CREATE INDEX",
            "CREATE UNIQUE INDEX",
            "DROP TYPE",
            "CREATE OR REPLACE VIEW",
            "CREATE MATERIALIZED VIEW",
            "CREATE SCHEMA",
            "DROP SCHEMA",
            "ADD COLUMN",
            "DROP COLUMN",
            "RENAME COLUMN",
            "ALTER COLUMN",
        ]) {
            add(ChangeLabel::Schema, "the database schema changes");
        }
        if starts(&["CREATE INDEX", "CREATE UNIQUE INDEX"]) {
            add(ChangeLabel::Performance, "an index is added");
        }
        if starts(&["CREATE POLICY", "ALTER POLICY", "DROP POLICY", "GRANT ", "REVOKE "]) {
            add(ChangeLabel::Auth, "rights in the database change");
        }
        if upper.contains("ROW LEVEL SECURITY") || holds(&words, &["tenant", "tenants"]) {
            add(ChangeLabel::Tenancy, "tables or policies of tenants change");
        }
        if holds(&words, &["email", "ssn", "passport", "phone", "birthdate", "iban"])
            || upper.contains("DATE_OF_BIRTH")
        {
            add(ChangeLabel::Pii, "columns hold personal data");
        }
    }
}

fn dependencies(file: &FileChange, labels: &mut Labels) {
    for (number, line) in manifest::dependency_lines(file) {
        let because = "a dependency is added or moves to another version";
        add(labels, file, Side::Head, number, ChangeLabel::Dependency, because);
        // A version that moves says nothing about a new provider.
        let words = words::split(&line);
        let provider = PROVIDERS.iter().find(|name| words.iter().any(|word| word == *name));
        let known = provider.is_some_and(|name| {
            file.base_text().is_some_and(|text| {
                text.lines().any(|(_, line)| words::split(line).iter().any(|word| word == name))
            })
        });
        if provider.is_some() && !known {
            let because = "a client of an outside provider is added";
            add(labels, file, Side::Head, number, ChangeLabel::ExternalIntegration, because);
        }
    }
    let removed = file.removed_lines().count() > 0 && file.added_lines().next().is_none();
    if removed || file.is_deleted() {
        let because = "dependencies or their settings are removed";
        labels.add(ChangeLabel::Dependency, because, Some(file.anchor_file()));
    }
}

/// Kubernetes manifests, Terraform, workflows and other settings.
fn settings(file: &FileChange, labels: &mut Labels) {
    let manifest = file.head_text().or_else(|| file.base_text()).is_some_and(is_kubernetes);
    if manifest {
        let because = "a Kubernetes manifest changes";
        labels.add(ChangeLabel::Infra, because, Some(file.anchor_file()));
    }
    let mut here = |number, label, because| add(labels, file, Side::Head, number, label, because);
    for (number, line) in touched(file, Side::Head) {
        let starts = |texts: &[&str]| texts.iter().any(|text| line.starts_with(text));
        let contains = |texts: &[&str]| texts.iter().any(|text| line.contains(text));
        if contains(&["secretKeyRef", "secretRef", "${{ secrets."])
            || starts(&[
                "kind: Secret",
                "kind: ExternalSecret",
                "kind: SealedSecret",
                "resource \"aws_secretsmanager",
                "resource \"google_secret_manager",
                "resource \"vault_",
                "resource \"azurerm_key_vault",
            ])
        {
            here(number, ChangeLabel::Secrets, "a secret or a reference to one changes");
        }
        if starts(&[
            "kind: Ingress",
            "kind: Gateway",
            "kind: HTTPRoute",
            "kind: VirtualService",
            "resource \"aws_lb",
            "resource \"aws_alb",
            "resource \"aws_api_gateway",
            "resource \"aws_apigatewayv2",
            "resource \"google_compute_url_map",
            "EXPOSE ",
            "containerPort:",
            "- containerPort:",
            "targetPort:",
        ]) {
            here(number, ChangeLabel::Ingress, "ports or routes of incoming traffic change");
        }
        if starts(&[
            "resource \"aws_sqs",
            "resource \"aws_sns",
            "resource \"google_pubsub",
            "resource \"aws_msk",
            "resource \"azurerm_servicebus",
            "resource \"aws_kinesis",
            "kind: KafkaTopic",
        ]) {
            here(number, ChangeLabel::Queue, "a queue or topic changes");
        }
        if starts(&["kind: CronJob"]) {
            here(number, ChangeLabel::NewFlow, "a scheduled job is declared");
        }
        if starts(&[
            "kind: PrometheusRule",
            "kind: ServiceMonitor",
            "kind: PodMonitor",
            "resource \"aws_cloudwatch",
            "resource \"datadog_",
            "resource \"grafana_",
        ]) {
            here(number, ChangeLabel::Observability, "alerts or monitors change");
        }
        if starts(&[
            "resource \"aws_iam",
            "resource \"google_project_iam",
            "kind: Role",
            "kind: ClusterRole",
            "kind: ServiceAccount",
        ]) {
            here(number, ChangeLabel::Auth, "rights of machines change");
        }
    }
}

fn is_kubernetes(text: &Text) -> bool {
    let (mut version, mut kind) = (false, false);
    for (_, line) in text.lines().take(2_000) {
        version |= line.starts_with("apiVersion: ");
        kind |= line.starts_with("kind: ");
        if version && kind {
            return true;
        }
    }
    false
}
