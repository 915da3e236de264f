//! Rules of the `avro` family: changes of Avro schemas after which data that was written, or
//! readers that are in use, no longer fit.

mod resolve;
mod schema;
#[cfg(test)]
mod tests;

use self::resolve::{Kind, Problem, problems};
use self::schema::Document;
use super::parse::json;
use super::parse::tree::Node;
use super::{Check, Draft, Findings, Rule, RuleContext, contracts};
use crate::domain::change::FileChange;
use crate::domain::diff::Side;
use crate::domain::finding::Severity;
use crate::domain::finding::Severity::{Major, Minor};

const fn rule(
    code: &'static str,
    title: &'static str,
    severity: Severity,
    page: &'static str,
    check: fn(&RuleContext<'_>, &FileChange, &mut Findings<'_>),
) -> Rule {
    let check = Check::File { applies, check };
    contracts::rule(code, title, severity, &[], page, check)
}

fn applies(file: &FileChange) -> bool {
    file.path.extension().as_deref() == Some("avsc")
        && file.base.is_some()
        && contracts::is_public(&file.path)
}

/// Parsed sides, kept so that each is read once.
struct Parsed(Option<Node>);

/// Calls `say` with what the old and the new schema have against each other: whether it is the
/// new schema that reads old data, and the problem.
fn each(context: &RuleContext<'_>, file: &FileChange, mut say: impl FnMut(bool, &Problem<'_>)) {
    let read = |side| context.parsed(file, side, |text| Parsed(json::parse(text).ok()));
    let (Some(base), Some(head)) = (read(Side::Base), read(Side::Head)) else { return };
    let (Some(base), Some(head)) = (&base.0, &head.0) else { return };
    let (old, new) = (Document::new(base), Document::new(head));
    if !old.is_schema() || !new.is_schema() {
        return;
    }
    problems(&old, &new).iter().for_each(|problem| say(true, problem));
    problems(&new, &old).iter().for_each(|problem| say(false, problem));
}

fn draft(path: &str, title: String, evidence: &str, instead: &str) -> Draft {
    Draft {
        title,
        evidence: evidence.to_owned(),
        recommendation: instead.to_owned(),
        symbol: Some(path.to_owned()),
        ..Draft::default()
    }
}

const FIELD_ADDED: Rule = rule(
    "avro/field-without-default",
    "A field is added to a record without a default",
    Major,
    include_str!("../../../fixtures/rules/avro/field-without-default.md"),
    |context, file, findings| {
        each(context, file, |backward, problem| {
            if backward && problem.kind == Kind::FieldMissing {
                let draft = draft(
                    &problem.path,
                    format!("`{}` is added without a default", problem.path),
                    "Data that was written before does not hold the field, and a reader with the new schema has nothing to put there: it fails.",
                    "Give it a default, for example `null` in a union whose first type is `null`.",
                );
                findings.at_head(file, problem.reader.lines, draft);
            }
        });
    },
);

const FIELD_REMOVED: Rule = rule(
    "avro/required-field-removed",
    "A field without a default is removed from a record",
    Minor,
    include_str!("../../../fixtures/rules/avro/required-field-removed.md"),
    |context, file, findings| {
        each(context, file, |backward, problem| {
            if !backward && problem.kind == Kind::FieldMissing {
                let draft = draft(
                    &problem.path,
                    format!("`{}` is removed and had no default", problem.path),
                    "Readers that still have the old schema need the field and fail on data that is written without it.",
                    "Give the field a default first, update the readers, and remove it after that.",
                );
                findings.at(file, Side::Base, problem.reader.lines, draft);
            }
        });
    },
);

const TYPE_CHANGED: Rule = rule(
    "avro/type-changed",
    "A schema changes to a type that cannot read what was written",
    Major,
    include_str!("../../../fixtures/rules/avro/type-changed.md"),
    |context, file, findings| {
        each(context, file, |backward, problem| {
            if backward && problem.kind == Kind::TypeChanged {
                let shown = if problem.path.is_empty() { "The schema" } else { &problem.path };
                let draft = draft(
                    &problem.path,
                    format!("`{shown}` changes its type: {}", problem.name),
                    "By Avro's rules of resolution a reader with this type refuses data that was written with the old one.",
                    "Add a field with the new type and a default, or keep the old type in a union with the new one.",
                );
                findings.at_head(file, problem.reader.lines, draft);
            }
        });
    },
);

const SYMBOL_REMOVED: Rule = rule(
    "avro/enum-symbol-removed",
    "A symbol is removed from an enum that has no default",
    Major,
    include_str!("../../../fixtures/rules/avro/enum-symbol-removed.md"),
    |context, file, findings| {
        each(context, file, |backward, problem| {
            if backward && problem.kind == Kind::SymbolMissing {
                let draft = draft(
                    &format!("{}.{}", problem.path, problem.name),
                    format!("Symbol `{}` of `{}` is removed", problem.name, problem.path),
                    "Data that was written with this symbol can no longer be read.",
                    "Keep the symbol, or give the enum a `default` symbol that stands for those that are gone.",
                );
                findings.at(file, Side::Base, problem.writer.lines, draft);
            }
        });
    },
);

pub(super) const RULES: &[Rule] = &[FIELD_ADDED, FIELD_REMOVED, TYPE_CHANGED, SYMBOL_REMOVED];
