//! In which directories patterns can match, so that a search for a few of them does not read all
//! trees of a large repository.

use globset::{GlobBuilder, GlobMatcher};

/// One part of a pattern, between slashes.
enum Part {
    /// `**`: any directories, none included; at the end, everything below.
    Any,
    Name(String),
    Like(GlobMatcher),
}

impl Part {
    fn of(text: &str) -> Option<Self> {
        if text == "**" {
            return Some(Self::Any);
        }
        if !text.contains(['*', '?', '[', ']', '{', '}', '\\', '!']) {
            return Some(Self::Name(text.to_owned()));
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build().ok()?;
        Some(Self::Like(glob.compile_matcher()))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(own) => own == name,
            Self::Like(glob) => glob.is_match(name),
        }
    }
}

/// Patterns split at their slashes. What it says is a first sieve: the patterns themselves decide.
#[derive(Default)]
pub(super) struct Directions {
    globs: Vec<Vec<Part>>,
    everywhere: bool,
}

/// Where a walk stands in the patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Everything below may match.
    Everywhere,
    /// Number of the pattern and of its next part.
    At(Vec<(usize, usize)>),
}

impl Directions {
    /// Every file.
    pub fn everywhere() -> Self {
        Self { globs: Vec::new(), everywhere: true }
    }

    pub fn add(&mut self, globs: &[String]) {
        for glob in globs {
            match split(glob) {
                Some(parts) if matches!(parts.first(), Some(Part::Any)) => self.everywhere = true,
                Some(parts) => self.globs.push(parts),
                None => self.everywhere = true,
            }
        }
    }

    pub fn is_everywhere(&self) -> bool {
        self.everywhere
    }

    /// The root of a tree.
    pub fn start(&self) -> Place {
        if self.everywhere {
            return Place::Everywhere;
        }
        self.place((0..self.globs.len()).map(|glob| (glob, 0)).collect())
    }

    /// The directory of that name below; `None` if nothing in it can match.
    pub fn below(&self, place: &Place, name: &[u8]) -> Option<Place> {
        let Place::At(positions) = place else { return Some(Place::Everywhere) };
        let name = std::str::from_utf8(name).ok()?;
        let mut next = Vec::new();
        for (glob, at) in positions {
            match self.part(*glob, *at) {
                Some(Part::Any) => next.push((*glob, *at)),
                // A part must be left for what is in the directory.
                Some(part) if part.matches(name) && self.part(*glob, at + 1).is_some() => {
                    next.push((*glob, at + 1));
                }
                _ => {}
            }
        }
        (!next.is_empty()).then(|| self.place(next))
    }

    /// Whether the file of that name in the directory can match.
    pub fn wants(&self, place: &Place, name: &[u8]) -> bool {
        let Place::At(positions) = place else { return true };
        let Ok(name) = std::str::from_utf8(name) else { return false };
        positions.iter().any(|(glob, at)| {
            let last = self.part(*glob, at + 1).is_none();
            last && self.part(*glob, *at).is_some_and(|part| part.matches(name))
        })
    }

    fn part(&self, glob: usize, at: usize) -> Option<&Part> {
        self.globs.get(glob)?.get(at)
    }

    /// With the positions behind each `**`, which may stand for no directory at all.
    fn place(&self, mut positions: Vec<(usize, usize)>) -> Place {
        let mut index = 0;
        while let Some((glob, at)) = positions.get(index).copied() {
            index += 1;
            if !matches!(self.part(glob, at), Some(Part::Any)) {
                continue;
            }
            match self.part(glob, at + 1) {
                None => return Place::Everywhere,
                Some(_) if positions.contains(&(glob, at + 1)) => {}
                Some(_) => positions.push((glob, at + 1)),
            }
        }
        Place::At(positions)
    }
}

/// `None` where a slash may stand inside of brackets.
fn split(glob: &str) -> Option<Vec<Part>> {
    let odd = glob.is_empty() || glob.contains('\\');
    let mut open = 0_i32;
    for c in glob.chars() {
        match c {
            '{' | '[' => open += 1,
            '}' | ']' => open -= 1,
            '/' if open != 0 => return None,
            _ => {}
        }
    }
    if odd || open != 0 {
        return None;
    }
    glob.split('/').map(Part::of).collect()
}

#[cfg(test)]
mod tests {
    use globset::GlobSetBuilder;
    use proptest::prelude::*;

    use super::*;

    fn reaches(globs: &[String], path: &str) -> bool {
        let mut directions = Directions::default();
        directions.add(globs);
        let mut place = directions.start();
        let parts: Vec<&str> = path.split('/').collect();
        let (name, directories) = parts.split_last().unwrap();
        for directory in directories {
            match directions.below(&place, directory.as_bytes()) {
                Some(next) => place = next,
                None => return false,
            }
        }
        directions.wants(&place, name.as_bytes())
    }

    #[test]
    fn walks_only_where_a_pattern_leads() {
        let globs = ["a/*/x.yaml", "b/**/t_*.py", "top.toml"].map(str::to_owned);
        for path in ["a/q/x.yaml", "b/t_1.py", "b/c/d/t_1.py", "top.toml"] {
            assert!(reaches(&globs, path), "{path}");
        }
        for path in ["a/x.yaml", "a/q/r/x.yaml", "c/x", "b/c/u_1.py", "top.toml/x", "a/q/y.yaml"] {
            assert!(!reaches(&globs, path), "{path}");
        }
        assert!(reaches(&["a/**".to_owned()], "a/b/c"));
        assert!(reaches(&["{a/b,c}/d".to_owned()], "anything"));
    }

    proptest! {
        #[test]
        fn nothing_that_matches_is_left_out(
            globs in prop::collection::vec("(\\*\\*/|[ab*]{1,2}/|\\[ab\\]/|\\{a,b\\}/){0,3}([ab*?]{1,3}|\\*\\*)", 1..4),
            path in "([ab]{1,2}/){0,3}[ab]{1,3}",
        ) {
            let mut set = GlobSetBuilder::new();
            for glob in &globs {
                let glob = GlobBuilder::new(glob).literal_separator(true).build();
                prop_assume!(glob.is_ok());
                set.add(glob.unwrap());
            }
            if set.build().unwrap().is_match(&path) {
                prop_assert!(reaches(&globs, &path), "{globs:?} {path}");
            }
        }
    }
}
