//! Where code at head still writes or expects a value.

use super::gone::{Gone, forms};
use crate::domain::change::Text;
use crate::rules::cross::columns::table_forms;
use crate::rules::cross::places::{camel_case, has_word, is_comment, pascal_case, singular};

/// Longest definition of an enum that is read, in lines.
const MAX_BLOCK: usize = 80;
/// How far a table may stand from a condition of its query, in lines.
const NEAR: usize = 10;

/// The lines of a file that use the value.
pub fn lines(text: &Text, gone: &Gone<'_>) -> Vec<u32> {
    let all: Vec<&str> = text.lines().map(|(_, line)| line).collect();
    let mut found: Vec<usize> = Vec::new();
    for (at, line) in all.iter().enumerate() {
        if is_comment(line) || !holds(line, gone) || names_the_new_one(line, gone) {
            continue;
        }
        let used = is_typed(line, gone)
            || of_a_row(line, gone)
            || in_query(&all, at, gone)
            || in_definition(&all, at, gone);
        if used {
            found.push(at);
        }
    }
    found.into_iter().filter_map(|at| u32::try_from(at + 1).ok()).collect()
}

/// Whether a line has the value in quotes, or as a member that is called exactly like it.
fn holds(line: &str, gone: &Gone<'_>) -> bool {
    is_quoted(line, gone) || has_word(line, &gone.value) || is_member(line, gone)
}

fn is_quoted(line: &str, gone: &Gone<'_>) -> bool {
    let lower = if gone.any_case { line.to_lowercase() } else { line.to_owned() };
    let value = if gone.any_case { gone.value.to_lowercase() } else { gone.value.clone() };
    ['\'', '"', '`'].iter().any(|quote| lower.contains(&format!("{quote}{value}{quote}")))
        // A symbol of Ruby or Elixir.
        || has_symbol(&lower, &value)
}

fn has_symbol(line: &str, value: &str) -> bool {
    line.match_indices(&format!(":{value}")).any(|(at, found)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + found.len()..).and_then(|text| text.chars().next());
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | ','))
            && !after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
    })
}

/// Whether old and new name stand side by side, as where one is turned into the other.
fn names_the_new_one(line: &str, gone: &Gone<'_>) -> bool {
    gone.renamed_to.as_deref().is_some_and(|new| has_word(line, new))
}

/// The type beside the value: `OrderStatus.PENDING`, `OrderStatusPending OrderStatus = "pending"`,
/// `'pending'::order_status`.
fn is_typed(line: &str, gone: &Gone<'_>) -> bool {
    let Some(type_name) = &gone.type_name else { return false };
    forms(type_name).iter().any(|form| {
        // A word like `role` stands for many things; as a type it is written large, or in a cast.
        let telling = form.contains('_') || form.chars().any(char::is_uppercase);
        let cast = [format!("::{form}"), format!("::\"{form}\"")];
        let named =
            (telling && has_word(line, form)) || cast.iter().any(|it| line.contains(it.as_str()));
        named && is_quoted(line, gone) && form.len() > 2
    }) || is_member(line, gone)
}

/// `OrderStatus.PENDING`, `OrderStatus::Pending`.
fn is_member(line: &str, gone: &Gone<'_>) -> bool {
    let Some(type_name) = &gone.type_name else { return false };
    // Members are called like values, in the way of the language; after a rename they may keep
    // their own name and stand for the new value.
    let mut members = vec![gone.value.clone()];
    if gone.renamed_to.is_none() {
        members.extend([pascal_case(&gone.value), gone.value.to_uppercase()]);
    }
    let types = forms(type_name);
    let written = types.iter().flat_map(|form| {
        members.iter().flat_map(move |own| [format!("{form}.{own}"), format!("{form}::{own}")])
    });
    written.into_iter().any(|name| line.contains(&name) && has_word(line, &name))
}

/// The column of a row of the table beside the value: `order.status === 'pending'`,
/// `Order.where(status: "pending")`.
fn of_a_row(line: &str, gone: &Gone<'_>) -> bool {
    // The attribute of a model of Rails, whose file was linked by its class.
    let declared = line.trim_start().starts_with("enum ");
    is_quoted(line, gone)
        && gone.columns.iter().any(|(table, column)| {
            let column = [column.clone(), camel_case(column), pascal_case(column)];
            column.iter().any(|form| has_word(line, form))
                && (declared || table_forms(table).iter().any(|form| has_word(line, form)))
        })
}

/// A condition or assignment in SQL: the column and the value, with the table named near.
fn in_query(all: &[&str], at: usize, gone: &Gone<'_>) -> bool {
    let Some(line) = all.get(at) else { return false };
    if !line.contains(&format!("'{}'", gone.value)) {
        return false;
    }
    gone.columns.iter().any(|(table, column)| {
        let near = all.get(at.saturating_sub(NEAR)..(at + NEAR).min(all.len())).unwrap_or_default();
        has_word(line, column) && near.iter().any(|line| is_queried(line, table))
    })
}

/// Whether a line names the table where SQL names tables.
fn is_queried(line: &str, table: &str) -> bool {
    let clean: String = line
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '_' | '.') { c } else { ' ' })
        .collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    words.windows(2).any(|pair| {
        let [keyword, name] = pair else { return false };
        ["from", "join", "into", "update"].contains(keyword)
            && name.rsplit('.').next() == Some(table)
    })
}

/// Inside the definition of a type that is called like the database's.
fn in_definition(all: &[&str], at: usize, gone: &Gone<'_>) -> bool {
    let Some(line) = all.get(at) else { return false };
    let mut names: Vec<String> = gone.type_name.iter().flat_map(|name| forms(name)).collect();
    // A list of values that belongs to a column: `OrderStatus` for `orders.status`.
    names.extend(gone.columns.iter().map(|(table, column)| {
        format!("{}{}", pascal_case(&singular(table)), pascal_case(column))
    }));
    let first = at.saturating_sub(MAX_BLOCK);
    let head =
        (first..=at).rev().find(|above| all.get(*above).is_some_and(|line| defines(line, &names)));
    let Some(head) = head else { return false };
    let opening = all.get(head).copied().unwrap_or_default();
    if !is_inside(all, head, at) {
        return false;
    }
    if is_quoted(line, gone) {
        return true;
    }
    // A member without a value of its own stands for its name.
    let member = line.trim().split(|c: char| !(c.is_alphanumeric() || c == '_')).next();
    let mapped = line.contains(['"', '\'', '='])
        || at > 0 && all.get(at - 1).is_some_and(|above| above.contains('"') && *above != opening);
    member == Some(gone.value.as_str()) && !mapped && opening.contains("enum")
}

fn defines(line: &str, names: &[String]) -> bool {
    let defining = ["enum", "class", "type", "const", "union", "interface"];
    let words: Vec<&str> = line
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty())
        .collect();
    words.windows(2).any(|pair| {
        let [defining_word, name] = pair else { return false };
        defining.contains(defining_word) && names.iter().any(|own| own == name)
    })
}

/// Whether the definition that starts on one line still goes on at the other.
fn is_inside(all: &[&str], head: usize, at: usize) -> bool {
    let Some(lines) = all.get(head..=at) else { return false };
    let Some(opening) = lines.first() else { return false };
    if at == head {
        return true;
    }
    let braced = lines.iter().take(2).any(|line| line.contains('{'));
    if braced {
        let mut depth = 0_i32;
        for (number, line) in lines.iter().enumerate() {
            let last = number + 1 == lines.len();
            if last && depth > 0 {
                return true;
            }
            for letter in line.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
            }
            if depth <= 0 && number > 0 && !last {
                return false;
            }
        }
        return false;
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(opening);
    // A class of Python, a union of TypeScript.
    lines.iter().skip(1).all(|line| line.trim().is_empty() || indent(line) > own)
}
