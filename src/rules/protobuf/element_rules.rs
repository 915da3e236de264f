//! Rules about messages, services, packages and files.

use super::say::{Say, report, reviewed, rule};
use crate::domain::diff::LineRange;
use crate::domain::finding::Severity::{Major, Minor};
use crate::rules::{Draft, Rule};

const RESERVED_IDS: &[&str] = &[
    "buf:RESERVED_MESSAGE_NO_DELETE",
    "buf:RESERVED_ENUM_NO_DELETE",
    "buf:EXTENSION_MESSAGE_NO_DELETE",
];
pub const RESERVED: Rule = rule(
    "protobuf/reservation-removed",
    "A reserved number or name, or an extension range, is given up",
    Major,
    RESERVED_IDS,
    include_str!("../../../fixtures/rules/protobuf/reservation-removed.md"),
    |context, findings| {
        let say = Say {
            ids: RESERVED_IDS,
            evidence: "The reservation keeps old data from being read as a new field; without it the number or name can be used again.",
            instead: "Keep the reservation, and take another number for the new field.",
            minor: &["EXTENSION_MESSAGE_NO_DELETE"],
        };
        report(context, findings, &say);
    },
);

const RPC_CHANGED_IDS: &[&str] = &[
    "buf:RPC_SAME_REQUEST_TYPE",
    "buf:RPC_SAME_RESPONSE_TYPE",
    "buf:RPC_SAME_CLIENT_STREAMING",
    "buf:RPC_SAME_SERVER_STREAMING",
    "buf:RPC_SAME_IDEMPOTENCY_LEVEL",
];
pub const RPC_CHANGED: Rule = rule(
    "protobuf/rpc-changed",
    "A call takes or answers with another message, or streams differently",
    Major,
    RPC_CHANGED_IDS,
    include_str!("../../../fixtures/rules/protobuf/rpc-changed.md"),
    |context, findings| {
        let say = Say {
            ids: RPC_CHANGED_IDS,
            evidence: "Clients of the old version call it under the same name, and send or expect what they did before.",
            instead: "Add a call with the new form under another name, and deprecate this one.",
            minor: &["RPC_SAME_IDEMPOTENCY_LEVEL"],
        };
        report(context, findings, &say);
    },
);

const RPC_REMOVED_IDS: &[&str] =
    &["buf:RPC_NO_DELETE", "buf:PACKAGE_SERVICE_NO_DELETE", "buf:SERVICE_NO_DELETE"];
pub const RPC_REMOVED: Rule = rule(
    "protobuf/rpc-removed",
    "A call or a service is removed",
    Major,
    RPC_REMOVED_IDS,
    include_str!("../../../fixtures/rules/protobuf/rpc-removed.md"),
    |context, findings| {
        let say = Say {
            ids: RPC_REMOVED_IDS,
            evidence: "Clients that call it get `UNIMPLEMENTED` from the next release on.",
            instead: "Mark it with `option deprecated = true`, and remove it when nobody calls it any more.",
            minor: &["SERVICE_NO_DELETE"],
        };
        report(context, findings, &say);
    },
);

const PACKAGE_IDS: &[&str] = &["buf:FILE_SAME_PACKAGE", "buf:PACKAGE_NO_DELETE"];
pub const PACKAGE: Rule = rule(
    "protobuf/package-changed",
    "A file changes its package, or a package with services is removed",
    Major,
    PACKAGE_IDS,
    include_str!("../../../fixtures/rules/protobuf/package-changed.md"),
    |context, findings| {
        let say = Say {
            ids: PACKAGE_IDS,
            evidence: "The package is part of the path of every call and of the names in `Any` and in JSON: clients of the old version find nothing there.",
            instead: "Add the new package beside the old one, and remove the old one when its use has ended.",
            minor: &[],
        };
        report(context, findings, &say);
    },
);

const REMOVED_IDS: &[&str] = &[
    "buf:PACKAGE_MESSAGE_NO_DELETE",
    "buf:PACKAGE_ENUM_NO_DELETE",
    "buf:PACKAGE_EXTENSION_NO_DELETE",
    "buf:MESSAGE_NO_DELETE",
    "buf:ENUM_NO_DELETE",
    "buf:EXTENSION_NO_DELETE",
    "buf:FILE_NO_DELETE",
];
pub const REMOVED: Rule = rule(
    "protobuf/type-removed",
    "A message, enum, extension or file is removed where `buf.yaml` forbids it",
    Minor,
    REMOVED_IDS,
    include_str!("../../../fixtures/rules/protobuf/type-removed.md"),
    |context, findings| {
        let say = Say {
            ids: REMOVED_IDS,
            evidence: "The `buf.yaml` of this repository asks to keep it. Code that uses what is generated from it no longer compiles.",
            instead: "Keep it with `option deprecated = true`, or list the exception in `buf.yaml`.",
            minor: &[],
        };
        report(context, findings, &say);
    },
);

const GENERATED_IDS: &[&str] = &[
    "buf:ENUM_SAME_TYPE",
    "buf:FIELD_SAME_CPP_STRING_TYPE",
    "buf:FIELD_SAME_JAVA_UTF8_VALIDATION",
    "buf:FIELD_SAME_JSTYPE",
    "buf:FIELD_SAME_UTF8_VALIDATION",
    "buf:FILE_SAME_CC_ENABLE_ARENAS",
    "buf:FILE_SAME_CC_GENERIC_SERVICES",
    "buf:FILE_SAME_CSHARP_NAMESPACE",
    "buf:FILE_SAME_GO_PACKAGE",
    "buf:FILE_SAME_JAVA_GENERIC_SERVICES",
    "buf:FILE_SAME_JAVA_MULTIPLE_FILES",
    "buf:FILE_SAME_JAVA_OUTER_CLASSNAME",
    "buf:FILE_SAME_JAVA_PACKAGE",
    "buf:FILE_SAME_OBJC_CLASS_PREFIX",
    "buf:FILE_SAME_OPTIMIZE_FOR",
    "buf:FILE_SAME_PHP_CLASS_PREFIX",
    "buf:FILE_SAME_PHP_METADATA_NAMESPACE",
    "buf:FILE_SAME_PHP_NAMESPACE",
    "buf:FILE_SAME_PY_GENERIC_SERVICES",
    "buf:FILE_SAME_RUBY_PACKAGE",
    "buf:FILE_SAME_SWIFT_PREFIX",
    "buf:FILE_SAME_SYNTAX",
    "buf:MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR",
];
pub const GENERATED: Rule = rule(
    "protobuf/generated-code-changed",
    "An option changes the generated code where `buf.yaml` asks to keep it",
    Minor,
    GENERATED_IDS,
    include_str!("../../../fixtures/rules/protobuf/generated-code-changed.md"),
    |context, findings| {
        let say = Say {
            ids: GENERATED_IDS,
            evidence: "The `buf.yaml` of this repository asks for stable generated code. Code that uses it has to change with the next release.",
            instead: "Keep the option as it was, or list the exception in `buf.yaml`.",
            minor: &[],
        };
        report(context, findings, &say);
    },
);

const JSON_IDS: &[&str] = &["buf:ENUM_SAME_JSON_FORMAT", "buf:MESSAGE_SAME_JSON_FORMAT"];
pub const JSON: Rule = rule(
    "protobuf/json-format-changed",
    "A message or enum no longer promises to work as JSON",
    Minor,
    JSON_IDS,
    include_str!("../../../fixtures/rules/protobuf/json-format-changed.md"),
    |context, findings| {
        let say = Say {
            ids: JSON_IDS,
            evidence: "With `json_format = LEGACY_BEST_EFFORT`, as proto2 has it, names may clash in JSON and nothing checks that they do not.",
            instead: "Keep `json_format = ALLOW`, which is what proto3 and editions start with.",
            minor: &[],
        };
        report(context, findings, &say);
    },
);

pub const INVALID: Rule = rule(
    "protobuf/invalid-file",
    "A protobuf file can no longer be read",
    Major,
    &[],
    include_str!("../../../fixtures/rules/protobuf/invalid-file.md"),
    |context, findings| {
        let Some(review) = reviewed(context) else { return };
        for (number, error) in &review.unreadable {
            let Some(file) = context.change.files.get(*number) else { continue };
            let draft = Draft {
                title: "This protobuf file can no longer be read".to_owned(),
                evidence: format!(
                    "The reader stops at line {}: {}. Nothing can be generated from it, and what the change means for the other side \
                     was not checked in this file.",
                    error.line, error.message
                ),
                recommendation: "Correct the syntax; the file could be read before this change."
                    .to_owned(),
                ..Draft::default()
            };
            let last = file.head_text().map_or(1, |text| text.line_count().max(1));
            findings.at_head(file, LineRange::line(error.line.min(last)), draft);
        }
    },
);
