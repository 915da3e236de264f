use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (CodeOwners, Vec<Problem>) {
    CodeOwners::parse(text, &RepoPath::new(".github/CODEOWNERS").unwrap())
}

fn owners(text: &str, path: &str) -> Vec<String> {
    read(text).0.of(path).iter().map(ToString::to_string).collect()
}

/// Whether a file of this one pattern gives the path to its owner.
fn owns(pattern: &str, path: &str) -> bool {
    !owners(&format!("{pattern} @a\n"), path).is_empty()
}

#[test]
fn the_last_match_counts_and_may_name_nobody() {
    let file = "# Everybody\n*  @acme/all  \n*.go @gopher ops@example.com # of the language\n/apps/ @app\n/apps/legacy\n";
    assert_eq!(owners(file, "README.md"), ["@acme/all"]);
    assert_eq!(owners(file, "cmd/main.go"), ["@gopher", "ops@example.com"]);
    assert_eq!(owners(file, "apps/main.go"), ["@app"]);
    assert_eq!(owners(file, "apps/legacy/main.go"), [] as [&str; 0]);
    assert_eq!(owners("*.go @gopher\n", "README.md"), [] as [&str; 0]);
    assert_eq!(read(file).0.mails(), ["ops@example.com"]);
}

#[test]
fn patterns_match_as_github_documents() {
    for (pattern, yes, no) in [
        ("*", &["a", "a/b/c"][..], &[][..]),
        ("*.js", &["a.js", "x/y/a.js"], &["a.jsx"]),
        ("/build/logs/", &["build/logs/a", "build/logs/x/a"], &["build/logs", "x/build/logs/a"]),
        ("docs/*", &["docs/a.md"], &["docs/x/a.md", "y/docs/a.md"]),
        ("apps/", &["apps/a", "x/apps/y/a"], &["apps"]),
        ("/docs/", &["docs/a", "docs/x/a"], &["x/docs/a"]),
        ("/apps/github", &["apps/github", "apps/github/a"], &["apps/githubs"]),
        ("**/logs", &["logs/a", "build/logs/a", "logs"], &["log"]),
        ("/scripts", &["scripts", "scripts/a"], &["x/scripts"]),
        ("docs/**/*.md", &["docs/a.md", "docs/x/y/a.md"], &["a.md", "docs/a.txt"]),
        ("a/**", &["a/b", "a/b/c"], &["a", "x/a/b"]),
        ("/*", &["a"], &["a/b"]),
        ("a?c", &["abc"], &["ac", "abbc"]),
        ("with\\ space/x", &["with space/x"], &["with"]),
        ("Docs/", &["Docs/a"], &["docs/a"]),
        ("**", &["a", "a/b"], &[]),
        ("{a,b}", &["{a,b}"], &["a"]),
        ("a.b", &["a.b"], &["axb"]),
    ] {
        for path in yes {
            assert!(owns(pattern, path), "{pattern} matches {path}");
        }
        for path in no {
            assert!(!owns(pattern, path), "{pattern} does not match {path}");
        }
    }
}

#[test]
fn a_file_whose_name_is_not_known_belongs_to_its_directory() {
    let file = "* @all\n/db/ @dba\n*.sql @sql\n/db/000* @old\n";
    assert_eq!(owners(file, "db/migrations/"), ["@dba"]);
    assert_eq!(owners(file, "db/"), ["@dba"]);
    assert_eq!(owners(file, "src/"), ["@all"]);
    assert_eq!(owners("db/* @dba\n", "db/"), ["@dba"]);
    assert_eq!(owners("db/* @dba\n", "db/x/"), [] as [&str; 0]);
}

#[test]
fn several_files_need_somebody_who_owns_them_all() {
    let (read, _) = read("/db/ @dba @lead\n/api/ @api @lead\n");
    let of = |paths: &[&str]| read.of_all(paths.iter().copied());
    assert_eq!(of(&["db/a", "db/b"]), [["@dba", "@lead"]]);
    assert_eq!(of(&["db/a", "api/b"]), [["@dba", "@lead"], ["@api", "@lead"]]);
    assert_eq!(of(&["db/a", "README.md"]), [] as [Vec<String>; 0], "nobody answers for one");
    assert_eq!(of(&[]), [] as [Vec<String>; 0]);
}

#[test]
fn lines_that_are_not_valid_are_skipped_and_the_others_count() {
    let file = "* @all\n!a @x\n[ab].c @x\n\\#x @x\n*.md reviewers\n/ @x\na#b @x\na***b @x\n*.go @\n*.rb @a/b/c\n/db/ @dba\n";
    let (read, problems) = read(file);
    assert_eq!(problems.len(), 9, "{problems:#?}");
    assert_eq!(problems[3].line, Some(5));
    assert!(problems[3].message.contains("`reviewers` is no owner"), "{problems:#?}");
    for path in ["a", "b.c", "x.md", "x.go", "#x"] {
        assert_eq!(read.of(path).len(), 1, "{path} stays with everybody");
    }
    assert_eq!(read.of("db/x"), [CodeOwner::User(Login("dba".into()))]);
    let many = "!\n".repeat(50);
    let problems = self::read(&many).1;
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert!(problems[MAX_PROBLEMS].message.contains("30 further"));
}

/// The same patterns by another matcher: what they mean, written as globs of whole paths.
fn globs(pattern: &str) -> GlobSet {
    let inner = pattern.trim_start_matches('/');
    let anchored = pattern.starts_with('/') || inner.trim_end_matches('/').contains('/');
    let at = if anchored { inner.to_owned() } else { format!("**/{inner}") };
    let wanted = match at.strip_suffix('/') {
        Some(folder) => vec![format!("{folder}/**")],
        None if at.ends_with("/**") || at == "*" || at.ends_with("/*") => vec![at],
        None => vec![format!("{at}/**"), at],
    };
    let mut set = GlobSetBuilder::new();
    for glob in wanted {
        set.add(GlobBuilder::new(&glob).literal_separator(true).build().unwrap());
    }
    set.build().unwrap()
}

fn pattern() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "a*", "*b", "?", "*", "ab", "*a*b", "**"]);
    (any::<bool>(), prop::collection::vec(name, 1..5), any::<bool>()).prop_filter_map(
        "globs have no doubled stars in a row",
        |(rooted, names, folder)| {
            let doubled = names.windows(2).any(|two| two == ["**", "**"]);
            let odd = doubled || names == ["**"] || (folder && names.last() == Some(&"**"));
            let text = names.join("/");
            (!odd).then(|| {
                let (root, end) = (if rooted { "/" } else { "" }, if folder { "/" } else { "" });
                format!("{root}{text}{end}")
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn agrees_with_globs(
        pattern in pattern(),
        path in prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "aab", "c"]), 1..6),
    ) {
        let path = path.join("/");
        prop_assert_eq!(owns(&pattern, &path), globs(&pattern).is_match(&path), "{} {}", pattern, path);
    }

    #[test]
    fn any_text_is_read(text in "(?s).{0,300}", path in ".{0,40}") {
        let (read, problems) = read(&text);
        let _ = read.of(&path);
        prop_assert!(problems.len() <= MAX_PROBLEMS + 1);
    }

    #[test]
    fn any_line_is_read(
        pattern in "[a-c/*?!\\[\\]#\\\\ ]{0,16}",
        owner in "[@a-z./ -]{0,12}",
        path in "[a-c/ #]{0,12}",
    ) {
        let (read, _) = read(&format!("{pattern} {owner}\n"));
        let _ = read.of(&path);
    }
}

#[test]
fn matching_takes_time_in_proportion() {
    let stars = "*a".repeat(1_000);
    let deep = vec!["a"; 500].join("/");
    let folders = vec!["**/a"; 500].join("/");
    let text = format!("{stars} @a\n{folders}/b @a\n");
    let (read, problems) = read(&text);
    assert_eq!(problems, vec![]);
    assert!(read.of(&"a".repeat(4_000)).len() == 1 && read.of(&deep).is_empty());
}
