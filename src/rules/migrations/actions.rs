//! What `ALTER TABLE` and column definitions do, in plain data: the same whether they were read
//! from SQL of one dialect or another, or from operations in code.

use std::ops::Range;

use super::facts::CreateIndex;

/// One action of an `ALTER TABLE`.
#[derive(Debug, Clone, Default)]
pub struct Action {
    /// Place in the file that it was read from.
    pub bytes: Range<usize>,
    pub kind: ActionKind,
    /// Says `IF EXISTS` or `IF NOT EXISTS` for what it acts on.
    pub guarded: bool,
    /// SQL Server's `ONLINE = ON`: others may read and write meanwhile.
    pub online: bool,
}

#[derive(Debug, Clone, Default)]
pub enum ActionKind {
    AddColumn(Column),
    DropColumn {
        column: String,
        cascade: bool,
    },
    RenameColumn {
        from: String,
        to: String,
    },
    /// MySQL's `MODIFY` and `CHANGE`: the whole definition is given anew. `from` is the old name.
    RedefineColumn {
        from: String,
        column: Column,
    },
    RenameTable {
        to: String,
    },
    /// Moves the table to another schema.
    SetSchema {
        schema: String,
    },
    AddConstraint(Constraint),
    ValidateConstraint {
        name: String,
    },
    DropConstraint {
        name: String,
        cascade: bool,
    },
    /// SQL Server's `CHECK CONSTRAINT` and `NOCHECK CONSTRAINT`: it is kept again or no longer.
    SwitchConstraint {
        /// Empty: all of the table.
        name: String,
        on: bool,
        /// The rows that are there are checked.
        checked: bool,
    },
    RenameConstraint {
        from: String,
        to: String,
    },
    /// MySQL's `DROP PRIMARY KEY`.
    DropPrimaryKey,
    /// `ADD INDEX` and its relatives, where an index belongs to `ALTER TABLE`.
    AddIndex(CreateIndex),
    DropIndex {
        name: String,
    },
    RenameIndex {
        from: String,
        to: String,
    },
    SetType {
        column: String,
        type_text: String,
        using: Option<String>,
        /// The type has to be named whether it changes or not.
        restated: bool,
    },
    SetNotNull {
        column: String,
    },
    DropNotNull {
        column: String,
    },
    SetDefault {
        column: String,
        default: DefaultValue,
    },
    DropDefault {
        column: String,
    },
    /// A generated column gets another expression.
    SetExpression,
    /// A generated column becomes an ordinary one.
    DropExpression {
        column: String,
    },
    AttachPartition {
        partition: String,
        default: bool,
    },
    DetachPartition {
        partition: String,
        concurrently: bool,
    },
    Inherit,
    NoInherit,
    SetLogged(bool),
    SetTablespace,
    SetAccessMethod,
    RowSecurity(RowSecurity),
    /// Triggers or rewrite rules are switched on or off.
    Triggers,
    /// Owner, comment, storage parameters, statistics: what no row and no query depends on.
    Setting,
    /// MySQL's `ALGORITHM = …`, in lower case.
    Algorithm(String),
    /// MySQL's `LOCK = …`, in lower case.
    LockClause(String),
    /// Options that make MySQL write the table anew: engine, row format, character set.
    Rebuild {
        what: &'static str,
    },
    #[default]
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSecurity {
    Enable,
    Disable,
    Force,
    NoForce,
}

/// A column as `CREATE TABLE` or `ADD COLUMN` declares it.
#[derive(Debug, Clone, Default)]
pub struct Column {
    pub name: String,
    /// Lower case, single blanks.
    pub type_text: String,
    pub not_null: bool,
    pub primary_key: bool,
    pub unique: bool,
    pub references: Option<Reference>,
    /// `DEFAULT NULL` is no default.
    pub default: Option<DefaultValue>,
    /// Computed from other columns.
    pub generated: Option<Generated>,
    /// Numbered by the database: `GENERATED … AS IDENTITY`, `AUTO_INCREMENT`, `IDENTITY`.
    pub identity: bool,
    /// Has a `CHECK` of its own.
    pub check: Option<String>,
}

/// The value that rows get when an insert names none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefaultValue {
    /// As written, white space as single blanks.
    pub text: String,
    /// Whether it can differ from row to row; `None` where that is not known.
    pub volatile: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    Stored,
    Virtual,
}

/// The target of a foreign key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    pub table: String,
    /// Empty: the primary key of the table.
    pub columns: Vec<String>,
    /// Rows that refer to a deleted one are deleted too.
    pub cascades: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Constraint {
    pub kind: ConstraintKind,
    /// Empty if the database chooses it.
    pub name: String,
    /// Columns that a key is made of; for foreign keys, the referencing ones.
    pub columns: Vec<String>,
    pub references: Option<Reference>,
    /// What a `CHECK` demands, as written, white space as single blanks.
    pub expression: Option<String>,
    pub not_valid: bool,
    /// Written down but not kept by the database.
    pub not_enforced: bool,
    /// The index that it takes over.
    pub using_index: Option<String>,
    /// Its index decides the order of the rows (SQL Server).
    pub clustered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConstraintKind {
    Check,
    ForeignKey,
    Unique,
    PrimaryKey,
    Exclude,
    NotNull,
    #[default]
    Other,
}

impl Column {
    /// `serial` and its relatives, which PostgreSQL fills from a sequence.
    pub fn is_serial(&self) -> bool {
        matches!(
            self.type_text.as_str(),
            "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" | "serial2"
        )
    }

    /// Whether existing rows get a value without the writer's help.
    pub fn is_filled(&self) -> bool {
        self.default.is_some() || self.generated.is_some() || self.identity || self.is_serial()
    }

    /// Whether `NULL` cannot be stored in it.
    pub fn is_required(&self) -> bool {
        self.not_null || self.primary_key || self.is_serial()
    }
}

impl DefaultValue {
    /// A default from its SQL text; `None` for `NULL`.
    pub fn of_sql(text: &str) -> Option<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let lower = text.to_ascii_lowercase();
        let bare = lower.split("::").next().unwrap_or_default().trim_matches(['(', ')', ' ']);
        if bare == "null" || text.is_empty() {
            return None;
        }
        let volatile = volatility(&lower);
        Some(Self { text, volatile })
    }
}

/// Whether an expression (in lower case) can differ from row to row, as far as it is plain.
fn volatility(lower: &str) -> Option<bool> {
    const VOLATILE: [&str; 13] = [
        "random(",
        "gen_random_uuid(",
        "uuid_generate_v1",
        "uuid_generate_v4",
        "uuidv4(",
        "uuidv7(",
        "clock_timestamp(",
        "timeofday(",
        "nextval(",
        "rand(",
        "newid(",
        "newsequentialid(",
        "uuid(",
    ];
    const STABLE: [&str; 16] = [
        "now(",
        "current_timestamp(",
        "transaction_timestamp(",
        "statement_timestamp(",
        "localtimestamp(",
        "getdate(",
        "getutcdate(",
        "sysdatetime(",
        "sysutcdatetime(",
        "sysdatetimeoffset(",
        "suser_sname(",
        "original_login(",
        "timezone(",
        "current_user(",
        "to_timestamp(",
        "lower(",
    ];
    if VOLATILE.iter().any(|name| lower.contains(name)) {
        return Some(true);
    }
    let mut rest = lower.to_owned();
    for known in STABLE {
        rest = rest.replace(known, "(");
    }
    // What is left of a call, outside of quotes, may be anything.
    let outside: String = rest.split('\'').step_by(2).collect();
    let mut before = ' ';
    let calls = outside.chars().any(|character| {
        let call = character == '(' && (before.is_alphanumeric() || before == '_');
        before = character;
        call
    });
    let types = ["varchar(", "char(", "numeric(", "decimal(", "timestamp(", "array["];
    (!calls || types.iter().any(|name| outside.contains(name))).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::DefaultValue;

    #[test]
    fn volatility_is_known_for_the_common_defaults() {
        let volatile = |text| DefaultValue::of_sql(text).and_then(|value| value.volatile);
        assert_eq!(volatile("0"), Some(false));
        assert_eq!(volatile("'a(b)'"), Some(false));
        assert_eq!(volatile("now() - interval '1 day'"), Some(false));
        assert_eq!(volatile("CURRENT_TIMESTAMP"), Some(false));
        assert_eq!(volatile("gen_random_uuid()"), Some(true));
        assert_eq!(volatile("my_function()"), None);
        assert_eq!(DefaultValue::of_sql("NULL::text"), None);
    }
}
