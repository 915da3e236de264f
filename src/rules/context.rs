//! What a rule sees.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::policy::{PathSet, Policy};
use crate::domain::change::{Anchor, Change, FileChange, SourceFile};
use crate::domain::diff::{LineRange, Side};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;

/// The change, the policy, and the files that rules asked for.
pub struct RuleContext<'a> {
    pub change: &'a Change,
    pub policy: &'a Policy,
    /// Files beyond the change, by the need that asked for them.
    gathered: &'a Gathered,
    memo: &'a Memo,
}

/// Files beyond the change, by the need that asked for them.
#[derive(Debug, Default)]
pub struct Gathered {
    files: HashMap<Need, Vec<SourceFile>>,
    /// Needs that bounds on files, bytes or time left without their whole answer.
    partial: HashSet<Need>,
}

impl Gathered {
    /// `whole`: nothing that was asked for is missing from `files`.
    pub fn insert(&mut self, need: Need, files: Vec<SourceFile>, whole: bool) {
        if !whole {
            self.partial.insert(need.clone());
        }
        self.files.insert(need, files);
    }
}

/// Whole answers.
impl FromIterator<(Need, Vec<SourceFile>)> for Gathered {
    fn from_iter<I: IntoIterator<Item = (Need, Vec<SourceFile>)>>(answers: I) -> Self {
        Self { files: answers.into_iter().collect(), partial: HashSet::new() }
    }
}

/// Parsed forms shared by rules, so that each file is parsed once. Lives as long as one review.
#[derive(Default)]
pub struct Memo(Mutex<HashMap<MemoKey, Parsed>>);

/// `None` stands for the change as a whole.
type MemoKey = (TypeId, Option<(RepoPath, Side)>);
type Parsed = Arc<dyn Any + Send + Sync>;

impl Memo {
    /// What the rules of a family made from the whole change, if they did.
    pub fn known<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.get(&(TypeId::of::<T>(), None)).cloned()?.downcast::<T>().ok()
    }
}

impl<'a> RuleContext<'a> {
    pub fn new(
        change: &'a Change,
        policy: &'a Policy,
        gathered: &'a Gathered,
        memo: &'a Memo,
    ) -> Self {
        Self { change, policy, gathered, memo }
    }

    /// The files that were found for a need, as the rule's `needs` stated it.
    pub fn gathered(&self, need: &Need) -> &'a [SourceFile] {
        self.gathered.files.get(need).map_or(&[], Vec::as_slice)
    }

    /// The files that were found for a need; `None` unless all that there are were read. For
    /// rules that conclude something from what is not there.
    pub fn gathered_whole(&self, need: &Need) -> Option<&'a [SourceFile]> {
        let files = self.gathered.files.get(need)?;
        (!self.gathered.partial.contains(need)).then_some(files.as_slice())
    }

    /// Whether the policy marks this path as critical.
    pub fn is_critical(&self, path: &RepoPath) -> bool {
        !self.policy.critical_paths.is_empty()
            && PathSet::new(&self.policy.critical_paths).matches(path)
    }

    /// The parsed form `T` of one side of a file, made by `parse` on first use. `None` if that
    /// side has no text. `parse` must depend on nothing but the text and the path.
    pub fn parsed<T: Any + Send + Sync>(
        &self,
        file: &FileChange,
        side: Side,
        parse: impl FnOnce(&str) -> T,
    ) -> Option<Arc<T>> {
        let text = file.text(side)?;
        let place = (file.path_on(side).clone(), side);
        self.remembered(Some(place), || parse(text.as_str()))
    }

    /// Something made once from the whole change and shared by the rules of a family. `make` must
    /// depend on nothing but the change and the files that every one of these rules asks for.
    pub fn shared<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        self.remembered(None, make)
    }

    fn remembered<T: Any + Send + Sync>(
        &self,
        place: Option<(RepoPath, Side)>,
        make: impl FnOnce() -> T,
    ) -> Option<Arc<T>> {
        let key = (TypeId::of::<T>(), place);
        let lock = || self.memo.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key).cloned() {
            return known.downcast::<T>().ok();
        }
        // Not under the lock: parsing may be slow, and a panic must not poison it.
        let made = Arc::new(make());
        lock().insert(key, made.clone());
        Some(made)
    }
}

/// Something that can say where it is: a changed file or a file that was read besides.
pub trait Place {
    fn at(&self, side: Side, lines: LineRange) -> Option<Anchor>;
}

impl Place for FileChange {
    fn at(&self, side: Side, lines: LineRange) -> Option<Anchor> {
        self.anchor(side, lines)
    }
}

impl Place for SourceFile {
    fn at(&self, _: Side, lines: LineRange) -> Option<Anchor> {
        self.anchor(lines)
    }
}
