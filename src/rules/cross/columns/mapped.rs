//! Columns that mappers of objects name: only where the code shows which table is meant.

use regex::Regex;

use crate::domain::change::Text;
use crate::domain::path::RepoPath;
use crate::rules::cross::places::{has_word, is_comment, pascal_case, singular};

/// The lines on which a mapper is told of the column of that table, or asked for it.
pub(super) fn lines(path: &RepoPath, text: &Text, table: &str, column: &str) -> Vec<u32> {
    let all = || text.lines().filter(|(_, line)| !is_comment(line));
    let model = pascal_case(&singular(table));
    match path.extension().as_deref() {
        Some("rb") => asked(all(), &active_record(&model, column)),
        Some("php") => asked(all(), &eloquent(&model, column)),
        Some("cs") => {
            let owns = |line: &str| entity(line, &model, table);
            let pascal = pascal_case(column);
            within(all(), owns, |line| is_configured(line, column, &pascal))
        }
        Some("kt" | "java") => {
            let owns = |line: &str| mapped_table(line).map(|name| name == table);
            within(all(), owns, |line| is_mapped(line, column))
        }
        _ => Vec::new(),
    }
}

/// The lines that one of the patterns finds.
fn asked<'t>(lines: impl Iterator<Item = (u32, &'t str)>, patterns: &[String]) -> Vec<u32> {
    let patterns: Vec<Regex> = patterns.iter().filter_map(|it| Regex::new(it).ok()).collect();
    let found = lines.filter(|(_, line)| patterns.iter().any(|pattern| pattern.is_match(line)));
    found.map(|(number, _)| number).collect()
}

/// The lines that name the column below one that says that this table is meant, up to one that
/// says that another is.
fn within<'t>(
    lines: impl Iterator<Item = (u32, &'t str)>,
    owns: impl Fn(&str) -> Option<bool>,
    names: impl Fn(&str) -> bool,
) -> Vec<u32> {
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in lines {
        inside = owns(line).unwrap_or(inside);
        if inside && names(line) {
            found.push(number);
        }
    }
    found
}

/// `Order.where(total: 5).pluck(:total)`: conditions and results that are asked for directly.
/// Nested ones are about another table.
fn active_record(model: &str, column: &str) -> Vec<String> {
    let (model, column) = (regex::escape(model), regex::escape(column));
    let step = r"(?:\.[a-z_]+[!?]?(?:\([^(){}\[\]]*\))?)*";
    let by_key = r"(?:where|not|rewhere|find_by!?|exists\?|order|reorder|update_all)";
    let by_name = r"(?:pluck|pick|select|group|sum|average|minimum|maximum|order|reorder|distinct)";
    vec![
        format!(r"\b{model}{step}\.{by_key}\([^(){{}}\[\]]*\b{column}:[^:]"),
        format!(r"\b{model}{step}\.{by_name}\([^(){{}}\[\]]*:{column}\b"),
    ]
}

/// `Order::where('total', …)->orderBy('total')`.
fn eloquent(model: &str, column: &str) -> Vec<String> {
    let (model, column) = (regex::escape(model), regex::escape(column));
    let step = r"(?:[A-Za-z]+\([^()]*\)->)*";
    let asks = r"(?:where|orWhere|whereIn|whereNotIn|whereNull|whereNotNull|whereBetween|whereDate|orderBy|orderByDesc|groupBy|pluck|value|sum|avg|min|max|increment|decrement)";
    vec![format!(r#"\b{model}::{step}{asks}\(\s*['"]{column}['"]"#)]
}

/// Which entity the configuration of Entity Framework is about, or which table a class is of.
fn entity(line: &str, model: &str, table: &str) -> Option<bool> {
    let typed = ["Entity<", "EntityTypeBuilder<", "IEntityTypeConfiguration<"];
    if let Some((_, rest)) = typed.iter().find_map(|mark| line.split_once(mark)) {
        let name = rest.split('>').next()?.rsplit('.').next()?;
        return Some(name == model);
    }
    let quoted = line.split_once("[Table(\"").or_else(|| line.split_once("ToTable(\""));
    let name = quoted?.1.split('"').next()?;
    Some(name == table)
}

/// `.Property(o => o.Total)`, `HasColumnName("total")`, `[Column("total")]`.
fn is_configured(line: &str, column: &str, pascal: &str) -> bool {
    let property = [".Property(", ".HasIndex("].iter().any(|mark| line.contains(mark))
        && line.contains("=>")
        && has_word(line, &format!("{}.{pascal}", parameter(line).unwrap_or_default()));
    let named = ["HasColumnName(\"", "[Column(\""].iter().any(|mark| {
        line.split_once(mark).and_then(|(_, rest)| rest.split('"').next()) == Some(column)
    });
    property || named
}

/// The parameter of the first lambda of a line.
fn parameter(line: &str) -> Option<&str> {
    let (before, _) = line.split_once("=>")?;
    before.trim_end().rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()
}

/// The table of an entity of JPA or Spring Data, or of an object of Exposed.
fn mapped_table(line: &str) -> Option<&str> {
    let exposed = line.trim_start().starts_with("object ")
        || line.contains(" object ") && line.contains("Table(");
    let marks = ["@Table(name = \"", "@Table(name=\"", "@Table(\"", "Table(\""];
    let mark = marks.iter().find(|mark| line.contains(**mark))?;
    let wanted = mark.starts_with('@') || exposed;
    let (_, rest) = line.split_once(mark)?;
    rest.split('"').next().filter(|_| wanted)
}

/// `@Column(name = "total")` of JPA, `integer("total")` of Exposed.
fn is_mapped(line: &str, column: &str) -> bool {
    const KINDS: [&str; 16] = [
        "bool",
        "char",
        "date",
        "datetime",
        "decimal",
        "double",
        "enumeration",
        "float",
        "integer",
        "json",
        "jsonb",
        "long",
        "short",
        "text",
        "timestamp",
        "uuid",
    ];
    let quoted = format!("\"{column}\"");
    let annotated = line.contains("Column(") && line.contains('@') && {
        let plain = line.replace(' ', "");
        plain.contains(&format!("Column(name={quoted}"))
            || plain.contains(&format!("Column({quoted}"))
    };
    let made = line.trim_start().starts_with("val ")
        && ["varchar", "reference"]
            .iter()
            .chain(&KINDS)
            .any(|kind| line.contains(&format!("= {kind}({quoted}")));
    annotated || made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<u32> {
        lines(&RepoPath::new(path).unwrap(), &Text::new(text), "orders", "total")
    }

    #[test]
    fn mappers_name_columns_of_the_table_only() {
        let ruby = "Order.where(total: 5)\nOrder.paid.order(created: :desc).pluck(:id, :total)\nItem.where(total: 5)\n\
                    Order.joins(:items).where(items: { total: 5 })\nOrder.where(total::X)\n# Order.sum(:total)\nOrder.sum(:totals)\n";
        assert_eq!(found("app/a.rb", ruby), [1, 2]);
        let php = "<?php\nOrder::where('total', '>', 5)->get();\nOrder::query()->orderBy('total');\nItem::where('total', 1);\n";
        assert_eq!(found("app/A.php", php), [2, 3]);
        let sharp = "b.Entity<Item>(e => {\n  e.Property(x => x.Total);\n});\nb.Entity<Order>(e => {\n  e.Property(x => x.Total).HasPrecision(9);\n\
                       e.Property(x => x.Totals);\n  e.Property(y => y.Sum).HasColumnName(\"total\");\n});\n";
        assert_eq!(found("Db.cs", sharp), [5, 7]);
        let kotlin = "@Entity\n@Table(name = \"orders\")\nclass Order(\n  @Column(name = \"total\") val sum: Int,\n)\n\
                      object Items : Table(\"items\") {\n  val total = integer(\"total\")\n}\nobject Orders : LongIdTable(\"orders\") {\n  val sum = decimal(\"total\", 9, 2)\n}\n";
        assert_eq!(found("A.kt", kotlin), [4, 10]);
    }
}
