//! What the statements of a script do, in plain data.

use std::ops::Range;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::actions::{self, Action, Column};

/// One statement and its place in the script.
#[derive(Debug, Clone)]
pub struct Statement {
    pub bytes: Range<usize>,
    pub kind: Kind,
    /// Inside a transaction: one that the script begins, or one that the tool wraps around it.
    pub in_transaction: bool,
}

#[derive(Debug, Clone)]
pub enum Kind {
    CreateTable(CreateTable),
    AlterTable {
        table: String,
        actions: Vec<Action>,
    },
    CreateIndex(CreateIndex),
    DropTable {
        tables: Vec<String>,
    },
    DropIndex {
        indexes: Vec<String>,
        concurrently: bool,
    },
    /// Any other `DROP`.
    Drop {
        what: &'static str,
        names: Vec<String>,
    },
    /// Any other `CREATE` with a name that can be dropped first.
    Create {
        what: &'static str,
        name: String,
    },
    Update {
        table: String,
        filtered: bool,
    },
    Delete {
        table: String,
        filtered: bool,
    },
    Insert {
        table: String,
    },
    Truncate {
        tables: Vec<String>,
        cascade: bool,
    },
    Refresh {
        view: String,
        concurrently: bool,
    },
    Lock {
        tables: Vec<String>,
        mode: String,
    },
    Rewrite {
        what: &'static str,
        table: String,
    },
    AddEnumValue {
        type_name: String,
        value: String,
    },
    Begin,
    End,
    /// Changes the schema in a way that no rule here looks at.
    OtherSchemaChange,
    Other,
}

#[derive(Debug, Clone)]
pub struct CreateTable {
    pub name: String,
    pub columns: Vec<Column>,
    pub primary_key: bool,
    /// Temporary, partition, inherited, typed or made by a query: its keys come from elsewhere.
    pub special: bool,
    /// Columns of table-level foreign keys, and of keys that have an index.
    pub foreign_keys: Vec<Vec<String>>,
    pub indexed: Vec<Vec<String>>,
}

#[derive(Debug, Clone)]
pub struct CreateIndex {
    pub name: String,
    pub table: String,
    /// Leading plain columns; an expression ends the list.
    pub columns: Vec<String>,
    pub unique: bool,
    pub concurrently: bool,
    pub partial: bool,
    /// Bytes of the word `INDEX`.
    pub keyword: Range<usize>,
}

/// The facts of a script, statement by statement.
pub fn of_script(file: &ast::SourceFile, wrapped: bool) -> Vec<Statement> {
    let mut in_transaction = wrapped;
    let mut statements = Vec::new();
    for statement in file.stmts() {
        let kind = kind(&statement);
        match kind {
            Kind::Begin => in_transaction = true,
            Kind::End => in_transaction = false,
            _ => {}
        }
        let bytes = own_bytes(statement.syntax());
        statements.push(Statement { bytes, kind, in_transaction });
    }
    statements
}

fn kind(statement: &ast::Stmt) -> Kind {
    match statement {
        ast::Stmt::CreateTable(it) => Kind::CreateTable(create_table(it)),
        ast::Stmt::CreateTableAs(it) => made_by_query(it.table_name().map(|n| name_of(n.syntax()))),
        ast::Stmt::SelectInto(it) => made_by_query(select_into_name(it)),
        ast::Stmt::AlterTable(it) => Kind::AlterTable {
            table: it.table_relation_name().map(|n| name_of(n.syntax())).unwrap_or_default(),
            actions: it.actions().map(|action| actions::action(&action)).collect(),
        },
        ast::Stmt::CreateIndex(it) => create_index(it),
        ast::Stmt::DropTable(it) => {
            Kind::DropTable { tables: it.table_name_refs().map(|n| name_of(n.syntax())).collect() }
        }
        ast::Stmt::DropIndex(it) => Kind::DropIndex {
            indexes: it.index_refs().map(|n| name_of(n.syntax())).collect(),
            concurrently: it.concurrently_token().is_some(),
        },
        ast::Stmt::Update(it) => Kind::Update {
            table: it.relation_name().map(|n| name_of(n.syntax())).unwrap_or_default(),
            filtered: it.where_clause_or_current_of().is_some() || it.from_clause().is_some(),
        },
        ast::Stmt::Delete(it) => Kind::Delete {
            table: it.relation_name().map(|n| name_of(n.syntax())).unwrap_or_default(),
            filtered: it.where_clause_or_current_of().is_some() || it.using_clause().is_some(),
        },
        ast::Stmt::Insert(it) => Kind::Insert {
            table: it.relation_name_ref().map(|n| name_of(n.syntax())).unwrap_or_default(),
        },
        ast::Stmt::Begin(_) => Kind::Begin,
        ast::Stmt::Commit(_) | ast::Stmt::Rollback(_) => Kind::End,
        other => drop_or_create(other).unwrap_or_else(|| maintenance(other)),
    }
}

fn made_by_query(name: Option<String>) -> Kind {
    Kind::CreateTable(CreateTable {
        name: name.unwrap_or_default(),
        columns: Vec::new(),
        primary_key: false,
        special: true,
        foreign_keys: Vec::new(),
        indexed: Vec::new(),
    })
}

fn select_into_name(select: &ast::SelectInto) -> Option<String> {
    let clause = select.into_clause()?.syntax().text().to_string();
    clause.split_whitespace().last().map(bare_name)
}

fn create_table(table: &ast::CreateTable) -> CreateTable {
    let mut made = CreateTable {
        name: table.table_name().map(|n| name_of(n.syntax())).unwrap_or_default(),
        columns: Vec::new(),
        primary_key: false,
        special: table.partition_of().is_some()
            || table.inherits().is_some()
            || table.of_type().is_some()
            || matches!(table.persistence(), Some(ast::Persistence::Temp(_))),
        foreign_keys: Vec::new(),
        indexed: Vec::new(),
    };
    for argument in table.table_arg_list().iter().flat_map(ast::TableArgList::args) {
        match argument {
            ast::TableArg::Column(column) => made.columns.push(actions::table_column(&column)),
            ast::TableArg::LikeClause(_) => made.special = true,
            ast::TableArg::TableConstraint(constraint) => match constraint {
                ast::TableConstraint::PrimaryKeyConstraint(key) => {
                    made.primary_key = true;
                    made.indexed.push(names_in_brackets(key.syntax()));
                }
                ast::TableConstraint::UniqueConstraint(key) => {
                    made.indexed.push(names_in_brackets(key.syntax()));
                }
                ast::TableConstraint::ForeignKeyConstraint(key) => {
                    let columns = key.from_columns().map(|list| names_in_brackets(list.syntax()));
                    made.foreign_keys.push(columns.unwrap_or_default());
                }
                _ => {}
            },
        }
    }
    for column in &made.columns {
        made.primary_key |= column.primary_key;
        if column.primary_key || column.unique {
            made.indexed.push(vec![column.name.clone()]);
        }
        if column.references {
            made.foreign_keys.push(vec![column.name.clone()]);
        }
    }
    made
}

fn create_index(index: &ast::CreateIndex) -> Kind {
    let items = index.partition_item_list().into_iter().flat_map(|list| {
        list.partition_items().map(|item| item.syntax().text().to_string()).collect::<Vec<_>>()
    });
    let keyword = index.index_token().map(|token| token.text_range());
    Kind::CreateIndex(CreateIndex {
        name: index.index().map(|n| name_of(n.syntax())).unwrap_or_default(),
        table: index.table_relation_name().map(|n| name_of(n.syntax())).unwrap_or_default(),
        columns: items
            .take_while(|item| !item.contains('('))
            .filter_map(|item| item.split_whitespace().next().map(bare_name))
            .collect(),
        unique: index.unique_token().is_some(),
        concurrently: index.concurrently_token().is_some(),
        partial: index.where_clause().is_some(),
        keyword: keyword.map_or(0..0, |range| range.start().into()..range.end().into()),
    })
}

fn drop_or_create(statement: &ast::Stmt) -> Option<Kind> {
    let drop = |what| Some(Kind::Drop { what, names: dropped_names(statement.syntax()) });
    let create = |what, name: Option<String>| name.map(|name| Kind::Create { what, name });
    match statement {
        ast::Stmt::DropView(_) | ast::Stmt::DropMaterializedView(_) => drop("view"),
        ast::Stmt::DropFunction(_)
        | ast::Stmt::DropProcedure(_)
        | ast::Stmt::DropRoutine(_)
        | ast::Stmt::DropAggregate(_) => drop("function"),
        ast::Stmt::DropTrigger(_) => drop("trigger"),
        ast::Stmt::DropType(_) => drop("type"),
        ast::Stmt::DropDomain(_) => drop("domain"),
        ast::Stmt::DropSchema(_) => drop("schema"),
        ast::Stmt::DropDatabase(_) => drop("database"),
        ast::Stmt::DropSequence(_) => drop("sequence"),
        ast::Stmt::DropExtension(_) => drop("extension"),
        ast::Stmt::DropPolicy(_) => drop("policy"),
        ast::Stmt::CreateView(it) => create("view", it.view().map(|n| name_of(n.syntax()))),
        ast::Stmt::CreateMaterializedView(it) => {
            create("view", it.view().map(|n| name_of(n.syntax())))
        }
        ast::Stmt::CreateFunction(it) => create("function", it.name().map(|n| name_of(n.syntax()))),
        ast::Stmt::CreateType(it) => create("type", it.type_name().map(|n| name_of(n.syntax()))),
        _ => None,
    }
}

fn maintenance(statement: &ast::Stmt) -> Kind {
    let text = statement.syntax().text().to_string();
    match statement {
        ast::Stmt::Truncate(it) => Kind::Truncate {
            tables: it
                .table_list()
                .map(|list| list.table_relation_names().map(|n| name_of(n.syntax())).collect())
                .unwrap_or_default(),
            cascade: text.to_ascii_lowercase().contains("cascade"),
        },
        ast::Stmt::Refresh(it) => Kind::Refresh {
            view: it.view_ref().map(|n| name_of(n.syntax())).unwrap_or_default(),
            concurrently: it.concurrently_token().is_some(),
        },
        ast::Stmt::Lock(it) => Kind::Lock {
            tables: it
                .relation_list()
                .map(|list| list.relation_names().map(|n| name_of(n.syntax())).collect())
                .unwrap_or_default(),
            mode: it.lock_mode_clause().and_then(|clause| clause.lock_mode()).map_or_else(
                || "access exclusive".to_owned(),
                |mode| mode.syntax().text().to_string().to_ascii_lowercase(),
            ),
        },
        ast::Stmt::Vacuum(it) if it.is_full() => Kind::Rewrite {
            what: "VACUUM FULL",
            table: it.table_and_columns_list().map(|n| name_of(n.syntax())).unwrap_or_default(),
        },
        ast::Stmt::Cluster(it) => Kind::Rewrite {
            what: "CLUSTER",
            table: it.table_name_ref().map(|n| name_of(n.syntax())).unwrap_or_default(),
        },
        ast::Stmt::AlterType(it) => match it.action() {
            Some(ast::AlterTypeAction::AddValue(value)) => Kind::AddEnumValue {
                type_name: it.type_name_ref().map(|n| name_of(n.syntax())).unwrap_or_default(),
                value: value
                    .literal()
                    .map(|literal| literal.syntax().text().to_string())
                    .unwrap_or_default()
                    .trim_matches('\'')
                    .to_owned(),
            },
            _ => Kind::OtherSchemaChange,
        },
        other if squawk_linter::analyze::possibly_slow_stmt(other) => Kind::OtherSchemaChange,
        _ => Kind::Other,
    }
}

/// The names after `DROP <what> [IF EXISTS]`, without argument lists and options.
fn dropped_names(node: &SyntaxNode) -> Vec<String> {
    let text = node.text().to_string();
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let skip = |word: &str| {
        ["drop", "materialized", "if", "exists"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    };
    let mut kinds = 0;
    words.retain(|word| {
        if skip(word) {
            return false;
        }
        kinds += 1;
        kinds > 1
    });
    let list = words.join(" ");
    list.split([',', '(', ';'])
        .filter_map(|part| part.split_whitespace().next())
        .map(bare_name)
        .take(1)
        .collect()
}

/// Bytes of a node without leading comments and white space, and without a final semicolon.
pub fn own_bytes(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    let start = node
        .children_with_tokens()
        .find(|child| !child.kind().is_trivia())
        .map_or(range.start(), |child| child.text_range().start());
    usize::from(start)..usize::from(range.end())
}

/// The last part of a possibly qualified name, as the database stores it.
pub fn name_of(node: &SyntaxNode) -> String {
    let text = node.text().to_string();
    let text = text.trim();
    let text = match text.get(..5) {
        Some(only) if only.eq_ignore_ascii_case("only ") => text.get(5..).unwrap_or(text),
        _ => text,
    };
    bare_name(text)
}

/// The last part of a name as written: quotes removed, folded to lower case unless quoted.
pub fn bare_name(text: &str) -> String {
    let text = text.trim().trim_end_matches(['*', ';', ',', ')', ' ']);
    if let Some(inner) = text.strip_suffix('"') {
        return inner.rsplit('"').next().unwrap_or(inner).to_owned();
    }
    text.rsplit('.').next().unwrap_or(text).trim().to_ascii_lowercase()
}

/// The names in the first pair of brackets.
pub fn names_in_brackets(node: &SyntaxNode) -> Vec<String> {
    let text = node.text().to_string();
    let inner =
        text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(list, _)| list);
    inner.unwrap_or("").split(',').map(bare_name).filter(|name| !name.is_empty()).collect()
}
