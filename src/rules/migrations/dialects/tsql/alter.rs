//! `ALTER TABLE` of Transact-SQL, which has one action on one or several things.

use super::column::{self, Stated, is_online, table_at};
use crate::rules::migrations::actions::{Action, ActionKind};
use crate::rules::migrations::dialects::table::folded;
use crate::rules::migrations::dialects::tokens::{Piece, Source};
use crate::rules::migrations::facts::Kind;

/// `ALTER TABLE name …`.
pub fn alter_table(source: &Source<'_>, piece: &Piece) -> Kind {
    let table = table_at(source, piece, 2);
    let rest = piece.from(2 + source.name_length(piece, 2));
    // `WITH CHECK` and `WITH NOCHECK` say whether the rows that are there are looked at.
    let stated = source.begins(&rest, &["with", "check|nocheck"]);
    let unchecked = stated && source.word(&rest, 1) == "nocheck";
    let action = if stated { rest.from(2) } else { rest };
    let word = |at| source.word(&action, at);
    let actions = match (word(0).as_str(), word(1).as_str()) {
        ("add", _) => added(source, &action.from(1), unchecked),
        ("alter", "column") => altered(source, &action),
        ("drop", _) => dropped(source, &action.from(1)),
        (how @ ("check" | "nocheck"), "constraint") => {
            let checked = stated && !unchecked;
            switched(source, &action.from(2), how == "check", checked)
        }
        ("rebuild", _) => {
            let kind = ActionKind::Rebuild { what: "REBUILD" };
            one(source, &action, kind, is_online(source, &action))
        }
        ("enable" | "disable", "trigger") => one(source, &action, ActionKind::Triggers, false),
        ("enable" | "disable" | "set", _) => one(source, &action, ActionKind::Setting, false),
        _ => one(source, &action, ActionKind::Other, false),
    };
    Kind::AlterTable { table, actions }
}

fn one(source: &Source<'_>, piece: &Piece, kind: ActionKind, online: bool) -> Vec<Action> {
    vec![Action { bytes: source.bytes(piece), kind, guarded: false, online }]
}

/// What stands behind `ADD`.
fn added(source: &Source<'_>, list: &Piece, unchecked: bool) -> Vec<Action> {
    let action = |part: Piece| {
        let kind = match column::stated(source, &part) {
            Stated::Column(it) => ActionKind::AddColumn(it),
            Stated::Constraint(mut it) => {
                it.not_valid = unchecked;
                ActionKind::AddConstraint(it)
            }
            Stated::Default { column, default: Some(default) } => {
                ActionKind::SetDefault { column, default }
            }
            Stated::Default { column, default: None } => ActionKind::DropDefault { column },
            Stated::Index(it) => ActionKind::AddIndex(it),
            Stated::Other => ActionKind::Other,
        };
        one(source, &part, kind, is_online(source, &part))
    };
    source.parts(list).into_iter().flat_map(action).collect()
}

/// `ALTER COLUMN name type …`: what it does not repeat of the definition, it leaves or takes away.
fn altered(source: &Source<'_>, piece: &Piece) -> Vec<Action> {
    let column = folded(&source.name(piece, 2));
    let online = is_online(source, piece);
    if ["add", "drop"].contains(&source.keyword(piece.0.start + 3).as_str()) {
        return one(source, piece, ActionKind::Setting, false);
    }
    let Some((type_text, length)) = column::type_at(source, piece, 3) else {
        return one(source, piece, ActionKind::Other, false);
    };
    let rest = piece.from(3 + length);
    let says = |wanted: &[&str]| (0..rest.0.len()).any(|at| source.begins(&rest.from(at), wanted));
    let nullability = if says(&["not", "null"]) {
        Some(ActionKind::SetNotNull { column: column.clone() })
    } else {
        says(&["null"]).then(|| ActionKind::DropNotNull { column: column.clone() })
    };
    let type_change = ActionKind::SetType { column, type_text, using: None, restated: false };
    let kinds = [Some(type_change), nullability].into_iter().flatten();
    kinds.flat_map(|kind| one(source, piece, kind, online)).collect()
}

/// `DROP COLUMN a, b, CONSTRAINT c`; a name without a word before it is a constraint's.
fn dropped(source: &Source<'_>, list: &Piece) -> Vec<Action> {
    let mut columns = false;
    let mut actions = Vec::new();
    for part in source.parts(list) {
        let mut at = 0;
        if let what @ ("column" | "constraint" | "period") = source.keyword(part.0.start).as_str() {
            columns = what == "column";
            at = 1;
        }
        let guarded = source.begins(&part.from(at), &["if", "exists"]);
        let name = folded(&source.name(&part, if guarded { at + 2 } else { at }));
        let kind = if columns {
            ActionKind::DropColumn { column: name, cascade: false }
        } else {
            ActionKind::DropConstraint { name, cascade: false }
        };
        let online = is_online(source, &part);
        actions.push(Action { bytes: source.bytes(&part), kind, guarded, online });
    }
    actions
}

fn switched(source: &Source<'_>, list: &Piece, on: bool, checked: bool) -> Vec<Action> {
    let all = source.keyword(list.0.start) == "all";
    let switch = |part: Piece| {
        let name = if all { String::new() } else { folded(&source.name(&part, 0)) };
        one(source, &part, ActionKind::SwitchConstraint { name, on, checked }, false)
    };
    source.parts(list).into_iter().flat_map(switch).collect()
}
