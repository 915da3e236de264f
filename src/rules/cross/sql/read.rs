//! Which columns of which tables a statement names.
//!
//! Only what is certain is said: a name counts when the statement shows which tables it can belong
//! to. Expressions that are not listed here are not looked into.

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Delete, Expr, FromTable, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, Insert, JoinConstraint, JoinOperator,
    ObjectName, OnConflictAction, OnInsert, OrderBy, OrderByKind, Query, Select, SelectItem,
    SetExpr, Statement, TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind,
};

use super::scope::{Relation, Scope};
use super::words::{is_mixed, is_word_of_sql};

/// Deepest nesting of queries and expressions that is followed.
const MAX_DEPTH: usize = 60;

/// A column that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The tables that it may be of, as the statement writes them.
    pub tables: Vec<String>,
    pub column: String,
    /// Line in the statement, counted from 1; 0 if it is not known.
    pub line: u32,
    pub written: bool,
}

/// The columns that a statement names, in order.
pub fn uses(statement: &Statement, folds_quoted: bool) -> Vec<Use> {
    let mut reader =
        Reader { found: Vec::new(), scopes: Vec::new(), queries: Vec::new(), folds_quoted };
    reader.statement(statement, 0);
    reader.found
}

struct Reader {
    found: Vec<Use>,
    /// From the outermost query to the one that is read.
    scopes: Vec<Scope>,
    /// Names of common table expressions, which hide tables.
    queries: Vec<String>,
    /// Quoted names are compared without regard to case.
    folds_quoted: bool,
}

impl Reader {
    fn statement(&mut self, statement: &Statement, depth: usize) {
        match statement {
            Statement::Query(query) => self.query(query, depth),
            Statement::Insert(insert) => self.insert(insert, depth),
            Statement::Update(update) => self.update(update, depth),
            Statement::Delete(delete) => self.delete(delete, depth),
            _ => {}
        }
    }

    fn query(&mut self, query: &Query, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let known = self.queries.len();
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            // Before its own query is read: it may be recursive.
            self.queries.push(self.name(&table.alias.name));
            self.query(&table.query, depth + 1);
        }
        self.body(&query.body, query.order_by.as_ref(), depth);
        self.queries.truncate(known);
    }

    fn body(&mut self, body: &SetExpr, order: Option<&OrderBy>, depth: usize) {
        match body {
            SetExpr::Select(select) => self.select(select, order, depth + 1),
            SetExpr::Query(query) => self.query(query, depth + 1),
            SetExpr::SetOperation { left, right, .. } if depth < MAX_DEPTH => {
                // What orders the whole goes by the names of its results.
                self.body(left, None, depth + 1);
                self.body(right, None, depth + 1);
            }
            SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) => {
                self.statement(inner, depth + 1);
            }
            _ => {}
        }
    }

    fn select(&mut self, select: &Select, order: Option<&OrderBy>, depth: usize) {
        let mut scope = self.scope(&select.from, depth);
        scope.unclear |= !select.lateral_views.is_empty() || !select.connect_by.is_empty();
        self.scopes.push(scope);
        self.joins(&select.from, depth);
        for item in &select.projection {
            self.item(item, depth);
        }
        self.optional(select.selection.as_ref(), depth);
        // What groups and orders may go by the names of results.
        let results = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(self.name(alias)),
            _ => None,
        });
        let results: Vec<String> = results.collect();
        if let Some(scope) = self.scopes.last_mut() {
            scope.results = results;
        }
        if let GroupByExpr::Expressions(expressions, _) = &select.group_by {
            self.all(expressions, depth);
        }
        self.optional(select.having.as_ref(), depth);
        if let Some(OrderByKind::Expressions(all)) = order.map(|order| &order.kind) {
            for each in all {
                self.expression(&each.expr, depth);
            }
        }
        self.scopes.pop();
    }

    fn item(&mut self, item: &SelectItem, depth: usize) {
        match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                self.expression(expr, depth);
            }
            _ => {}
        }
    }

    fn insert(&mut self, insert: &Insert, depth: usize) {
        if let Some(source) = &insert.source {
            self.query(source, depth + 1);
        }
        let TableObject::TableName(name) = &insert.table else { return };
        let table = self.table(name);
        let mut scope = Scope::default();
        let alias = insert.table_alias.as_ref().map(|alias| self.name(&alias.alias));
        scope.relations.push(Relation {
            name: alias.unwrap_or_else(|| bare(&table)),
            table: self.base(table.clone()),
        });
        // Names of the row that could not be inserted.
        scope.unclear = insert.insert_alias.is_some();
        for column in &insert.columns {
            self.written(column, &table);
        }
        self.scopes.push(scope);
        for assignment in &insert.assignments {
            self.assignment(assignment, &table, depth);
        }
        match &insert.on {
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => {
                for assignment in assignments {
                    self.assignment(assignment, &table, depth);
                }
            }
            Some(OnInsert::OnConflict(conflict)) => {
                if let Some(ConflictTarget::Columns(columns)) = &conflict.conflict_target {
                    for column in columns {
                        self.named(column, false);
                    }
                }
                if let OnConflictAction::DoUpdate(update) = &conflict.action {
                    for assignment in &update.assignments {
                        self.assignment(assignment, &table, depth);
                    }
                    self.optional(update.selection.as_ref(), depth);
                }
            }
            _ => {}
        }
        for item in insert.returning.iter().flatten() {
            self.item(item, depth);
        }
        self.scopes.pop();
    }

    fn update(&mut self, update: &Update, depth: usize) {
        let mut scope = self.scope(std::slice::from_ref(&update.table), depth);
        let own = scope.relations.first().and_then(|relation| relation.table.clone());
        if let Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) =
            &update.from
        {
            let more = self.scope(from, depth);
            scope.unclear |= more.unclear;
            scope.relations.extend(more.relations);
        }
        self.scopes.push(scope);
        self.joins(std::slice::from_ref(&update.table), depth);
        for assignment in &update.assignments {
            self.assignment(assignment, own.as_deref().unwrap_or_default(), depth);
        }
        self.optional(update.selection.as_ref(), depth);
        for item in update.returning.iter().flatten() {
            self.item(item, depth);
        }
        self.scopes.pop();
    }

    fn delete(&mut self, delete: &Delete, depth: usize) {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let mut scope = self.scope(from, depth);
        if let Some(using) = &delete.using {
            let more = self.scope(using, depth);
            scope.unclear |= more.unclear;
            scope.relations.extend(more.relations);
        }
        self.scopes.push(scope);
        self.optional(delete.selection.as_ref(), depth);
        for item in delete.returning.iter().flatten() {
            self.item(item, depth);
        }
        self.scopes.pop();
    }

    /// What `FROM` brings into view; reads the queries inside.
    fn scope(&mut self, from: &[TableWithJoins], depth: usize) -> Scope {
        let mut scope = Scope::default();
        let factors = from.iter().flat_map(|each| {
            std::iter::once(&each.relation).chain(each.joins.iter().map(|join| &join.relation))
        });
        for factor in factors {
            match factor {
                TableFactor::Table { name, alias, args: None, .. } => {
                    let table = self.table(name);
                    let renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
                    let known = alias.as_ref().map(|alias| self.name(&alias.name));
                    let name = known.unwrap_or_else(|| bare(&table));
                    let table = self.base(table).filter(|_| !renamed);
                    scope.relations.push(Relation { name, table });
                }
                TableFactor::Derived { lateral, subquery, alias, .. } => {
                    // What stands before it is in view of it.
                    let around = Scope { unclear: *lateral, ..Scope::default() };
                    self.scopes.push(around);
                    self.query(subquery, depth + 1);
                    self.scopes.pop();
                    let name = alias.as_ref().map(|alias| self.name(&alias.name));
                    scope.relations.push(Relation { name: name.unwrap_or_default(), table: None });
                }
                _ => scope.unclear = true,
            }
        }
        scope
    }

    fn joins(&mut self, from: &[TableWithJoins], depth: usize) {
        for join in from.iter().flat_map(|each| &each.joins) {
            let constraint = match &join.join_operator {
                JoinOperator::Join(it)
                | JoinOperator::Inner(it)
                | JoinOperator::Left(it)
                | JoinOperator::LeftOuter(it)
                | JoinOperator::Right(it)
                | JoinOperator::RightOuter(it)
                | JoinOperator::FullOuter(it) => it,
                _ => continue,
            };
            if let JoinConstraint::On(condition) = constraint {
                self.expression(condition, depth);
            }
        }
    }

    fn assignment(&mut self, assignment: &Assignment, table: &str, depth: usize) {
        match &assignment.target {
            AssignmentTarget::ColumnName(column) => self.written(column, table),
            AssignmentTarget::Tuple(columns) => {
                columns.iter().for_each(|column| self.written(column, table));
            }
        }
        self.expression(&assignment.value, depth);
    }

    /// A column that gets a value.
    fn written(&mut self, column: &ObjectName, table: &str) {
        // `table.column` of MySQL and fields of composite types look alike.
        let [part] = column.0.as_slice() else { return };
        let Some(name) = part.as_ident().filter(|name| !is_mixed(name)) else { return };
        if self.base(table.to_owned()).is_some() && !table.is_empty() {
            let column = self.name(name);
            self.push(vec![table.to_owned()], column, name, true);
        }
    }

    fn push(&mut self, tables: Vec<String>, column: String, at: &Ident, written: bool) {
        let line = u32::try_from(at.span.start.line).unwrap_or(0);
        self.found.push(Use { tables, column, line, written });
    }

    /// A name without a table.
    fn named(&mut self, name: &Ident, in_call: bool) {
        let column = self.name(name);
        if is_mixed(name)
            || is_word_of_sql(name, in_call)
            || (name.quote_style == Some('"') && self.folds_quoted)
        {
            return;
        }
        if let Some(tables) = Scope::owners(&self.scopes, &column) {
            self.push(tables, column, name, false);
        }
    }

    fn qualified(&mut self, parts: &[Ident]) {
        let [.., qualifier, name] = parts else { return };
        if parts.len() > 3 || is_mixed(name) || is_word_of_sql(name, false) {
            return;
        }
        let (qualifier, column) = (self.name(qualifier), self.name(name));
        let scopes = self.scopes.iter().rev();
        let found = scopes.flat_map(|scope| &scope.relations).find(|it| it.name == qualifier);
        if let Some(table) = found.and_then(|relation| relation.table.clone()) {
            self.push(vec![table], column, name, false);
        }
    }

    fn optional(&mut self, expr: Option<&Expr>, depth: usize) {
        if let Some(expr) = expr {
            self.expression(expr, depth);
        }
    }

    fn all<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>, depth: usize) {
        for expr in expressions {
            self.expression(expr, depth);
        }
    }

    fn expression(&mut self, expr: &Expr, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let depth = depth + 1;
        match expr {
            Expr::Identifier(name) => self.named(name, false),
            Expr::CompoundIdentifier(parts) => self.qualified(parts),
            Expr::BinaryOp { left, right, .. }
            | Expr::AnyOp { left, right, .. }
            | Expr::AllOp { left, right, .. } => self.all([left.as_ref(), right.as_ref()], depth),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.all([left.as_ref(), right.as_ref()], depth);
            }
            Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
                self.all([expr.as_ref(), pattern.as_ref()], depth);
            }
            Expr::Between { expr, low, high, .. } => {
                self.all([expr.as_ref(), low.as_ref(), high.as_ref()], depth);
            }
            Expr::InList { expr, list, .. } => {
                self.expression(expr, depth);
                self.all(list, depth);
            }
            Expr::InSubquery { expr, subquery, .. } => {
                self.expression(expr, depth);
                self.query(subquery, depth);
            }
            Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => self.query(subquery, depth),
            Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::Nested(inner)
            | Expr::UnaryOp { expr: inner, .. }
            | Expr::Cast { expr: inner, .. }
            | Expr::Extract { expr: inner, .. }
            | Expr::Collate { expr: inner, .. }
            | Expr::AtTimeZone { timestamp: inner, .. } => self.expression(inner, depth),
            Expr::Tuple(all) => self.all(all, depth),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.optional(operand.as_deref(), depth);
                for when in conditions {
                    self.all([&when.condition, &when.result], depth);
                }
                self.optional(else_result.as_deref(), depth);
            }
            Expr::Function(call) => self.call(call, depth),
            _ => {}
        }
    }

    fn call(&mut self, call: &Function, depth: usize) {
        let FunctionArguments::List(list) = &call.args else { return };
        // `sqlc.arg(name)` names a value.
        if call.name.0.len() > 1 {
            return;
        }
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))) => {
                    self.named(name, true);
                }
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expression(expr, depth),
                _ => {}
            }
        }
        self.optional(call.filter.as_deref(), depth);
    }

    fn name(&self, name: &Ident) -> String {
        match name.quote_style {
            Some(_) if !self.folds_quoted => name.value.clone(),
            _ => name.value.to_lowercase(),
        }
    }

    /// A table as migrations call it.
    fn table(&self, name: &ObjectName) -> String {
        let text = crate::rules::migrations::names::table_name(&name.to_string());
        if self.folds_quoted { text.to_lowercase() } else { text }
    }

    /// The table, unless a common table expression has that name.
    fn base(&self, table: String) -> Option<String> {
        (!self.queries.contains(&table)).then_some(table)
    }
}

fn bare(table: &str) -> String {
    crate::rules::migrations::names::without_schema(table).to_owned()
}
