//! Which files count as code in use, and how names look in it.

use crate::domain::change::{FileChange, SourceFile, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Related;
use crate::domain::path::RepoPath;
use crate::rules::parse::code::is_test_path;
use crate::rules::{Place, RuleContext};

pub(super) const CODE: [&str; 14] =
    ["rs", "go", "py", "ts", "tsx", "js", "mjs", "java", "kt", "rb", "php", "cs", "scala", "ex"];

const UNUSED: [&str; 18] = [
    "test",
    "tests",
    "testdata",
    "__tests__",
    "spec",
    "specs",
    "fixtures",
    "mocks",
    "docs",
    "doc",
    "examples",
    "migrations",
    "migration",
    "vendor",
    "node_modules",
    "third_party",
    "dist",
    "build",
];

/// Whether a path is code that runs in production: not tests, documentation, migrations or code
/// of others.
pub(super) fn is_live(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let tested =
        [".test.", ".spec.", "_test.", "_spec.", "_tests."].iter().any(|s| name.contains(s));
    !tested
        && !name.starts_with("test_")
        && !is_test_path(path)
        && !UNUSED.iter().any(|part| path.has_directory(part))
}

pub(super) fn is_code(path: &RepoPath) -> bool {
    path.extension().is_some_and(|extension| CODE.contains(&extension.as_str()))
}

/// Globs of code files, for searches.
pub(super) fn code_globs() -> Vec<String> {
    CODE.iter().map(|extension| format!("**/*.{extension}")).collect()
}

/// Whether `word` stands in `text` as a whole identifier.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
            !before.is_some_and(part) && !after.is_some_and(part)
        })
}

/// Whether a line is nothing but a comment.
pub(super) fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "#", "--", "/*", "*"].iter().any(|mark| line.starts_with(mark))
        && !line.starts_with("#[")
}

/// `discount_code` as `discountCode`.
pub(super) fn camel_case(snake: &str) -> String {
    let pascal = pascal_case(snake);
    let mut letters = pascal.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// `discount_code` as `DiscountCode`.
pub(super) fn pascal_case(snake: &str) -> String {
    snake
        .split('_')
        .flat_map(|part| {
            let mut letters = part.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
        })
        .collect()
}

/// `orders` as `order`; names that are not plural as they are.
pub(super) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["ses", "xes", "ches", "shes"] {
        if name.ends_with(ending) {
            return name.trim_end_matches("es").to_owned();
        }
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u']) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// A place that belongs to a finding, in a changed file or one that was read besides.
pub(super) fn related(
    context: &RuleContext<'_>,
    file: &SourceFile,
    line: u32,
    note: &str,
) -> Option<Related> {
    let lines = LineRange::line(line);
    let changed = context.change.file(&file.path).and_then(|changed| changed.at(Side::Head, lines));
    let anchor = changed.or_else(|| file.at(Side::Head, lines))?;
    Some(Related { anchor, note: note.to_owned() })
}

/// The text of a file as the change leaves it; `None` for files that it deletes.
pub(super) fn text_now<'a>(context: &RuleContext<'a>, file: &'a SourceFile) -> Option<&'a Text> {
    match context.change.file(&file.path) {
        Some(changed) => FileChange::head_text(changed),
        None => Some(&file.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_their_case_and_number() {
        assert_eq!(camel_case("discount_code"), "discountCode");
        assert_eq!(pascal_case("order_items"), "OrderItems");
        assert_eq!(singular("order_items"), "order_item");
        assert_eq!(singular("categories"), "category");
        assert_eq!(singular("addresses"), "address");
        assert_eq!(singular("status"), "status");
        assert!(has_word("u.email,", "email") && !has_word("email_verified", "email"));
    }
}
