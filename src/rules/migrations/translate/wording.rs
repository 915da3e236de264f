//! What rules about SQL say, in the words of a framework.

use super::super::discover::Framework;
use crate::rules::Draft;

/// Fits a finding to the framework of its migration: what to do is said in the framework's terms,
/// and fixes, which are written for SQL, are left out. `None` where the framework takes care of
/// it, or decides it for its users.
pub fn adapt(framework: Framework, code: &str, draft: Draft) -> Option<Draft> {
    if !framework.is_code() {
        return Some(draft);
    }
    // The framework's own conventions, and settings that are made outside of the migration.
    let conventional = matches!(
        code,
        "migration/timestamp-without-time-zone"
            | "migration/char-column"
            | "migration/missing-lock-timeout"
            | "migration/identifier-too-long"
            | "migration/int-primary-key"
    );
    // Django drops columns and tables with `CASCADE` whatever the migration says.
    let given = framework == Framework::Django && code == "migration/dropped-with-cascade";
    if conventional || given {
        return None;
    }
    let instead = instead(framework, code).map(str::to_owned);
    Some(Draft { fix: None, recommendation: instead.unwrap_or(draft.recommendation), ..draft })
}

fn instead(framework: Framework, code: &str) -> Option<&'static str> {
    match framework {
        Framework::Rails => rails(code),
        Framework::Django => django(code),
        Framework::Alembic => alembic(code),
        Framework::Ecto => ecto(code),
        Framework::EfCore => ef_core(code),
        _ => None,
    }
}

fn rails(code: &str) -> Option<&'static str> {
    Some(match code {
        "migration/index-not-concurrent" => {
            "Put it into a migration of its own that starts with `disable_ddl_transaction!`, and pass \
             `algorithm: :concurrently` (for a reference: `index: { algorithm: :concurrently }`)."
        }
        "migration/index-drop-not-concurrent" => {
            "Pass `algorithm: :concurrently`, in a migration that starts with `disable_ddl_transaction!`."
        }
        "migration/concurrent-in-transaction" => {
            "Write `disable_ddl_transaction!` in the migration's class, and keep other changes out of it."
        }
        "migration/column-dropped" => {
            "Release `self.ignored_columns += [...]` in the model first, so that no running process has the column in \
             its cache, and remove the column in a later migration."
        }
        "migration/foreign-key-not-deferred" => {
            "Add it with `add_foreign_key …, validate: false`, and call `validate_foreign_key` in a later migration."
        }
        "migration/check-not-deferred" => {
            "Add it with `validate: false`, and call `validate_check_constraint` in a later migration."
        }
        "migration/validated-in-same-transaction" => {
            "Move the `validate_…` call into a migration of its own."
        }
        "migration/not-null-set" => {
            "Add `add_check_constraint …, \"column IS NOT NULL\", validate: false`, validate it in a later migration, and \
             then call `change_column_null` without a default: PostgreSQL takes the constraint as proof."
        }
        "migration/unique-constraint-not-concurrent" => {
            "Build the unique index first with `algorithm: :concurrently`, then pass its name as `using_index:`."
        }
        "migration/unbatched-data-change" => {
            "Fill rows in a migration of its own with `disable_ddl_transaction!`, batch by batch (`in_batches`)."
        }
        "migration/column-renamed" => {
            "Add the new column, write both, fill the old rows, move the readers, then remove the old one. If only the \
             name in code matters, use `alias_attribute`."
        }
        _ => return None,
    })
}

fn django(code: &str) -> Option<&'static str> {
    Some(match code {
        "migration/unbatched-data-change" => {
            "Set `atomic = False`, and go through the table by key in batches of a few thousand rows, each committed on its \
             own; restrict it with `filter` to the rows that need it."
        }
        "migration/index-not-concurrent" => {
            "Use `AddIndexConcurrently` from `django.contrib.postgres.operations` in a migration of its own with \
             `atomic = False`; for a field, add it with `db_index=False` first."
        }
        "migration/index-drop-not-concurrent" => {
            "Use `RemoveIndexConcurrently` in a migration of its own with `atomic = False`."
        }
        "migration/concurrent-in-transaction" => "Set `atomic = False` in the class `Migration`.",
        "migration/check-not-deferred" => {
            "Use `AddConstraintNotValid` from `django.contrib.postgres.operations`, and `ValidateConstraint` in a later \
             migration."
        }
        "migration/column-dropped" => {
            "Take the field out of the model first: in one release with `SeparateDatabaseAndState`, which leaves the \
             column (nullable, or with a database default) in place, and drop the column in a later one."
        }
        "migration/column-renamed" => {
            "Rename the field in Python only and give it `db_column` with the old name, or add the new column beside the \
             old one and move over."
        }
        "migration/table-renamed" => "Keep the old table with `db_table` in the model's `Meta`.",
        "migration/table-dropped" => {
            "Remove the model from the state first (`SeparateDatabaseAndState`), release that, and drop the table in a \
             later migration."
        }
        "migration/unique-constraint-not-concurrent" => {
            "Build the unique index concurrently with `RunSQL` in a migration with `atomic = False`, and record the field \
             or constraint with `SeparateDatabaseAndState`."
        }
        _ => return None,
    })
}

fn alembic(code: &str) -> Option<&'static str> {
    Some(match code {
        "migration/index-not-concurrent" => {
            "Pass `postgresql_concurrently=True` inside `with op.get_context().autocommit_block():`."
        }
        "migration/index-drop-not-concurrent" => {
            "Pass `postgresql_concurrently=True` inside `with op.get_context().autocommit_block():`."
        }
        "migration/concurrent-in-transaction" => {
            "Put it inside `with op.get_context().autocommit_block():`."
        }
        "migration/foreign-key-not-deferred" => {
            "Pass `postgresql_not_valid=True`, and run `VALIDATE CONSTRAINT` with `op.execute` in a later migration."
        }
        "migration/check-not-deferred" => {
            "Pass `postgresql_not_valid=True`, and run `VALIDATE CONSTRAINT` with `op.execute` in a later migration."
        }
        "migration/required-column-added" => {
            "Give it a `server_default`, or add it as nullable, fill it in batches, and make it required later."
        }
        _ => return None,
    })
}

fn ecto(code: &str) -> Option<&'static str> {
    Some(match code {
        "migration/index-not-concurrent" => {
            "Pass `concurrently: true` in a migration of its own with `@disable_ddl_transaction true` and \
             `@disable_migration_lock true` (the latter is not needed with `migration_lock: :pg_advisory_lock`)."
        }
        "migration/index-drop-not-concurrent" => {
            "Pass `concurrently: true` to the index, in a migration of its own with `@disable_ddl_transaction true` and \
             `@disable_migration_lock true`."
        }
        "migration/concurrent-in-transaction" => {
            "Write `@disable_ddl_transaction true` and `@disable_migration_lock true` below `use Ecto.Migration`, and keep \
             other changes out of the migration."
        }
        "migration/foreign-key-not-deferred" => {
            "Pass `validate: false` to `references`, and run `ALTER TABLE … VALIDATE CONSTRAINT …` with `execute` in a \
             later migration."
        }
        "migration/check-not-deferred" => {
            "Pass `validate: false` to `constraint`, and run `ALTER TABLE … VALIDATE CONSTRAINT …` with `execute` in a \
             later migration."
        }
        "migration/not-null-set" => {
            "Create a constraint `column IS NOT NULL` with `validate: false`, validate it in a later migration, and then \
             `modify` the column with `null: false`: PostgreSQL takes the constraint as proof."
        }
        "migration/required-column-added" => {
            "Give it a `default:`, or add it without `null: false`, fill it in batches, and demand a value later."
        }
        "migration/column-dropped" => {
            "Remove the field from the schema module first and release that, so that no running process selects the column, \
             and drop it in a later migration."
        }
        "migration/column-renamed" => {
            "Keep the column and name the field in code with `field :new, …, source: :old`, or add the new column beside the \
             old one and move over."
        }
        "migration/unbatched-data-change" => {
            "Fill rows in a migration of its own with `@disable_ddl_transaction true`, batch by batch."
        }
        _ => return None,
    })
}

fn ef_core(code: &str) -> Option<&'static str> {
    Some(match code {
        "migration/index-not-concurrent" => {
            "Call `IsCreatedConcurrently()` on the index in the model, so that the migration carries \
             `.Annotation(\"Npgsql:CreatedConcurrently\", true)`; Npgsql then builds it outside of the transaction."
        }
        "migration/index-drop-not-concurrent" => {
            "Write it as `migrationBuilder.Sql(\"DROP INDEX CONCURRENTLY …\", suppressTransaction: true)`."
        }
        "migration/index-not-online" => {
            "Call `IsCreatedOnline()` on the index in the model, so that the migration carries \
             `.Annotation(\"SqlServer:Online\", true)`: the Enterprise and Developer editions and Azure SQL then let writes go on."
        }
        "migration/concurrent-in-transaction" => "Pass `suppressTransaction: true` to `Sql`.",
        "migration/foreign-key-not-deferred" => {
            "Write it as `migrationBuilder.Sql(\"ALTER TABLE … ADD CONSTRAINT … NOT VALID\")`, and validate it in a later \
             migration."
        }
        "migration/check-not-deferred" => {
            "Write it as `migrationBuilder.Sql(\"ALTER TABLE … ADD CONSTRAINT … NOT VALID\")`, and validate it in a later \
             migration."
        }
        "migration/required-column-added" => {
            "Give it a `defaultValue`, or add it as nullable, fill it in batches, and make it required later."
        }
        "migration/column-dropped" => {
            "Take the property out of the model in one release and leave the column in place (empty the generated `Up`); \
             drop the column in a later migration."
        }
        "migration/column-renamed" => {
            "Keep the column and map the property to it with `HasColumnName(\"…\")`, or add the new column beside the old one \
             and move over."
        }
        "migration/table-renamed" => {
            "Keep the table and map the entity to it with `ToTable(\"…\")`."
        }
        _ => return None,
    })
}
