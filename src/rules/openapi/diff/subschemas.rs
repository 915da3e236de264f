//! Which of the schemas of a list (`oneOf` and the like) stand for each other on both sides.

use std::collections::HashMap;

use super::pairs::Pairs;
use crate::rules::openapi::resolve::At;

/// Positions in the lists of both sides.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lists {
    pub pairs: Vec<(usize, usize)>,
    pub gone: Vec<usize>,
    pub new: Vec<usize>,
}

/// For tuples, where the position is the meaning.
pub fn by_position(old: &[At<'_>], new: &[At<'_>]) -> Lists {
    let both = old.len().min(new.len());
    Lists {
        pairs: (0..both).map(|at| (at, at)).collect(),
        gone: (both..old.len()).collect(),
        new: (both..new.len()).collect(),
    }
}

/// References go by name, other schemas by what they accept, then by title. What is left over is
/// taken for one changed schema only when there is exactly one on each side.
pub fn matched<'t>(pairs: &mut Pairs<'_, 't>, old: &[At<'t>], new: &[At<'t>]) -> Lists {
    let (base, head) = (pairs.base, pairs.head);
    let mut left =
        Lists { pairs: Vec::new(), gone: (0..old.len()).collect(), new: (0..new.len()).collect() };
    left.pair_by(
        |at| reference(old, at).map(str::to_owned),
        |at| reference(new, at).map(str::to_owned),
    );
    let prints = &mut pairs.prints;
    let print_old: Vec<_> =
        old.iter().map(|at| base.value(*at).map(|at| prints.0.of(at.node))).collect();
    let print_new: Vec<_> =
        new.iter().map(|at| head.value(*at).map(|at| prints.1.of(at.node))).collect();
    left.pair_by(
        |at| print_old.get(at).copied().flatten(),
        |at| print_new.get(at).copied().flatten(),
    );
    left.pair_by(|at| title(old, at), |at| title(new, at));
    let single = |list: &[At<'_>], left: &[usize]| {
        let mut inline =
            left.iter().filter(|at| reference(list, **at).is_none() && title(list, **at).is_none());
        let first = inline.next().copied();
        let inline_only = left.iter().filter(|at| reference(list, **at).is_none()).count() == 1;
        first.filter(|_| inline_only)
    };
    if let (Some(one), Some(other)) = (single(old, &left.gone), single(new, &left.new)) {
        left.gone.retain(|at| *at != one);
        left.new.retain(|at| *at != other);
        left.pairs.push((one, other));
    }
    left
}

fn reference<'t>(list: &[At<'t>], at: usize) -> Option<&'t str> {
    list.get(at).map(|at| at.word("$ref")).filter(|text| !text.is_empty())
}

/// Of a schema that is written in place.
fn title<'t>(list: &[At<'t>], at: usize) -> Option<&'t str> {
    let node = list.get(at).filter(|_| reference(list, at).is_none())?;
    Some(node.word("title")).filter(|text| !text.is_empty())
}

impl Lists {
    /// Pairs what is left over on both sides and has the same key, in order.
    fn pair_by<K: std::hash::Hash + Eq>(
        &mut self,
        old: impl Fn(usize) -> Option<K>,
        new: impl Fn(usize) -> Option<K>,
    ) {
        let mut waiting: HashMap<K, Vec<usize>> = HashMap::new();
        for at in self.new.iter().rev() {
            if let Some(key) = new(*at) {
                waiting.entry(key).or_default().push(*at);
            }
        }
        let mut taken = Vec::new();
        let pairs = &mut self.pairs;
        self.gone.retain(|at| {
            let found = old(*at).and_then(|key| waiting.get_mut(&key)).and_then(Vec::pop);
            if let Some(other) = found {
                pairs.push((*at, other));
                taken.push(other);
            }
            found.is_none()
        });
        let taken: std::collections::HashSet<usize> = taken.into_iter().collect();
        self.new.retain(|at| !taken.contains(at));
    }
}
