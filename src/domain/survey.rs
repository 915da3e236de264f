//! What a repository shows at one commit, as far as a plan looks.

use super::path::RepoPath;

/// The files of a commit, without their contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// In path order.
    pub files: Vec<ListedFile>,
    /// Some files were left out: the tree is larger than the adapter lists.
    pub cut: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    pub path: RepoPath,
    /// Hexadecimal object id: the same content has the same id.
    pub object: String,
}

/// What was looked at for one plan.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    pub listing: std::sync::Arc<Listing>,
    /// Files that were read, in path order.
    pub texts: Vec<SurveyedFile>,
    /// Lines that hold a word that was searched for, in path and line order.
    pub hits: Vec<Hit>,
    /// What was left out and why, one clause each.
    pub left_out: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyedFile {
    pub path: RepoPath,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub path: RepoPath,
    /// Counted from 1.
    pub line: u32,
    /// The line, trimmed and cut.
    pub text: String,
    /// The word that was searched for.
    pub word: String,
}

/// What to read for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wants {
    /// Files to read whole.
    pub files: Vec<RepoPath>,
    /// Words to search for, as whole identifiers.
    pub words: Vec<String>,
    /// Files to search in.
    pub search: Vec<RepoPath>,
    /// What is not looked at and why, one clause each.
    pub left_out: Vec<String>,
}

impl Listing {
    /// A listing of these paths, for trees that are no commit; unsound paths are left out.
    pub fn of_paths<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let file = |path| Some(ListedFile { path: RepoPath::new(path)?, object: String::new() });
        let mut files: Vec<ListedFile> = paths.into_iter().filter_map(file).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files, cut: false }
    }

    pub fn has(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok()
    }

    pub fn paths(&self) -> impl Iterator<Item = &RepoPath> {
        self.files.iter().map(|file| &file.path)
    }
}

impl Survey {
    pub fn text(&self, path: &str) -> Option<&str> {
        let found = self.texts.iter().find(|file| file.path.as_str() == path);
        found.map(|file| file.text.as_str())
    }
}
