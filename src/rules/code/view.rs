//! What rules about code share.

use std::sync::Arc;

use crate::domain::change::{FileChange, Text};
use crate::domain::diff::Side;
use crate::rules::RuleContext;
use crate::rules::parse::code::{Language, ParsedCode, Syntax};

/// A changed file at head: language, text and tree.
pub struct CodeView {
    pub language: Language,
    pub text: Text,
    pub code: Arc<ParsedCode>,
}

impl CodeView {
    pub fn of(context: &RuleContext<'_>, file: &FileChange) -> Option<Self> {
        let language = Language::of(&file.path)?;
        let text = file.head_text()?.clone();
        let code = context.parsed(file, Side::Head, |text| ParsedCode::new(text, language))?;
        Some(Self { language, text, code })
    }

    pub fn source(&self) -> &str {
        self.text.as_str()
    }
}

pub fn is_kind(node: &Syntax<'_>, kinds: &[&str]) -> bool {
    kinds.contains(&node.kind().as_ref())
}

pub fn is_comment(node: &Syntax<'_>) -> bool {
    node.kind().contains("comment")
}

/// The named children that are not comments.
pub fn statements<'a>(node: &Syntax<'a>) -> Vec<Syntax<'a>> {
    node.named_children().filter(|child| !is_comment(child)).collect()
}

/// Whether a block has no statement and no comment: nobody said that this is on purpose.
pub fn is_silently_empty(block: &Syntax<'_>) -> bool {
    block.named_children().next().is_none()
}
