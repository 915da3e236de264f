//! Source code as a syntax tree (tree-sitter grammars through ast-grep).

use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{AstGrep, Node};
use ast_grep_language::SupportLang;

use crate::domain::change::{FileChange, Text};
use crate::domain::diff::LineRange;
use crate::domain::path::RepoPath;

/// A node of a parsed file.
pub type Syntax<'a> = Node<'a, StrDoc<SupportLang>>;

/// Languages whose code is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    CSharp,
    Go,
    Java,
    JavaScript,
    Kotlin,
    Php,
    Python,
    Ruby,
    Rust,
    TypeScript,
}

impl Language {
    /// By file name; `None` for everything else.
    pub fn of(path: &RepoPath) -> Option<Self> {
        match path.extension()?.as_str() {
            "cs" => Some(Self::CSharp),
            "go" => Some(Self::Go),
            "java" => Some(Self::Java),
            "js" | "cjs" | "mjs" => Some(Self::JavaScript),
            "kt" => Some(Self::Kotlin),
            "php" => Some(Self::Php),
            "py" => Some(Self::Python),
            "rb" => Some(Self::Ruby),
            "rs" => Some(Self::Rust),
            "ts" | "cts" | "mts" => Some(Self::TypeScript),
            _ => None,
        }
    }

    fn grammar(self) -> SupportLang {
        match self {
            Self::CSharp => SupportLang::CSharp,
            Self::Go => SupportLang::Go,
            Self::Java => SupportLang::Java,
            Self::JavaScript => SupportLang::JavaScript,
            Self::Kotlin => SupportLang::Kotlin,
            Self::Php => SupportLang::Php,
            Self::Python => SupportLang::Python,
            Self::Ruby => SupportLang::Ruby,
            Self::Rust => SupportLang::Rust,
            Self::TypeScript => SupportLang::TypeScript,
        }
    }
}

/// A parsed file. Parsing never fails: where the text is not of the language, the tree has error
/// nodes, and rules must not conclude anything from what stands inside of one.
pub struct ParsedCode {
    tree: Option<AstGrep<StrDoc<SupportLang>>>,
}

impl ParsedCode {
    pub fn new(text: &str, language: Language) -> Self {
        Self { tree: AstGrep::try_new(text, language.grammar()).ok() }
    }

    pub fn ruby(text: &str) -> Self {
        Self::new(text, Language::Ruby)
    }

    /// Elixir, which only migrations are read in.
    pub fn elixir(text: &str) -> Self {
        Self { tree: AstGrep::try_new(text, SupportLang::Elixir).ok() }
    }

    /// C#, which only migrations are read in.
    pub fn c_sharp(text: &str) -> Self {
        Self { tree: AstGrep::try_new(text, SupportLang::CSharp).ok() }
    }

    /// The node of the whole file.
    pub fn root(&self) -> Option<Syntax<'_>> {
        self.tree.as_ref().map(AstGrep::root)
    }

    /// Every node, depth first.
    pub fn nodes(&self) -> Vec<Syntax<'_>> {
        self.tree.as_ref().map(|tree| tree.root().dfs().collect()).unwrap_or_default()
    }
}

/// The lines that a node covers.
pub fn lines_of(text: &Text, node: &Syntax<'_>) -> LineRange {
    let range = node.range();
    text.lines_of(range.start, range.end)
}

/// The line on which a node starts.
pub fn first_line(text: &Text, node: &Syntax<'_>) -> LineRange {
    LineRange::line(text.line_at(node.range().start))
}

/// Whether the node, or anything around it up to the enclosing function, could not be parsed.
pub fn in_error(node: &Syntax<'_>) -> bool {
    node.dfs().any(|inner| inner.is_error() || inner.is_missing())
        || node.ancestors().take(6).any(|outer| outer.is_error())
}

/// Whether the node stands in a test of Rust, which lives in the file of what it tests: a function
/// or module under `#[test]`, `#[cfg(test)]` or the like.
pub fn in_inline_test(node: &Syntax<'_>) -> bool {
    let marks_test = |attribute: &Syntax<'_>| {
        let text = attribute.text();
        let name = text.trim_start_matches("#[").split(['(', ']', ' ']).next().unwrap_or_default();
        let condition = name == "cfg" && !text.contains("not(test");
        name == "test" || name.ends_with("::test") || condition && names_word(&text, "test")
    };
    node.ancestors()
        .filter(|outer| matches!(outer.kind().as_ref(), "mod_item" | "function_item"))
        .any(|item| {
            item.prev_all()
                .take_while(|before| {
                    before.kind() == "attribute_item" || before.kind().contains("comment")
                })
                .any(|before| before.kind() == "attribute_item" && marks_test(&before))
        })
}

fn names_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

/// The name of the function or method around a node.
pub fn enclosing_function(node: &Syntax<'_>) -> Option<String> {
    const KINDS: [&str; 10] = [
        "function_declaration",
        "method_declaration",
        "function_item",
        "function_definition",
        "method_definition",
        "constructor_declaration",
        "generator_function_declaration",
        "local_function_statement",
        "method",
        "singleton_method",
    ];
    let function = node.ancestors().find(|outer| KINDS.contains(&outer.kind().as_ref()))?;
    // Kotlin's grammar has no fields.
    let named = || function.named_children().find(|child| child.kind() == "simple_identifier");
    Some(function.field("name").or_else(named)?.text().into_owned())
}

/// Whether a file holds tests rather than the code that runs in production.
pub fn is_test_path(path: &RepoPath) -> bool {
    const FOLDERS: [&str; 10] = [
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "testdata",
        "fixtures",
        "e2e",
        "mocks",
        "__mocks__",
    ];
    let name = path.file_name().to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    // `Shop.Tests`, as projects of .NET are called.
    let project = |folder: &str| {
        let last = folder.rsplit_once('.').map(|(_, last)| last.to_ascii_lowercase());
        last.is_some_and(|last| last.ends_with("tests") || last == "test" || last == "specs")
    };
    FOLDERS.iter().any(|folder| path.has_directory(folder))
        || path.directory().split('/').any(project)
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || stem.ends_with("_tests")
        || stem.starts_with("test_")
        || stem == "conftest"
        || stem == "tests"
        || path.file_name().split('.').next().is_some_and(|stem| {
            stem.ends_with("Test") || stem.ends_with("Tests") || stem.ends_with("IT")
        })
        || name.contains(".test.")
        || name.contains(".spec.")
}

/// Code of a known language that runs in production and that this change adds to.
pub fn is_production_code(file: &FileChange) -> bool {
    Language::of(&file.path).is_some()
        && !file.derived
        && !file.is_deleted()
        && file.head_text().is_some()
        && file.added_lines().next().is_some()
        && !is_test_path(&file.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_and_deep_code_is_read_without_harm() {
        let deep = "(".repeat(20_000);
        for text in ["", "func (", "\u{0}\u{1}", deep.as_str(), "if err != nil {"] {
            for language in [
                Language::CSharp,
                Language::Go,
                Language::Java,
                Language::Kotlin,
                Language::Php,
                Language::Python,
                Language::Ruby,
                Language::Rust,
            ] {
                let _ = ParsedCode::new(text, language).nodes().len();
            }
        }
    }

    #[test]
    fn tests_are_told_from_code() {
        let is_test = |path: &str| is_test_path(&RepoPath::new(path).unwrap());
        for path in [
            "a_test.go",
            "tests/x.py",
            "src/a.spec.ts",
            "UserServiceTest.java",
            "Shop.UnitTests/Orders.cs",
            "models/order_spec.rb",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in [
            "contest.go",
            "src/latest.py",
            "attest/a.rs",
            "TestimonialService.java",
            "Shop.Core/Contests.cs",
        ] {
            assert!(!is_test(path), "{path}");
        }
    }
}
