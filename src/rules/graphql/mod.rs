//! Rules of the `graphql` family: changes of a schema that break its clients, or surprise them.

mod compare;
mod lexer;
mod review;
mod schema;
mod syntax;
#[cfg(test)]
mod tests;
mod usages;
mod values;

pub use self::review::differences;

use self::compare::{Difference, Level};
use self::review::{Review, applies, review};
use super::{Check, Draft, Findings, Rule, RuleContext, contracts};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity::{Critical, Info, Major, Minor};
use crate::domain::finding::{Category, Severity};

const fn rule(
    code: &'static str,
    title: &'static str,
    severity: Severity,
    equivalents: &'static [&'static str],
    page: &'static str,
    check: fn(&RuleContext<'_>, &mut Findings<'_>),
) -> Rule {
    let check = Check::Change { applies, needs: |_| Vec::new(), check };
    contracts::rule(code, title, severity, equivalents, page, check)
}

fn reviewed(context: &RuleContext<'_>) -> Option<std::sync::Arc<Review>> {
    context.shared(|| review(context.change))
}

/// What a rule says about its differences.
struct Say {
    ids: &'static [&'static str],
    evidence: &'static str,
    instead: &'static str,
    severity: fn(&Difference) -> Option<Severity>,
}

/// The rule's own severity, or minor for what was announced as deprecated.
fn announced(difference: &Difference) -> Option<Severity> {
    difference.deprecated.then_some(Minor)
}

const fn own(_: &Difference) -> Option<Severity> {
    None
}

fn report(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    say: &Say,
    wanted: impl Fn(&Difference) -> bool,
) {
    let Some(review) = reviewed(context) else { return };
    let of_rule = |difference: &&Difference| {
        say.ids.iter().any(|id| id.split_once(':').is_some_and(|(_, id)| id == difference.id))
            && wanted(difference)
    };
    for difference in review.differences.iter().filter(of_rule) {
        let announced = if difference.deprecated { " It was marked as deprecated." } else { "" };
        let draft = Draft {
            title: difference.title.clone(),
            evidence: format!("{}{announced}", say.evidence),
            recommendation: say.instead.to_owned(),
            symbol: Some(difference.path.clone()).filter(|path| !path.is_empty()),
            severity: (say.severity)(difference),
            ..Draft::default()
        };
        let place = match (difference.head, difference.base) {
            (Some(at), _) => Some((at, Side::Head)),
            (None, Some(at)) => Some((at, Side::Base)),
            (None, None) => None,
        };
        let place = place
            .and_then(|(at, side)| Some((context.change.files.get(at.document)?, side, at.line)));
        if let Some((file, side, line)) = place {
            findings.at(file, side, LineRange::line(line), draft);
        }
    }
}

fn breaking(difference: &Difference) -> bool {
    difference.level == Level::Breaking
}

const FIELD_REMOVED_IDS: &[&str] = &["graphql-inspector:FIELD_REMOVED"];
const FIELD_REMOVED: Rule = rule(
    "graphql/field-removed",
    "A field is removed from a type of the schema",
    Major,
    FIELD_REMOVED_IDS,
    include_str!("../../../fixtures/rules/graphql/field-removed.md"),
    |context, findings| {
        let say = Say {
            ids: FIELD_REMOVED_IDS,
            evidence: "Operations that ask for it are refused as a whole, also the parts of them that still exist.",
            instead: "Keep the field with `@deprecated(reason: …)`, and remove it when its use has ended.",
            severity: announced,
        };
        report(context, findings, &say, breaking);
    },
);

const TYPE_REMOVED_IDS: &[&str] =
    &["graphql-inspector:TYPE_REMOVED", "graphql-inspector:TYPE_KIND_CHANGED"];
const TYPE_REMOVED: Rule = rule(
    "graphql/type-removed",
    "A type is removed from the schema, or becomes another kind of type",
    Major,
    TYPE_REMOVED_IDS,
    include_str!("../../../fixtures/rules/graphql/type-removed.md"),
    |context, findings| {
        let say = Say {
            ids: TYPE_REMOVED_IDS,
            evidence: "Operations with fragments or variables of this type are refused, and code generated from it no longer fits.",
            instead: "Add the new type beside the old one, deprecate the fields that lead to the old one, and remove it when its use has ended.",
            severity: announced,
        };
        report(context, findings, &say, breaking);
    },
);

const FIELD_TYPE_IDS: &[&str] = &["graphql-inspector:FIELD_TYPE_CHANGED"];
const FIELD_TYPE: Rule = rule(
    "graphql/field-type-changed",
    "A field changes its type in a way that clients cannot read",
    Major,
    FIELD_TYPE_IDS,
    include_str!("../../../fixtures/rules/graphql/field-type-changed.md"),
    |context, findings| {
        let say = Say {
            ids: FIELD_TYPE_IDS,
            evidence: "Clients read the field as the old type: they meet values of another shape, or `null` where they were promised a value.",
            instead: "Add a field with the new type under another name, and deprecate this one.",
            severity: own,
        };
        report(context, findings, &say, breaking);
    },
);

const ENUM_VALUE_IDS: &[&str] = &["graphql-inspector:ENUM_VALUE_REMOVED"];
const ENUM_VALUE: Rule = rule(
    "graphql/enum-value-removed",
    "A value is removed from an enum",
    Major,
    ENUM_VALUE_IDS,
    include_str!("../../../fixtures/rules/graphql/enum-value-removed.md"),
    |context, findings| {
        let say = Say {
            ids: ENUM_VALUE_IDS,
            evidence: "Operations and variables that use the value are refused.",
            instead: "Keep the value with `@deprecated(reason: …)`, and remove it when its use has ended.",
            severity: announced,
        };
        report(context, findings, &say, breaking);
    },
);

const POSSIBLE_TYPE_IDS: &[&str] =
    &["graphql-inspector:UNION_MEMBER_REMOVED", "graphql-inspector:OBJECT_TYPE_INTERFACE_REMOVED"];
const POSSIBLE_TYPE: Rule = rule(
    "graphql/possible-type-removed",
    "A union loses a member, or a type an interface",
    Major,
    POSSIBLE_TYPE_IDS,
    include_str!("../../../fixtures/rules/graphql/possible-type-removed.md"),
    |context, findings| {
        let say = Say {
            ids: POSSIBLE_TYPE_IDS,
            evidence: "Operations that select this type through the union or interface (`... on Type`) are refused.",
            instead: "Keep the relation until no operation uses it; returning the type no longer is enough to retire it.",
            severity: own,
        };
        report(context, findings, &say, breaking);
    },
);

const ARGUMENT_IDS: &[&str] =
    &["graphql-inspector:FIELD_ARGUMENT_REMOVED", "graphql-inspector:INPUT_FIELD_REMOVED"];
const ARGUMENT: Rule = rule(
    "graphql/input-removed",
    "An argument, or a field of an input object, is removed",
    Major,
    ARGUMENT_IDS,
    include_str!("../../../fixtures/rules/graphql/input-removed.md"),
    |context, findings| {
        let say = Say {
            ids: ARGUMENT_IDS,
            evidence: "Operations that send it are refused, even where the server would ignore the value.",
            instead: "Keep accepting it, mark it `@deprecated`, and remove it when nobody sends it any more.",
            severity: announced,
        };
        report(context, findings, &say, breaking);
    },
);

const REQUIRED_IDS: &[&str] =
    &["graphql-inspector:FIELD_ARGUMENT_ADDED", "graphql-inspector:INPUT_FIELD_ADDED"];
const REQUIRED: Rule = rule(
    "graphql/required-input-added",
    "A required argument or input field is added",
    Major,
    REQUIRED_IDS,
    include_str!("../../../fixtures/rules/graphql/required-input-added.md"),
    |context, findings| {
        let say = Say {
            ids: REQUIRED_IDS,
            evidence: "No client sends it yet: every operation that uses the field or input object is refused.",
            instead: "Make it nullable, or give it a default that means what the server did before.",
            severity: own,
        };
        report(context, findings, &say, breaking);
    },
);

const INPUT_TYPE_IDS: &[&str] = &[
    "graphql-inspector:FIELD_ARGUMENT_TYPE_CHANGED",
    "graphql-inspector:INPUT_FIELD_TYPE_CHANGED",
    "graphql-inspector:DIRECTIVE_USAGE_INPUT_OBJECT_ADDED",
];
const INPUT_TYPE: Rule = rule(
    "graphql/input-type-changed",
    "An argument or input field no longer accepts what clients send",
    Major,
    INPUT_TYPE_IDS,
    include_str!("../../../fixtures/rules/graphql/input-type-changed.md"),
    |context, findings| {
        let say = Say {
            ids: INPUT_TYPE_IDS,
            evidence: "Operations that send what was valid until now are refused.",
            instead: "Add an argument or field with the new type beside this one, and deprecate this one.",
            severity: own,
        };
        report(context, findings, &say, breaking);
    },
);

const ROOT_IDS: &[&str] = &[
    "graphql-inspector:SCHEMA_QUERY_TYPE_CHANGED",
    "graphql-inspector:SCHEMA_MUTATION_TYPE_CHANGED",
    "graphql-inspector:SCHEMA_SUBSCRIPTION_TYPE_CHANGED",
];
const ROOT: Rule = rule(
    "graphql/root-type-changed",
    "The query, mutation or subscription type changes or goes away",
    Critical,
    ROOT_IDS,
    include_str!("../../../fixtures/rules/graphql/root-type-changed.md"),
    |context, findings| {
        let say = Say {
            ids: ROOT_IDS,
            evidence: "Every operation of this kind starts there; clients that name the type in fragments or caches fail.",
            instead: "Keep the root type and its name, and change its fields step by step.",
            severity: own,
        };
        report(context, findings, &say, breaking);
    },
);

const DIRECTIVE_IDS: &[&str] = &[
    "graphql-inspector:DIRECTIVE_REMOVED",
    "graphql-inspector:DIRECTIVE_LOCATION_REMOVED",
    "graphql-inspector:DIRECTIVE_REPEATABLE_REMOVED",
    "graphql-inspector:DIRECTIVE_ARGUMENT_ADDED",
    "graphql-inspector:DIRECTIVE_ARGUMENT_REMOVED",
    "graphql-inspector:DIRECTIVE_ARGUMENT_TYPE_CHANGED",
];
const DIRECTIVE: Rule = rule(
    "graphql/directive-narrowed",
    "A directive that operations may use is removed or accepts less",
    Major,
    DIRECTIVE_IDS,
    include_str!("../../../fixtures/rules/graphql/directive-narrowed.md"),
    |context, findings| {
        let say = Say {
            ids: DIRECTIVE_IDS,
            evidence: "Clients may write this directive in their operations; those that do are refused.",
            instead: "Keep the directive, its places and its arguments until no operation uses them.",
            severity: own,
        };
        report(context, findings, &say, |difference| difference.notable);
    },
);

const DEFAULT_IDS: &[&str] = &[
    "graphql-inspector:FIELD_ARGUMENT_DEFAULT_CHANGED",
    "graphql-inspector:INPUT_FIELD_DEFAULT_VALUE_CHANGED",
];
const DEFAULT: Rule = rule(
    "graphql/default-value-changed",
    "The default of an argument or input field changes",
    Minor,
    DEFAULT_IDS,
    include_str!("../../../fixtures/rules/graphql/default-value-changed.md"),
    |context, findings| {
        let say = Say {
            ids: DEFAULT_IDS,
            evidence: "Clients that leave it out, as they may, get another result than before from the same operation.",
            instead: "Keep the default, and let clients that want the new behaviour ask for it.",
            severity: own,
        };
        report(context, findings, &say, |_| true);
    },
);

const ADDED_IDS: &[&str] =
    &["graphql-inspector:ENUM_VALUE_ADDED", "graphql-inspector:UNION_MEMBER_ADDED"];
const ADDED: Rule = rule(
    "graphql/possible-value-added",
    "An enum or union that clients receive gains a value or member",
    Info,
    ADDED_IDS,
    include_str!("../../../fixtures/rules/graphql/possible-value-added.md"),
    |context, findings| {
        let say = Say {
            ids: ADDED_IDS,
            evidence: "Clients that were built before meet a value that they do not know; those that list every case fail on it.",
            instead: "Make sure that the clients in use have a branch for unknown values before the server returns it.",
            severity: own,
        };
        report(context, findings, &say, |difference| {
            difference.notable || difference.id == "UNION_MEMBER_ADDED"
        });
    },
);

const ACCESS_IDS: &[&str] = &[
    "graphql-inspector:DIRECTIVE_USAGE_OBJECT_REMOVED",
    "graphql-inspector:DIRECTIVE_USAGE_INTERFACE_REMOVED",
    "graphql-inspector:DIRECTIVE_USAGE_FIELD_DEFINITION_REMOVED",
    "graphql-inspector:DIRECTIVE_USAGE_ARGUMENT_DEFINITION_REMOVED",
    "graphql-inspector:DIRECTIVE_USAGE_INPUT_OBJECT_REMOVED",
    "graphql-inspector:DIRECTIVE_USAGE_INPUT_FIELD_DEFINITION_REMOVED",
    "graphql-inspector:DIRECTIVE_USAGE_SCHEMA_REMOVED",
    "graphql-inspector:DIRECTIVE_USAGE_ARGUMENT_REMOVED",
];
const ACCESS: Rule = Rule {
    category: Category::Security,
    confidence: crate::domain::finding::Confidence::Medium,
    ..rule(
        "graphql/access-directive-removed",
        "A directive that guards access is taken off a part of the schema, or changes",
        Major,
        ACCESS_IDS,
        include_str!("../../../fixtures/rules/graphql/access-directive-removed.md"),
        |context, findings| {
            let say = Say {
                ids: ACCESS_IDS,
                evidence: "By its name the directive decides who may use this; without it, or with another argument, others may.",
                instead: "Keep the directive, or say in the pull request where access is checked now.",
                severity: own,
            };
            report(context, findings, &say, |difference| difference.notable);
        },
    )
};

const INVALID: Rule = rule(
    "graphql/invalid-schema",
    "A schema document can no longer be read",
    Major,
    &[],
    include_str!("../../../fixtures/rules/graphql/invalid-schema.md"),
    |context, findings| {
        let Some(review) = reviewed(context) else { return };
        for (number, error) in &review.unreadable {
            let Some(file) = context.change.files.get(*number) else { continue };
            let draft = Draft {
                title: "This schema document can no longer be read".to_owned(),
                evidence: format!(
                    "The reader stops at line {}: {}. The server cannot start with it, and what the change means for clients was \
                     not checked in this file.",
                    error.line, error.message
                ),
                recommendation:
                    "Correct the syntax; the document could be read before this change.".to_owned(),
                ..Draft::default()
            };
            let last = file.head_text().map_or(1, |text| text.line_count().max(1));
            findings.at_head(file, LineRange::line(error.line.min(last)), draft);
        }
    },
);

pub(super) const RULES: &[Rule] = &[
    FIELD_REMOVED,
    TYPE_REMOVED,
    FIELD_TYPE,
    ENUM_VALUE,
    POSSIBLE_TYPE,
    ARGUMENT,
    REQUIRED,
    INPUT_TYPE,
    ROOT,
    DIRECTIVE,
    DEFAULT,
    ADDED,
    ACCESS,
    INVALID,
];
