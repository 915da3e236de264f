//! What a statement over one table looks rows up by.

use sqlparser::ast::{
    BinaryOperator, Expr, FromTable, GroupByExpr, Ident, LimitClause, ObjectName, OrderByKind,
    Query, Select, SelectItem, SetExpr, Statement, TableFactor, TableWithJoins,
};

use crate::rules::migrations::names::{table_name, without_schema};

/// Most conditions that are looked at.
const MAX_CONDITIONS: usize = 40;

/// A column that rows are looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub column: String,
    /// Line in the statement, counted from 1.
    pub line: u32,
    /// Compared with one value or a list of values rather than with a range or `NULL`.
    pub equal: bool,
}

/// The rows that a statement over one table asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub table: String,
    /// All must hold. Conditions that no index helps with are left out.
    pub conditions: Vec<Condition>,
    /// The column that comes first in the order, where only the first rows are asked for.
    pub first_of: Option<Condition>,
}

/// Reads the filter of a statement; `None` if it is about several tables, or not plain.
pub fn of(statement: &Statement, folds_quoted: bool) -> Option<Filter> {
    let reader = |alias: Option<&Ident>, name: &ObjectName| {
        let table = table_name(&name.to_string());
        let table = if folds_quoted { table.to_lowercase() } else { table };
        let own = alias.map(|alias| alias.value.to_lowercase());
        let own = own.unwrap_or_else(|| without_schema(&table).to_lowercase());
        Reader { table, own, folds_quoted }
    };
    let (from, selection) = match statement {
        Statement::Query(query) => return of_query(query, reader),
        Statement::Update(update) if update.from.is_none() => {
            (std::slice::from_ref(&update.table), update.selection.as_ref())
        }
        Statement::Delete(delete) if delete.using.is_none() => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            (from.as_slice(), delete.selection.as_ref())
        }
        _ => return None,
    };
    let (name, alias) = only_table(from)?;
    reader(alias, name).filter(selection, None)
}

fn of_query<'q>(
    query: &'q Query,
    reader: impl Fn(Option<&'q Ident>, &'q ObjectName) -> Reader,
) -> Option<Filter> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    if query.with.is_some() || is_odd(select) {
        return None;
    }
    let (name, alias) = only_table(&select.from)?;
    let limited = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, .. }) => limit.is_some(),
        Some(LimitClause::OffsetCommaLimit { .. }) => true,
        None => query.fetch.is_some(),
    };
    let order = query.order_by.as_ref().map(|order| &order.kind);
    let first = match order {
        Some(OrderByKind::Expressions(all)) if limited => all.first().map(|first| &first.expr),
        _ => None,
    };
    reader(alias, name).filter(select.selection.as_ref(), first)
}

/// The table of which a statement reads every row; `None` if it reads some, counts them, or does
/// more than that.
pub fn whole(statement: &Statement, folds_quoted: bool) -> Option<String> {
    let Statement::Query(query) = statement else { return None };
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let limited = query.limit_clause.is_some() || query.fetch.is_some() || select.top.is_some();
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(expressions, modifiers) => {
            !expressions.is_empty() || !modifiers.is_empty()
        }
        GroupByExpr::All(_) => true,
    };
    let narrowed = select.selection.is_some() || select.having.is_some() || grouped;
    let odd = query.with.is_some()
        || is_odd(select)
        || select.distinct.is_some()
        || select.qualify.is_some()
        || !query.locks.is_empty();
    let plain = select.projection.iter().all(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        }
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => true,
        _ => false,
    });
    if limited || narrowed || odd || !plain {
        return None;
    }
    let (name, _) = only_table(&select.from)?;
    let table = table_name(&name.to_string());
    Some(if folds_quoted { table.to_lowercase() } else { table })
}

fn is_odd(select: &Select) -> bool {
    select.prewhere.is_some() || !select.connect_by.is_empty() || !select.lateral_views.is_empty()
}

fn only_table(from: &[TableWithJoins]) -> Option<(&ObjectName, Option<&Ident>)> {
    let [only] = from else { return None };
    match &only.relation {
        TableFactor::Table { name, alias, args: None, .. } if only.joins.is_empty() => {
            Some((name, alias.as_ref().map(|alias| &alias.name)))
        }
        _ => None,
    }
}

struct Reader {
    table: String,
    /// The name that columns may have in front.
    own: String,
    folds_quoted: bool,
}

impl Reader {
    fn filter(self, selection: Option<&Expr>, first: Option<&Expr>) -> Option<Filter> {
        let mut conditions = Vec::new();
        let mut open: Vec<&Expr> = selection.into_iter().collect();
        let mut seen = 0;
        while let Some(expr) = open.pop() {
            seen += 1;
            if seen > MAX_CONDITIONS {
                return None;
            }
            match expr {
                Expr::Nested(inner) => open.push(inner),
                Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                    open.push(right);
                    open.push(left);
                }
                other => conditions.extend(self.condition(other)?),
            }
        }
        let first_of = match first {
            Some(expr) => Some(self.column(expr).map(|(column, line)| Condition {
                column,
                line,
                equal: false,
            })?),
            None => None,
        };
        Some(Filter { table: self.table, conditions, first_of })
    }

    /// The column of a condition; `Some(None)` if no index would help with it, `None` if that
    /// cannot be told.
    fn condition(&self, expr: &Expr) -> Option<Option<Condition>> {
        let of = |expr: &Expr, equal: bool| {
            self.column(expr).map(|(column, line)| Some(Condition { column, line, equal }))
        };
        match expr {
            Expr::BinaryOp { left, op, right } => {
                let equal = match op {
                    BinaryOperator::Eq => true,
                    BinaryOperator::Gt
                    | BinaryOperator::GtEq
                    | BinaryOperator::Lt
                    | BinaryOperator::LtEq => false,
                    BinaryOperator::NotEq => return Some(None),
                    _ => return None,
                };
                match (self.column(left), self.column(right)) {
                    (Some(_), None) if is_value(right) => of(left, equal),
                    (None, Some(_)) if is_value(left) => of(right, equal),
                    _ => None,
                }
            }
            Expr::InList { expr, negated: false, .. } => of(expr, true),
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } if is_value(right) => {
                of(left, true)
            }
            Expr::Between { expr, negated: false, .. } => of(expr, false),
            Expr::IsNull(inner) => of(inner, false),
            Expr::IsNotNull(_)
            | Expr::InList { negated: true, .. }
            | Expr::Like { negated: true, .. }
            | Expr::ILike { negated: true, .. }
            | Expr::Between { negated: true, .. } => Some(None),
            _ => None,
        }
    }

    fn column(&self, expr: &Expr) -> Option<(String, u32)> {
        let name = match expr {
            Expr::Identifier(name) => name,
            Expr::CompoundIdentifier(parts) => {
                let [.., qualifier, name] = parts.as_slice() else { return None };
                (qualifier.value.to_lowercase() == self.own).then_some(name)?
            }
            _ => return None,
        };
        let column = match name.quote_style {
            Some(_) if !self.folds_quoted => name.value.clone(),
            _ => name.value.to_lowercase(),
        };
        Some((column, u32::try_from(name.span.start.line).unwrap_or(0)))
    }
}

/// A value that does not depend on the row.
fn is_value(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) | Expr::TypedString(_) => true,
        Expr::Nested(inner)
        | Expr::Cast { expr: inner, .. }
        | Expr::UnaryOp { expr: inner, .. } => is_value(inner),
        _ => false,
    }
}
