//! The repository that the demo plays with; its files are in `fixtures/repos/demo`.

use crate::standin::FileEdit;

macro_rules! files {
    ($folder:literal: $($path:literal),* $(,)?) => {
        vec![$(FileEdit::write(
            $path,
            include_str!(concat!("../../../fixtures/repos/demo/", $folder, "/", $path)),
        )),*]
    };
}

/// The main branch.
pub fn base() -> Vec<FileEdit> {
    files! { "base":
        ".github/workflows/ci.yml",
        "AGENTS.md",
        "Dockerfile",
        "README.md",
        "api/openapi.yaml",
        "cmd/orders/main.go",
        "db/migrations/0001_create_orders.down.sql",
        "db/migrations/0001_create_orders.up.sql",
        "deploy/alerts.yaml",
        "deploy/kubernetes/orders.yaml",
        "go.mod",
        "internal/orders/handler.go",
        "internal/orders/handler_test.go",
        "internal/orders/metrics.go",
        "internal/orders/store.go",
    }
}

/// The pull request's first commit.
pub fn change() -> Vec<FileEdit> {
    files! { "change":
        ".github/workflows/deploy.yml",
        "Dockerfile",
        "api/openapi.yaml",
        "db/migrations/0002_refunds.up.sql",
        "deploy/kubernetes/refunds-worker.yaml",
        "internal/orders/metrics.go",
        "internal/refunds/handler.go",
        "internal/refunds/store.go",
    }
}

/// The second push: most of it mended, something new.
pub fn second() -> Vec<FileEdit> {
    files! { "second":
        ".github/workflows/deploy.yml",
        "db/migrations/0002_refunds.down.sql",
        "db/migrations/0002_refunds.up.sql",
        "deploy/kubernetes/refunds-worker.yaml",
        "internal/refunds/handler.go",
    }
}
