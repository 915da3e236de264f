use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::*;
use crate::report::samples::hostile_text as hostile;

/// The extensions that GitHub has.
fn github() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
}

/// What GitHub's second pass would see: the text of each block outside of code, with everything
/// that must not occur reported.
fn offences(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut text = String::new();
    let mut in_code_block = false;
    for event in Parser::new_ext(markdown, github()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => found.push(format!("html {html}")),
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => found.push("link".to_owned()),
            Event::Start(Tag::CodeBlock(_)) => in_code_block = true,
            Event::End(TagEnd::CodeBlock) => in_code_block = false,
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            Event::Start(other) => found.push(format!("structure {other:?}")),
            Event::Text(piece) if !in_code_block => text.push_str(&piece),
            // A code span separates text nodes.
            Event::Code(_) => text.push('\u{0}'),
            Event::Rule | Event::HardBreak | Event::TaskListMarker(_) => {
                found.push("block".to_owned());
            }
            Event::InlineMath(_) | Event::DisplayMath(_) => found.push("math".to_owned()),
            _ => {}
        }
    }
    found.extend(references(&text));
    if markdown.contains("<!-- backend-team:") {
        found.push("a forged marker".to_owned());
    }
    found
}

fn references(text: &str) -> Vec<String> {
    let patterns = [
        r"@[A-Za-z0-9]",
        r"#[0-9]",
        r"(?i)\bgh-[0-9]",
        r"(?i)https?://",
        r"(?i)\bwww\.",
        r"(?i)\b[0-9a-f]{7,40}\b",
        r"(?m)^/[a-z]",
        r":[a-z0-9_+-]+:",
    ];
    patterns
        .iter()
        .filter(|pattern| regex::Regex::new(pattern).unwrap().is_match(text))
        .map(|pattern| format!("{pattern} in {text:?}"))
        .collect()
}

#[test]
fn ordinary_prose_reads_as_written() {
    let said = prose("Column `email` of `users` is dropped, e.g. by a re-run (see the plan).");
    assert_eq!(said, "Column `email` of `users` is dropped, e.g. by a re-run (see the plan).");
}

#[test]
fn references_become_code() {
    let said = prose("thanks @octocat, closes #12 and acme/x#3 (GH-4) at https://evil.example/a?b");
    assert_eq!(
        said,
        "thanks `@octocat`, closes `#12` and `acme/x#3` (`GH-4`) at `https://evil.example/a?b`"
    );
}

#[test]
fn markdown_and_html_are_shown_as_text() {
    let hostile = "![x](y) <img src=x> <!-- backend-team:review --> **b** [l](u) | # h";
    let said = prose(hostile);
    assert_eq!(offences(&said), Vec::<String>::new(), "{said}");
}

#[test]
fn code_cannot_be_left() {
    assert_eq!(code_span("a`b"), "``a`b``");
    assert_eq!(code_span("`a"), "`` `a ``");
    assert_eq!(prose("`a``b`"), "```a``b```", "two backticks do not close one");
    assert_eq!(fenced("```\nx", "sql"), "````sql\n```\nx\n````\n");
}

#[test]
fn invisible_characters_are_shown() {
    assert_eq!(visible("a\u{202E}b\u{200B}\u{1b}[31m"), "a<U+202E>b<U+200B><U+001B>[31m");
    assert_eq!(plain("@\u{200B}octocat"), "`@<U+200B>octocat`");
}

#[test]
fn lists_headings_and_commands_do_not_start() {
    for text in ["- a", "+ a", "1. a", "12) a", "# a", "> a", "---", "===", "/merge now", "| a | b"]
    {
        let said = prose(text);
        assert_eq!(offences(&said), Vec::<String>::new(), "{text} gave {said}");
    }
}

proptest! {
    #[test]
    fn prose_is_only_text_and_code(text in hostile()) {
        for said in [prose(&text), plain(&text), prose_cell(&text)] {
            prop_assert_eq!(offences(&said), Vec::<String>::new(), "{}", said);
            prop_assert!(!said.contains('\n'));
        }
    }

    #[test]
    fn prose_between_our_own_text_is_only_text_and_code(a in hostile(), b in hostile()) {
        let said = format!("x: {}\n\n{} y {}", prose(&a), code_span(&b), plain(&b));
        prop_assert_eq!(offences(&said), Vec::<String>::new(), "{}", said);
    }

    #[test]
    fn a_fence_holds_everything(text in hostile()) {
        let said = format!("{}\nend", fenced(&text, "sql"));
        let mut blocks = 0;
        let mut outside = String::new();
        let mut inside = false;
        for event in Parser::new_ext(&said, github()) {
            match event {
                Event::Start(Tag::CodeBlock(_)) => { blocks += 1; inside = true; }
                Event::End(TagEnd::CodeBlock) => inside = false,
                Event::Text(piece) if !inside => outside.push_str(&piece),
                Event::Html(_) | Event::InlineHtml(_) => prop_assert!(false, "html"),
                _ if said.contains("<!-- backend-team:") => prop_assert!(false, "marker"),
                _ => {}
            }
        }
        prop_assert_eq!((blocks, outside.as_str()), (1, "end"), "{}", said);
    }

    #[test]
    fn cells_stay_cells(text in hostile()) {
        let said = format!("| a | b |\n| --- | --- |\n| {} | c |\n", prose_cell(&text));
        let cells = Parser::new_ext(&said, github())
            .filter(|event| matches!(event, Event::Start(Tag::TableCell)))
            .count();
        prop_assert_eq!(cells, 4, "{}", said);
    }

    #[test]
    fn code_spans_show_their_text(text in "[ -~]{1,40}") {
        let wanted = one_line(&text);
        prop_assume!(!wanted.is_empty());
        let said = format!("x {} y", code_span(&text));
        let codes: Vec<String> = Parser::new(&said)
            .filter_map(|event| match event { Event::Code(code) => Some(code.to_string()), _ => None })
            .collect();
        prop_assert_eq!(codes, vec![wanted]);
    }

    #[test]
    fn cut_holds(text in any::<String>(), limit in 1usize..50) {
        prop_assert!(cut(&text, limit).chars().count() <= limit);
    }
}
