//! Which lock a statement takes in PostgreSQL, and what it does to the rows meanwhile. A test
//! runs one statement of each kind on a server and compares (`tests/it/postgres_truth.rs`).

use super::actions::{ActionKind, Constraint, ConstraintKind, Generated};
use super::facts::Kind;

/// Table locks of PostgreSQL, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    AccessExclusive,
}

impl Lock {
    /// As PostgreSQL's documentation writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// Who has to wait for it.
    pub fn blocks(self) -> &'static str {
        match self {
            Self::RowExclusive => "nothing but stronger locks",
            Self::ShareUpdateExclusive => "other schema changes, but neither reads nor writes",
            Self::Share | Self::ShareRowExclusive => "writes, but not reads",
            Self::AccessExclusive => "reads and writes",
        }
    }
}

/// What a statement does to the table that it names, while it holds its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    pub lock: Lock,
    /// Every row is written anew.
    pub rewrites: bool,
    /// Every row is read, or an index is built.
    pub scans: bool,
    /// The lock on the table that a foreign key refers to.
    pub on_target: Option<Lock>,
}

const fn brief(lock: Lock) -> Effect {
    Effect { lock, rewrites: false, scans: false, on_target: None }
}

const fn scan(lock: Lock) -> Effect {
    Effect { lock, rewrites: false, scans: true, on_target: None }
}

const REWRITE: Effect =
    Effect { lock: Lock::AccessExclusive, rewrites: true, scans: true, on_target: None };

/// What a statement does to its table; `None` for statements that are not looked at. Of several
/// actions the strongest lock counts.
pub fn of_statement(kind: &Kind) -> Option<Effect> {
    match kind {
        Kind::AlterTable { actions, .. } => actions
            .iter()
            .filter_map(|action| of_action(&action.kind))
            .reduce(|one, other| Effect {
                lock: one.lock.max(other.lock),
                rewrites: one.rewrites || other.rewrites,
                scans: one.scans || other.scans,
                on_target: one.on_target.max(other.on_target),
            }),
        Kind::CreateIndex(index) if index.concurrently => Some(scan(Lock::ShareUpdateExclusive)),
        Kind::CreateIndex(_) => Some(scan(Lock::Share)),
        Kind::DropTable { .. } => Some(brief(Lock::AccessExclusive)),
        Kind::Truncate { .. } | Kind::Refresh { concurrently: false, .. } => {
            Some(Effect { scans: false, ..REWRITE })
        }
        Kind::DropIndex { concurrently, .. } => Some(brief(if *concurrently {
            Lock::ShareUpdateExclusive
        } else {
            Lock::AccessExclusive
        })),
        Kind::Rewrite { .. } => Some(REWRITE),
        Kind::Reindex { concurrently: false, .. } => Some(scan(Lock::Share)),
        Kind::Reindex { .. } => Some(scan(Lock::ShareUpdateExclusive)),
        Kind::Update { .. } | Kind::Delete { .. } | Kind::Insert { .. } => {
            Some(brief(Lock::RowExclusive))
        }
        _ => None,
    }
}

/// What one action of `ALTER TABLE` does.
pub fn of_action(kind: &ActionKind) -> Option<Effect> {
    let exclusive = brief(Lock::AccessExclusive);
    Some(match kind {
        ActionKind::AddColumn(column) => {
            let numbered = column.is_serial() || column.identity;
            let moving = column.default.as_ref().is_some_and(|value| value.volatile == Some(true));
            let stored = column.generated == Some(Generated::Stored);
            let base = if numbered || moving || stored { REWRITE } else { exclusive };
            let built = column.unique || column.primary_key;
            Effect {
                scans: base.scans || built,
                on_target: column.references.as_ref().map(|_| Lock::ShareRowExclusive),
                ..base
            }
        }
        ActionKind::AddConstraint(constraint) => added(constraint),
        ActionKind::ValidateConstraint { .. } => scan(Lock::ShareUpdateExclusive),
        ActionKind::SetType { .. } | ActionKind::SetExpression => REWRITE,
        ActionKind::SetNotNull { .. } => scan(Lock::AccessExclusive),
        ActionKind::SetLogged(_) | ActionKind::SetTablespace | ActionKind::SetAccessMethod => {
            Effect { scans: false, ..REWRITE }
        }
        ActionKind::Triggers => brief(Lock::ShareRowExclusive),
        ActionKind::AttachPartition { .. } => brief(Lock::ShareUpdateExclusive),
        ActionKind::DetachPartition { concurrently: true, .. } => brief(Lock::ShareUpdateExclusive),
        ActionKind::DropColumn { .. }
        | ActionKind::RenameColumn { .. }
        | ActionKind::RenameTable { .. }
        | ActionKind::SetSchema { .. }
        | ActionKind::DropConstraint { .. }
        | ActionKind::RenameConstraint { .. }
        | ActionKind::DropNotNull { .. }
        | ActionKind::SetDefault { .. }
        | ActionKind::DropDefault { .. }
        | ActionKind::DropExpression { .. }
        | ActionKind::DetachPartition { .. }
        | ActionKind::RowSecurity(_) => exclusive,
        _ => return None,
    })
}

fn added(constraint: &Constraint) -> Effect {
    match constraint.kind {
        ConstraintKind::ForeignKey => Effect {
            lock: Lock::ShareRowExclusive,
            scans: !constraint.not_valid,
            rewrites: false,
            on_target: Some(Lock::ShareRowExclusive),
        },
        _ if constraint.using_index.is_some() || constraint.not_valid => {
            brief(Lock::AccessExclusive)
        }
        _ => scan(Lock::AccessExclusive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stronger_locks_compare_greater() {
        assert!(Lock::AccessExclusive > Lock::ShareRowExclusive);
        assert!(Lock::Share > Lock::ShareUpdateExclusive);
    }
}
