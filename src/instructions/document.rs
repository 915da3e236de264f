//! A Markdown document as headings with their blocks, every part with its source lines.

mod blocks;
mod build;

pub use blocks::{Block, Item, Paragraph, Row, Section, Table};
pub use build::parse;
