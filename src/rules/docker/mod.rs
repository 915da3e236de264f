//! Rules of the `docker` family: Dockerfiles and Containerfiles.

mod base;
mod contents;
mod image;
mod run;
mod shell;
mod user;

use std::sync::Arc;

use super::parse::dockerfile::{Dockerfile, is_dockerfile};
use super::{Check, Rule, RuleContext};
use crate::domain::change::FileChange;
use crate::domain::diff::Side;
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;

pub(in crate::rules) use image::ImageName;

fn parsed(context: &RuleContext<'_>, file: &FileChange, side: Side) -> Option<Arc<Dockerfile>> {
    context.parsed(file, side, Dockerfile::parse)
}

fn applies(file: &FileChange) -> bool {
    !file.is_deleted() && is_dockerfile(&file.path)
}

/// What the rules of this family have in common.
const COMMON: Rule = Rule {
    code: "",
    title: "",
    lane: Lane::Infra,
    kind: FindingKind::Evidence,
    category: Category::Infra,
    severity: Severity::Minor,
    confidence: Confidence::High,
    equivalents: &[],
    page: "",
    check: Check::File { applies, check: |_, _, _| {} },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "docker/root-user",
        title: "Image runs as root",
        kind: FindingKind::MissingEvidence,
        category: Category::Security,
        equivalents: &[
            "hadolint:DL3002",
            "checkov:CKV_DOCKER_3",
            "checkov:CKV_DOCKER_8",
            "trivy:DS002",
        ],
        page: include_str!("../../../fixtures/rules/docker/root-user.md"),
        check: Check::File { applies, check: user::check },
        ..COMMON
    },
    Rule {
        code: "docker/unpinned-base",
        title: "Base image without a version",
        category: Category::Reliability,
        equivalents: &["hadolint:DL3006", "hadolint:DL3007", "checkov:CKV_DOCKER_7", "trivy:DS001"],
        page: include_str!("../../../fixtures/rules/docker/unpinned-base.md"),
        check: Check::File { applies, check: base::unpinned },
        ..COMMON
    },
    Rule {
        code: "docker/secret-in-image",
        title: "Secret set by ENV or ARG",
        category: Category::Security,
        severity: Severity::Major,
        confidence: Confidence::Medium,
        page: include_str!("../../../fixtures/rules/docker/secret-in-image.md"),
        check: Check::File { applies, check: contents::secret_in_image },
        ..COMMON
    },
    Rule {
        code: "docker/copy-secrets",
        title: "File with secrets copied into the image",
        category: Category::Security,
        severity: Severity::Major,
        page: include_str!("../../../fixtures/rules/docker/copy-secrets.md"),
        check: Check::File { applies, check: contents::copy_secrets },
        ..COMMON
    },
    Rule {
        code: "docker/remote-add",
        title: "ADD from the network without a checksum",
        category: Category::Security,
        equivalents: &["checkov:CKV_DOCKER_4"],
        page: include_str!("../../../fixtures/rules/docker/remote-add.md"),
        check: Check::File { applies, check: contents::remote_add },
        ..COMMON
    },
    Rule {
        code: "docker/add-local-file",
        title: "ADD of plain local files",
        equivalents: &["hadolint:DL3020", "checkov:CKV_DOCKER_4"],
        page: include_str!("../../../fixtures/rules/docker/add-local-file.md"),
        check: Check::File { applies, check: contents::add_local },
        ..COMMON
    },
    Rule {
        code: "docker/sudo",
        title: "sudo in a build step",
        category: Category::Security,
        equivalents: &["hadolint:DL3004", "checkov:CKV2_DOCKER_1", "trivy:DS010"],
        page: include_str!("../../../fixtures/rules/docker/sudo.md"),
        check: Check::File { applies, check: run::sudo },
        ..COMMON
    },
    Rule {
        code: "docker/curl-pipe-shell",
        title: "Download piped into a shell",
        category: Category::Security,
        page: include_str!("../../../fixtures/rules/docker/curl-pipe-shell.md"),
        check: Check::File { applies, check: run::curl_pipe_shell },
        ..COMMON
    },
    Rule {
        code: "docker/verification-disabled",
        title: "Certificate or signature check turned off",
        category: Category::Security,
        severity: Severity::Major,
        equivalents: &[
            "checkov:CKV2_DOCKER_2",
            "checkov:CKV2_DOCKER_3",
            "checkov:CKV2_DOCKER_4",
            "checkov:CKV2_DOCKER_5",
            "checkov:CKV2_DOCKER_6",
            "checkov:CKV2_DOCKER_7",
            "checkov:CKV2_DOCKER_8",
            "checkov:CKV2_DOCKER_9",
            "checkov:CKV2_DOCKER_10",
            "checkov:CKV2_DOCKER_11",
            "checkov:CKV2_DOCKER_12",
            "checkov:CKV2_DOCKER_13",
            "checkov:CKV2_DOCKER_14",
            "checkov:CKV2_DOCKER_15",
            "checkov:CKV2_DOCKER_16",
        ],
        page: include_str!("../../../fixtures/rules/docker/verification-disabled.md"),
        check: Check::File { applies, check: run::verification },
        ..COMMON
    },
    Rule {
        code: "docker/update-alone",
        title: "Package lists updated in a layer of their own",
        category: Category::Reliability,
        equivalents: &["checkov:CKV_DOCKER_5", "trivy:DS017"],
        page: include_str!("../../../fixtures/rules/docker/update-alone.md"),
        check: Check::File { applies, check: run::update_alone },
        ..COMMON
    },
    Rule {
        code: "docker/duplicate-stage",
        title: "Two stages of one name",
        category: Category::Reliability,
        equivalents: &["hadolint:DL3024", "checkov:CKV_DOCKER_11", "trivy:DS012"],
        page: include_str!("../../../fixtures/rules/docker/duplicate-stage.md"),
        check: Check::File { applies, check: base::duplicate_stage },
        ..COMMON
    },
];
