//! Rules of the `kubernetes` family: raw manifests and Kustomize. Templates are not parsed, and
//! therefore not looked at.

mod access;
mod consistency;
mod manifest;
mod privilege;
mod workload;

use super::{Check, Rule};
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use manifest::applies;

/// What the rules of this family have in common.
const COMMON: Rule = Rule {
    code: "",
    title: "",
    lane: Lane::Infra,
    kind: FindingKind::Evidence,
    category: Category::Security,
    severity: Severity::Major,
    confidence: Confidence::High,
    equivalents: &[],
    page: "",
    check: Check::File { applies, check: |_, _, _| {} },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "kubernetes/missing-probes",
        title: "Serving container without a readiness probe",
        severity: Severity::Minor,
        kind: FindingKind::MissingEvidence,
        category: Category::Reliability,
        equivalents: &[
            "kube-linter:no-readiness-probe",
            "polaris:readinessProbeMissing",
            "checkov:CKV_K8S_9",
        ],
        page: include_str!("../../../fixtures/rules/kubernetes/missing-probes.md"),
        check: Check::File { applies, check: workload::probes },
        ..COMMON
    },
    Rule {
        code: "kubernetes/missing-limits",
        title: "Container without a memory limit",
        kind: FindingKind::MissingEvidence,
        category: Category::Reliability,
        severity: Severity::Minor,
        equivalents: &[
            "kube-linter:unset-memory-requirements",
            "polaris:memoryLimitsMissing",
            "checkov:CKV_K8S_13",
        ],
        page: include_str!("../../../fixtures/rules/kubernetes/missing-limits.md"),
        check: Check::File { applies, check: workload::limits },
        ..COMMON
    },
    Rule {
        code: "kubernetes/latest-tag",
        title: "Image without a version",
        category: Category::Reliability,
        severity: Severity::Minor,
        equivalents: &["kube-linter:latest-tag", "polaris:tagNotSpecified", "checkov:CKV_K8S_14"],
        page: include_str!("../../../fixtures/rules/kubernetes/latest-tag.md"),
        check: Check::Change {
            applies: workload::change_applies,
            needs: workload::latest_tag_needs,
            check: workload::latest_tag,
        },
        ..COMMON
    },
    Rule {
        code: "kubernetes/privileged-container",
        title: "Privileged container",
        equivalents: &[
            "kube-linter:privileged-container",
            "polaris:runAsPrivileged",
            "checkov:CKV_K8S_16",
        ],
        page: include_str!("../../../fixtures/rules/kubernetes/privileged-container.md"),
        check: Check::File { applies, check: privilege::privileged },
        ..COMMON
    },
    Rule {
        code: "kubernetes/dangerous-capability",
        title: "Capability that reaches out of the container",
        equivalents: &["polaris:dangerousCapabilities", "checkov:CKV_K8S_39"],
        page: include_str!("../../../fixtures/rules/kubernetes/dangerous-capability.md"),
        check: Check::File { applies, check: privilege::capabilities },
        ..COMMON
    },
    Rule {
        code: "kubernetes/run-as-root",
        title: "Workload set to run as root",
        equivalents: &["kube-linter:run-as-non-root", "polaris:runAsRootAllowed"],
        page: include_str!("../../../fixtures/rules/kubernetes/run-as-root.md"),
        check: Check::File { applies, check: privilege::run_as_root },
        ..COMMON
    },
    Rule {
        code: "kubernetes/privilege-escalation",
        title: "Privilege escalation allowed",
        equivalents: &[
            "kube-linter:privilege-escalation-container",
            "polaris:privilegeEscalationAllowed",
            "checkov:CKV_K8S_20",
        ],
        page: include_str!("../../../fixtures/rules/kubernetes/privilege-escalation.md"),
        check: Check::File { applies, check: privilege::escalation },
        ..COMMON
    },
    Rule {
        code: "kubernetes/host-namespace",
        title: "Namespace of the node shared",
        equivalents: &[
            "kube-linter:host-network",
            "kube-linter:host-pid",
            "kube-linter:host-ipc",
            "polaris:hostNetworkSet",
            "polaris:hostPIDSet",
            "polaris:hostIPCSet",
            "checkov:CKV_K8S_17",
            "checkov:CKV_K8S_18",
            "checkov:CKV_K8S_19",
        ],
        page: include_str!("../../../fixtures/rules/kubernetes/host-namespace.md"),
        check: Check::File { applies, check: privilege::host_namespace },
        ..COMMON
    },
    Rule {
        code: "kubernetes/runtime-socket",
        title: "Container runtime or root of the node mounted",
        equivalents: &["kube-linter:docker-sock", "checkov:CKV_K8S_27"],
        page: include_str!("../../../fixtures/rules/kubernetes/runtime-socket.md"),
        check: Check::File { applies, check: privilege::runtime_socket },
        ..COMMON
    },
    Rule {
        code: "kubernetes/secret-in-manifest",
        title: "Secret value in a manifest",
        equivalents: &["kube-linter:env-var-secret", "gitleaks:kubernetes-secret-yaml"],
        page: include_str!("../../../fixtures/rules/kubernetes/secret-in-manifest.md"),
        check: Check::File { applies, check: access::secrets },
        ..COMMON
    },
    Rule {
        code: "kubernetes/wildcard-role",
        title: "Role that allows everything",
        equivalents: &["kube-linter:wildcard-in-rules", "checkov:CKV_K8S_49"],
        page: include_str!("../../../fixtures/rules/kubernetes/wildcard-role.md"),
        check: Check::File { applies, check: access::wildcard },
        ..COMMON
    },
    Rule {
        code: "kubernetes/cluster-admin-binding",
        title: "Service account bound to cluster-admin",
        equivalents: &["kube-linter:cluster-admin-role-binding"],
        page: include_str!("../../../fixtures/rules/kubernetes/cluster-admin-binding.md"),
        check: Check::File { applies, check: access::cluster_admin },
        ..COMMON
    },
    Rule {
        code: "kubernetes/mismatching-selector",
        title: "Selector that does not match its pods",
        category: Category::Reliability,
        equivalents: &["kube-linter:mismatching-selector"],
        page: include_str!("../../../fixtures/rules/kubernetes/mismatching-selector.md"),
        check: Check::File { applies, check: consistency::selector },
        ..COMMON
    },
    Rule {
        code: "kubernetes/duplicate-variable",
        title: "Environment variable set twice",
        category: Category::Reliability,
        severity: Severity::Minor,
        equivalents: &["kube-linter:duplicate-env-var"],
        page: include_str!("../../../fixtures/rules/kubernetes/duplicate-variable.md"),
        check: Check::File { applies, check: consistency::variables },
        ..COMMON
    },
];
