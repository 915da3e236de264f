//! The operations of a `MigrationBuilder`, one call at a time.

use super::super::translate::c_sharp::Link;
use super::super::translate::{Call, Value, list, name};
use super::Walk;
use super::columns::{self, standard};

const COMPUTED: &str = "its arguments are computed";

/// A name with its schema, as a call gives them.
pub(super) fn qualified(call: &Call, at: usize, key: &str, schema: &str) -> Option<String> {
    let own = call.either(at, key)?.text()?;
    match call.option(schema) {
        None | Some(Value::Nothing) => name(own),
        Some(Value::Text(schema)) => Some(format!("{}.{}", name(&schema.text)?, name(own)?)),
        Some(_) => None,
    }
}

/// One name, or several under the plural of the key.
pub(super) fn names(call: &Call, at: usize, key: &str) -> Option<String> {
    let plural = format!("{key}s");
    list(&call.option(&plural).or_else(|| call.either(at, key))?.texts()?)
}

fn own(call: &Call) -> Option<String> {
    name(call.either(0, "name")?.text()?)
}

fn table(call: &Call) -> Option<String> {
    qualified(call, 1, "table", "schema")
}

impl Walk {
    /// Puts one call with its annotations into SQL.
    pub(super) fn operation(&mut self, links: &[Link<'_>]) {
        let Some(first) = links.first() else { return };
        let call = &first.call;
        match call.name.as_str() {
            "Sql" => self.sql(call),
            "CreateTable" => self.create_table(first),
            "AlterColumn" => self.alter_column(first),
            "CreateIndex" => self.create_index(links),
            "InsertData" => {
                let target = qualified(call, 0, "table", "schema");
                self.say(call, target.map(|it| format!("INSERT INTO {it} DEFAULT VALUES")));
            }
            // Rows with keys that are written down: instants.
            "UpdateData" | "DeleteData" => {}
            // Settings of the database that no row depends on.
            "AlterDatabase" | "AlterTable" | "AlterSequence" | "RestartSequence"
            | "CreateSequence" | "RenameSequence" => {}
            _ => match change(links) {
                Some(sql) => self.writer.statement(&call.bytes, &sql),
                None if is_known(&call.name) => self.writer.unread(&call.bytes, COMPUTED),
                None => self.writer.unread(&call.bytes, "it is no operation of EF Core"),
            },
        }
    }

    pub(super) fn say(&mut self, call: &Call, sql: Option<String>) {
        match sql {
            Some(sql) => self.writer.statement(&call.bytes, &sql),
            None => self.writer.unread(&call.bytes, COMPUTED),
        }
    }

    /// `Sql("…", suppressTransaction: true)`.
    fn sql(&mut self, call: &Call) {
        let Some(Value::Text(literal)) = call.either(0, "sql") else {
            return self.writer.unread(&call.bytes, "the SQL is put together when it runs");
        };
        if is_batch(&literal.text) {
            return self.writer.unread(&call.bytes, "a batch of SQL Server's language");
        }
        let alone = call.either(1, "suppressTransaction").is_some_and(Value::is_true);
        let before = std::mem::replace(&mut self.writer.outside, alone);
        let mut plain = literal.trimmed();
        plain.text = standard(&plain.text);
        self.writer.embedded(&plain, &call.bytes);
        self.writer.outside = before;
    }

    /// `CreateIndex`, which Npgsql takes out of the transaction where it is built concurrently.
    fn create_index(&mut self, links: &[Link<'_>]) {
        let Some(call) = links.first().map(|link| &link.call) else { return };
        let flag = |key: &str| call.option(key).is_some_and(Value::is_true);
        let concurrently =
            annotation(links, "Npgsql:CreatedConcurrently").is_some_and(Value::is_true);
        // What SQL Server calls online, inside of the transaction.
        let online = annotation(links, "SqlServer:Online").is_some_and(Value::is_true);
        let method = annotation(links, "Npgsql:IndexMethod").and_then(Value::text);
        let sql = || {
            let part = match call.option("filter") {
                None | Some(Value::Nothing) => String::new(),
                Some(filter) => format!(" WHERE {}", standard(filter.text()?)),
            };
            Some(format!(
                "CREATE {}INDEX {}{} ON {}{} ({}){part}",
                if flag("unique") { "UNIQUE " } else { "" },
                if concurrently || online { "CONCURRENTLY " } else { "" },
                own(call)?,
                table(call)?,
                method.map_or(String::new(), |method| format!(" USING {method}")),
                names(call, 2, "column")?,
            ))
        };
        let before = std::mem::replace(&mut self.writer.outside, concurrently);
        self.say(call, sql());
        self.writer.outside = before;
    }

    /// The whole definition is given anew, with the old one beside it.
    fn alter_column(&mut self, link: &Link<'_>) {
        let call = &link.call;
        let kind = columns::type_of(call, link.type_argument.as_deref());
        let (Some(column), Some(table), Some(kind)) = (own(call), table(call), kind) else {
            return self.writer.unread(&call.bytes, COMPUTED);
        };
        let start = format!("ALTER TABLE {table} ALTER COLUMN {column}");
        let before = columns::old_type(call);
        if before.as_deref() != Some(kind.as_str()) {
            if let Some(old) = &before {
                // Known, and nothing is to be said about it.
                let assured = std::mem::replace(&mut self.writer.assured, true);
                self.writer.statement(&call.bytes, &format!("{start} TYPE {old}"));
                self.writer.assured = assured;
            }
            self.writer.restated = before.is_none();
            self.writer.statement(&call.bytes, &format!("{start} TYPE {kind}"));
            self.writer.restated = false;
        }
        let nullable = |key: &str| call.option(key).is_some_and(Value::is_true);
        let default = columns::default(call);
        match (nullable("oldNullable"), nullable("nullable")) {
            (true, false) => {
                // EF Core gives the default to the rows that have no value.
                if let Some(value) = &default {
                    let sql =
                        format!("UPDATE {table} SET {column} = {value} WHERE {column} IS NULL");
                    self.writer.statement(&call.bytes, &sql);
                }
                self.writer.statement(&call.bytes, &format!("{start} SET NOT NULL"));
            }
            (false, true) => {
                self.writer.statement(&call.bytes, &format!("{start} DROP NOT NULL"));
            }
            _ => {}
        }
        let kept =
            ["oldDefaultValue", "oldDefaultValueSql"].iter().any(|key| call.option(key).is_some());
        if let Some(value) = default.as_ref().filter(|_| !kept) {
            let sql = format!("{start} SET DEFAULT {value}");
            self.writer.statement(&call.bytes, &sql);
        }
    }
}

/// The value of an annotation.
fn annotation<'l>(links: &'l [Link<'_>], wanted: &str) -> Option<&'l Value> {
    let link = links
        .iter()
        .find(|link| link.call.name == "Annotation" && link.call.text(0) == Some(wanted))?;
    link.call.argument(1)
}

/// Operations that are one statement; `None` for others, and for computed arguments.
fn change(links: &[Link<'_>]) -> Option<String> {
    let call = &links.first()?.call;
    let alter = |what: String| Some(format!("ALTER TABLE {} {what}", table(call)?));
    match call.name.as_str() {
        "DropTable" => Some(format!("DROP TABLE {}", qualified(call, 0, "name", "schema")?)),
        "RenameTable" => rename_table(call),
        "AddColumn" => {
            let column = columns::definition(call.either(0, "name")?.text()?, links)?;
            alter(format!("ADD COLUMN {column}"))
        }
        "DropColumn" => alter(format!("DROP COLUMN {}", own(call)?)),
        "RenameColumn" => {
            let to = name(call.either(2, "newName")?.text()?)?;
            alter(format!("RENAME COLUMN {} TO {to}", own(call)?))
        }
        "DropIndex" => Some(format!("DROP INDEX {}", own(call)?)),
        "RenameIndex" => {
            let to = name(call.either(1, "newName")?.text()?)?;
            Some(format!("ALTER INDEX {} RENAME TO {to}", own(call)?))
        }
        "AddForeignKey" => alter(format!("ADD {}", foreign_key(call, names(call, 2, "column")?)?)),
        "AddPrimaryKey" => alter(format!(
            "ADD CONSTRAINT {} PRIMARY KEY ({})",
            own(call)?,
            names(call, 2, "column")?
        )),
        "AddUniqueConstraint" => {
            alter(format!("ADD CONSTRAINT {} UNIQUE ({})", own(call)?, names(call, 2, "column")?))
        }
        "AddCheckConstraint" | "CreateCheckConstraint" => {
            let condition = standard(call.either(2, "sql")?.text()?);
            alter(format!("ADD CONSTRAINT {} CHECK ({condition})", own(call)?))
        }
        "DropForeignKey" | "DropPrimaryKey" | "DropUniqueConstraint" | "DropCheckConstraint" => {
            alter(format!("DROP CONSTRAINT {}", own(call)?))
        }
        "EnsureSchema" => Some(format!("CREATE SCHEMA IF NOT EXISTS {}", own(call)?)),
        "DropSchema" => Some(format!("DROP SCHEMA {}", own(call)?)),
        "DropSequence" => Some(format!("DROP SEQUENCE {}", qualified(call, 0, "name", "schema")?)),
        _ => None,
    }
}

/// Whether an operation is one of EF Core's, so that only its arguments can be at fault.
fn is_known(operation: &str) -> bool {
    const VERBS: [&str; 5] = ["Add", "Drop", "Rename", "Create", "Ensure"];
    VERBS.iter().any(|verb| operation.starts_with(verb))
}

/// Another name, another schema, or both.
fn rename_table(call: &Call) -> Option<String> {
    let from = qualified(call, 0, "name", "schema")?;
    let text = |key: &str| match call.option(key) {
        None | Some(Value::Nothing) => Some(None),
        Some(value) => value.text().map(Some),
    };
    let old = call.either(0, "name")?.text()?;
    match (text("newName")?.filter(|new| *new != old), text("newSchema")?) {
        (Some(new), _) => Some(format!("ALTER TABLE {from} RENAME TO {}", name(new)?)),
        (None, Some(schema)) => Some(format!("ALTER TABLE {from} SET SCHEMA {}", name(schema)?)),
        (None, None) => None,
    }
}

/// `CONSTRAINT … FOREIGN KEY …` over these columns.
pub(super) fn foreign_key(call: &Call, columns: String) -> Option<String> {
    let other = call.option("principalTable")?.text()?;
    let target = match call.option("principalSchema") {
        None | Some(Value::Nothing) => name(other)?,
        Some(schema) => format!("{}.{}", name(schema.text()?)?, name(other)?),
    };
    // Without them it is the primary key.
    let given = call.option("principalColumns").or_else(|| call.option("principalColumn"));
    let keys = match given {
        Some(keys) => format!(" ({})", list(&keys.texts()?)?),
        None => String::new(),
    };
    let own = own(call)?;
    Some(format!("CONSTRAINT {own} FOREIGN KEY ({columns}) REFERENCES {target}{keys}"))
}

/// Whether a script uses variables and branches of SQL Server, which are not SQL elsewhere.
fn is_batch(script: &str) -> bool {
    const WORDS: [&str; 7] = ["go", "exec", "declare", "if", "print", "while", "use"];
    if script.contains("$$") {
        return false;
    }
    let mut before = ' ';
    let mut marks = script.chars().peekable();
    while let Some(mark) = marks.next() {
        let named = marks.peek().is_some_and(|next| next.is_alphabetic());
        if mark == '@' && named && !before.is_alphanumeric() {
            return true;
        }
        before = mark;
    }
    script.lines().any(|line| {
        let line = line.trim_start().to_ascii_lowercase();
        let first = line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        WORDS.contains(&first)
    })
}
