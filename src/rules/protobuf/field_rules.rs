//! Rules about fields and enum values.

use super::say::{Say, report, report_some, rule};
use crate::domain::finding::Severity::Major;
use crate::rules::Rule;

const FIELD_REMOVED_IDS: &[&str] = &[
    "buf:FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
    "buf:FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
    "buf:FIELD_NO_DELETE",
];
pub const FIELD_REMOVED: Rule = rule(
    "protobuf/field-removed",
    "A field is removed without reserving it, or changes its number",
    Major,
    FIELD_REMOVED_IDS,
    include_str!("../../../fixtures/rules/protobuf/field-removed.md"),
    |context, findings| {
        let say = Say {
            ids: FIELD_REMOVED_IDS,
            evidence: "Readers of the old version no longer get the value. A number or name that is not reserved can be given to another field later, \
                       and then old data is read as something it is not.",
            instead: "Keep the field with `[deprecated = true]`, or remove it and add its number and name to `reserved`.",
            minor: &["FIELD_NO_DELETE", "FIELD_NO_DELETE_UNLESS_NAME_RESERVED"],
        };
        report(context, findings, &say);
    },
);

const FIELD_TYPE_IDS: &[&str] = &[
    "buf:FIELD_WIRE_COMPATIBLE_TYPE",
    "buf:FIELD_WIRE_JSON_COMPATIBLE_TYPE",
    "buf:FIELD_SAME_TYPE",
];
pub const FIELD_TYPE: Rule = rule(
    "protobuf/field-type-changed",
    "A field keeps its number and changes its type",
    Major,
    FIELD_TYPE_IDS,
    include_str!("../../../fixtures/rules/protobuf/field-type-changed.md"),
    |context, findings| {
        let say = Say {
            ids: FIELD_TYPE_IDS,
            evidence: "The other side still uses the old type for this number: it reads wrong values, or refuses the message.",
            instead: "Add a field with the new type under a new number, and deprecate this one.",
            minor: &["FIELD_SAME_TYPE"],
        };
        report(context, findings, &say);
    },
);

const CARDINALITY_IDS: &[&str] = &[
    "buf:FIELD_WIRE_COMPATIBLE_CARDINALITY",
    "buf:FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
    "buf:FIELD_SAME_CARDINALITY",
];
pub const CARDINALITY: Rule = rule(
    "protobuf/field-cardinality-changed",
    "A field changes between one value, many values and a map",
    Major,
    CARDINALITY_IDS,
    include_str!("../../../fixtures/rules/protobuf/field-cardinality-changed.md"),
    |context, findings| {
        let say = Say {
            ids: CARDINALITY_IDS,
            evidence: "The other side still reads it as before: values get lost, and JSON has another shape.",
            instead: "Add a field with the new cardinality under a new number, and deprecate this one.",
            minor: &["FIELD_SAME_CARDINALITY"],
        };
        report_some(context, findings, &say, |review, difference| {
            !review.required.contains(&difference.symbol)
        });
    },
);

const NAME_IDS: &[&str] =
    &["buf:FIELD_SAME_NAME", "buf:FIELD_SAME_JSON_NAME", "buf:ENUM_VALUE_SAME_NAME"];
pub const NAME: Rule = rule(
    "protobuf/name-changed",
    "A field or enum value keeps its number and changes its name",
    Major,
    NAME_IDS,
    include_str!("../../../fixtures/rules/protobuf/name-changed.md"),
    |context, findings| {
        let say = Say {
            ids: NAME_IDS,
            evidence: "JSON and text forms carry names, not numbers: the other side does not find the value under the new one. Code that uses the generated \
                       name no longer compiles.",
            instead: "Keep the name, or add a field or value with the new one and deprecate this one. `json_name` keeps the JSON form of a renamed field.",
            minor: &[],
        };
        report_some(context, findings, &say, |review, difference| {
            difference.id != "FIELD_SAME_JSON_NAME" || !review.renamed.contains(&difference.symbol)
        });
    },
);

const ENUM_VALUE_IDS: &[&str] = &[
    "buf:ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
    "buf:ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
    "buf:ENUM_VALUE_NO_DELETE",
];
pub const ENUM_VALUE: Rule = rule(
    "protobuf/enum-value-removed",
    "An enum value is removed without reserving it",
    Major,
    ENUM_VALUE_IDS,
    include_str!("../../../fixtures/rules/protobuf/enum-value-removed.md"),
    |context, findings| {
        let say = Say {
            ids: ENUM_VALUE_IDS,
            evidence: "Stored and sent messages still hold the number: it becomes an unknown value, or another one when the number is used again.",
            instead: "Keep the value with `[deprecated = true]`, or remove it and add its number and name to `reserved`.",
            minor: &["ENUM_VALUE_NO_DELETE", "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED"],
        };
        report(context, findings, &say);
    },
);

const DEFAULT_IDS: &[&str] = &["buf:FIELD_SAME_DEFAULT"];
pub const DEFAULT: Rule = rule(
    "protobuf/default-changed",
    "The default value of a field changes",
    Major,
    DEFAULT_IDS,
    include_str!("../../../fixtures/rules/protobuf/default-changed.md"),
    |context, findings| {
        let say = Say {
            ids: DEFAULT_IDS,
            evidence: "Defaults are not sent: both sides fill in their own, and understand the same message differently.",
            instead: "Keep the default; set the new value explicitly where messages are made.",
            minor: &[],
        };
        report(context, findings, &say);
    },
);

const ONEOF_IDS: &[&str] = &["buf:FIELD_SAME_ONEOF", "buf:ONEOF_NO_DELETE"];
pub const ONEOF: Rule = rule(
    "protobuf/oneof-changed",
    "A field moves into or out of a oneof, or a oneof is removed",
    Major,
    ONEOF_IDS,
    include_str!("../../../fixtures/rules/protobuf/oneof-changed.md"),
    |context, findings| {
        let say = Say {
            ids: ONEOF_IDS,
            evidence: "A side with the oneof keeps only the last of its fields: values that the other side sets together get lost.",
            instead: "Leave existing fields where they are, and add new fields to a new oneof.",
            minor: &["ONEOF_NO_DELETE"],
        };
        report(context, findings, &say);
    },
);

const REQUIRED_IDS: &[&str] = &["buf:MESSAGE_SAME_REQUIRED_FIELDS"];
pub const REQUIRED: Rule = rule(
    "protobuf/required-field-changed",
    "A required field is added, removed or made optional",
    Major,
    REQUIRED_IDS,
    include_str!("../../../fixtures/rules/protobuf/required-field-changed.md"),
    |context, findings| {
        let say = Say {
            ids: REQUIRED_IDS,
            evidence: "A side that requires the field refuses every message without it, and the other side does not send it.",
            instead: "Add fields as optional and check them in code; stop requiring a field only when every reader is updated.",
            minor: &[],
        };
        report_some(context, findings, &say, |review, difference| {
            !review.removed.contains(&difference.symbol)
        });
    },
);
