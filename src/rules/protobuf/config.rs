//! `buf.yaml`: which rules a repository wants, and where. Read as data, from the base commit.

use std::collections::HashSet;

use super::catalog::rules_of;
use crate::rules::parse::tree::Node;
use crate::rules::parse::yaml;

/// The rules that count for some files.
#[derive(Debug, Clone, Default)]
pub struct Breaking {
    rules: HashSet<&'static str>,
    /// Paths, files or folders, relative to the folder of `buf.yaml`.
    ignore: Vec<String>,
    ignore_only: Vec<(HashSet<&'static str>, Vec<String>)>,
    ignore_unstable: bool,
    /// A package that is gone counts only if it had services: nobody calls the others.
    only_served: bool,
}

/// One `buf.yaml`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder it stands in; empty for the root of the repository.
    pub folder: String,
    /// Folders that paths are relative to (version `v1beta1`).
    pub roots: Vec<String>,
    /// Not part of any module.
    excludes: Vec<String>,
    breaking: Option<Breaking>,
    /// Folders with rules of their own (version `v2`).
    modules: Vec<(String, Option<Breaking>)>,
}

/// What a difference is about, for the question whether it counts: paths as in the repository.
pub struct Subject<'a> {
    pub id: &'a str,
    pub paths: [Option<&'a str>; 2],
    pub packages: [Option<&'a str>; 2],
    /// Whether the package had services.
    pub served: bool,
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let items = node.map(Node::items).unwrap_or_default();
    items.iter().filter_map(Node::as_str).map(|text| clean(text).to_owned()).collect()
}

fn clean(path: &str) -> &str {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if path == "." { "" } else { path }
}

/// Whether `path` is `folder` or below it.
fn below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `path` as seen from `folder`.
fn relative<'a>(path: &'a str, folder: &str) -> &'a str {
    match path.strip_prefix(folder) {
        Some(rest) if below(path, folder) => rest.trim_start_matches('/'),
        _ => path,
    }
}

impl Breaking {
    fn of(names: &[&str]) -> Self {
        let rules = names.iter().flat_map(|name| rules_of(name)).collect();
        Self { rules, ..Self::default() }
    }

    /// What counts where the repository says nothing: what readers of the old form cannot read
    /// any more, in binary or JSON, and calls that are gone. Packages that say that they are
    /// unstable may change.
    pub fn usual() -> Self {
        let names =
            ["WIRE_JSON", "RPC_NO_DELETE", "PACKAGE_SERVICE_NO_DELETE", "PACKAGE_NO_DELETE"];
        Self { ignore_unstable: true, only_served: true, ..Self::of(&names) }
    }

    /// What buf itself takes where nothing is said.
    pub fn of_buf() -> Self {
        Self::of(&["FILE"])
    }

    fn read(node: &Node) -> Self {
        let named = |names: Vec<String>| -> HashSet<&'static str> {
            names.iter().flat_map(|name| rules_of(name)).collect()
        };
        let wanted = texts(node.get("use"));
        let mut breaking = if wanted.is_empty() {
            Self::of_buf()
        } else {
            Self { rules: named(wanted), ..Self::default() }
        };
        for rule in named(texts(node.get("except"))) {
            breaking.rules.remove(rule);
        }
        breaking.ignore = texts(node.get("ignore"));
        let only = node.get("ignore_only").map(Node::entries).unwrap_or_default();
        breaking.ignore_only = only
            .iter()
            .map(|entry| (named(vec![entry.name().to_owned()]), texts(Some(&entry.value))))
            .collect();
        breaking.ignore_unstable =
            node.get("ignore_unstable_packages").and_then(Node::as_bool) == Some(true);
        breaking
    }

    /// Whether the difference counts; `paths` are relative to the folder of `buf.yaml`.
    fn wants(&self, subject: &Subject<'_>, paths: [Option<&str>; 2]) -> bool {
        let ignored = |folders: &[String]| {
            paths.iter().flatten().any(|path| folders.iter().any(|folder| below(path, folder)))
        };
        let only = |(rules, folders): &(HashSet<&'static str>, Vec<String>)| {
            rules.contains(subject.id) && ignored(folders)
        };
        let unstable = || subject.packages.iter().flatten().any(|package| is_unstable(package));
        let excepted = ignored(&self.ignore)
            || self.ignore_only.iter().any(only)
            || self.ignore_unstable && unstable()
            || self.only_served && subject.id == "PACKAGE_NO_DELETE" && !subject.served;
        self.rules.contains(subject.id) && !excepted
    }
}

impl Settings {
    /// Reads the `buf.yaml` of a folder.
    pub fn read(folder: &str, text: &str) -> Self {
        let tree = yaml::parse(text);
        let root = tree.documents.first();
        let get = |path: &[&str]| root.and_then(|root| root.path(path));
        let modules = get(&["modules"]).map(Node::items).unwrap_or_default();
        let path_of = |module: &Node| {
            clean(module.get("path").and_then(Node::as_str).unwrap_or("")).to_owned()
        };
        let mut excludes = texts(get(&["build", "excludes"]));
        excludes.extend(modules.iter().flat_map(|module| texts(module.get("excludes"))));
        Self {
            folder: folder.to_owned(),
            roots: texts(get(&["build", "roots"])),
            excludes,
            breaking: get(&["breaking"]).filter(|node| node.is_mapping()).map(Breaking::read),
            modules: modules
                .iter()
                .map(|module| (path_of(module), module.get("breaking").map(Breaking::read)))
                .collect(),
        }
    }

    /// A path as seen from the root that holds it.
    pub fn inside_root<'a>(&self, path: &'a str) -> &'a str {
        let root = self.roots.iter().find(|root| below(path, root));
        root.map_or(path, |root| relative(path, root))
    }

    fn breaking_for(&self, path: &str) -> Option<&Breaking> {
        let module = self
            .modules
            .iter()
            .filter(|(folder, _)| below(path, folder))
            .max_by_key(|(folder, _)| folder.len());
        module.and_then(|(_, breaking)| breaking.as_ref()).or(self.breaking.as_ref())
    }
}

/// Whether a difference counts under the nearest `buf.yaml`; `unsaid` is what counts where none
/// says anything.
pub fn wants(all: &[Settings], subject: &Subject<'_>, unsaid: &Breaking) -> bool {
    let path = subject.paths.iter().flatten().next().copied().unwrap_or("");
    let nearest = all
        .iter()
        .filter(|settings| below(path, &settings.folder))
        .max_by_key(|settings| settings.folder.len());
    let Some(settings) = nearest else { return unsaid.wants(subject, subject.paths) };
    let inside = subject
        .paths
        .map(|path| path.map(|path| settings.inside_root(relative(path, &settings.folder))));
    let excluded = |path: &&str| settings.excludes.iter().any(|folder| below(path, folder));
    if inside.iter().flatten().any(excluded) {
        return false;
    }
    let own = inside.iter().flatten().next().copied().unwrap_or("");
    settings.breaking_for(own).unwrap_or(unsaid).wants(subject, inside)
}

/// Whether the last part of a package says that it may change: `v1alpha1`, `v2beta`, `v1test`,
/// `v1p1beta1`.
pub fn is_unstable(package: &str) -> bool {
    let Some(rest) = package.rsplit('.').next().and_then(|last| last.strip_prefix('v')) else {
        return false;
    };
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    let major = digits(rest);
    let Some(mut rest) = rest.get(major..).filter(|_| major > 0 && package.contains('.')) else {
        return false;
    };
    if let Some(patch) = rest.strip_prefix('p') {
        let length = digits(patch);
        match patch.get(length..) {
            Some(after) if length > 0 => rest = after,
            _ => return false,
        }
    }
    let numbered = |rest: &str| rest.chars().all(|c| c.is_ascii_digit());
    let stage = |word| rest.strip_prefix(word).is_some_and(numbered);
    stage("alpha") || stage("beta") || rest.starts_with("test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(yaml: &str, id: &str, path: &str, package: &str) -> bool {
        let settings = [Settings::read("proto", yaml)];
        let (paths, packages) = ([Some(path), None], [Some(package), None]);
        let subject = Subject { id, paths, packages, served: false };
        wants(&settings, &subject, &Breaking::usual())
    }

    #[test]
    fn use_except_and_ignore() {
        let yaml = "version: v1\nbreaking:\n  use: [FILE]\n  except:\n    - FILE_SAME_PACKAGE\n  ignore:\n    - a/old\n  ignore_only:\n    FIELD_NO_DELETE:\n      - b.proto\n";
        assert!(wanted(yaml, "FIELD_NO_DELETE", "proto/a/a.proto", "a"));
        assert!(!wanted(yaml, "FIELD_NO_DELETE", "proto/a/old/a.proto", "a"));
        assert!(wanted(yaml, "FIELD_NO_DELETE", "proto/a/older.proto", "a"));
        assert!(!wanted(yaml, "FIELD_NO_DELETE", "proto/b.proto", "a"));
        assert!(wanted(yaml, "FIELD_SAME_TYPE", "proto/b.proto", "a"));
        assert!(!wanted(yaml, "FILE_SAME_PACKAGE", "proto/b.proto", "a"));
        assert!(!wanted(yaml, "FIELD_NO_DELETE_UNLESS_NAME_RESERVED", "proto/c.proto", "a"));
        // Outside of the folder nothing is said, so the usual rules count.
        assert!(wanted(yaml, "FIELD_NO_DELETE_UNLESS_NAME_RESERVED", "other/c.proto", "a"));
        assert!(!wanted(yaml, "FIELD_NO_DELETE", "other/c.proto", "a"));
    }

    #[test]
    fn modules_have_rules_of_their_own() {
        let yaml = "version: v2\nmodules:\n  - path: a\n    breaking:\n      use: [WIRE]\n  - path: b\n    excludes: [b/gen]\nbreaking:\n  use: [PACKAGE]\n  ignore_unstable_packages: true\n";
        assert!(!wanted(yaml, "FIELD_SAME_NAME", "proto/a/a.proto", "a"));
        assert!(wanted(yaml, "FIELD_SAME_NAME", "proto/b/a.proto", "a"));
        assert!(!wanted(yaml, "FIELD_SAME_NAME", "proto/b/gen/a.proto", "a"));
        assert!(!wanted(yaml, "FIELD_SAME_NAME", "proto/b/a.proto", "a.v1beta1"));
    }

    #[test]
    fn unstable_packages() {
        for package in
            ["a.v1alpha1", "a.v1beta", "a.b.v2beta3", "a.v1p1alpha1", "a.v1test", "a.v1testx"]
        {
            assert!(is_unstable(package), "{package}");
        }
        for package in ["a.v1", "a.valpha", "a", "v1beta1", "a.v1beta1.b", "a.v1betax", "a.v1pbeta"]
        {
            assert!(!is_unstable(package), "{package}");
        }
    }
}
