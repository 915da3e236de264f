//! All checks of a pair of schemas and of everything inside of it.

use super::collect::Collector;
use super::fields::{self, Both};
use super::lifecycle::Stability;
use super::pairs::{Pair, PairId, Pairs, Step};
use super::site::{Direction, Scope, Site};
use super::types::Wrapping;
use super::{bounds, keywords, shape};

/// Where a schema is used.
#[derive(Clone, Copy)]
pub struct Use<'u> {
    pub direction: Direction,
    /// `Body`, `Parameter` or `Header`.
    pub scope: Scope,
    pub owner: &'u str,
    pub strong: bool,
    pub in_header: bool,
}

/// How a pair was reached: the pair that holds it, and the step from there.
struct Reached<'p, 't> {
    id: PairId,
    from: Option<(usize, &'p Step<'t>)>,
    scope: Scope,
    /// It is inside of something that clients do not send, or do not receive.
    moot: bool,
}

/// Reports what changed in a schema as it is used in one place. A pair that is reached in several
/// ways is reported at the first.
pub fn check<'t>(
    pairs: &Pairs<'_, 't>,
    documents: Both<'_, 't>,
    root: PairId,
    place: Use<'_>,
    out: &mut Collector,
) {
    let start = Reached { id: root, from: None, scope: place.scope, moot: false };
    let mut trail: Vec<Reached<'_, 't>> = vec![start];
    out.start_walk(pairs.len());
    // Depth first, so that what stands together is reported together.
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        let Some(reached) = trail.get(at) else { continue };
        let Some(pair) = pairs.get(reached.id).filter(|pair| pair.changed) else { continue };
        let (moot, scope) = (reached.moot, reached.scope);
        if !out.enter(reached.id, moot) || out.is_full() {
            continue;
        }
        let early = scope != place.scope && Stability::is_early_at(pair.head);
        if pair.differs {
            differing(pairs, documents, (&trail, at), place, early, out);
        }
        // What clients were told not to rely on may change as it likes.
        if early {
            continue;
        }
        for (step, child) in pair.children.iter().rev() {
            if let Some(inside) = pairs.get(*child).filter(|child| child.changed) {
                let same = *step == Step::Reference;
                open.push(trail.len());
                trail.push(Reached {
                    id: *child,
                    from: Some((at, step)),
                    scope: if same { scope } else { inner(place.scope) },
                    moot: moot || hidden(inside, place.direction),
                });
            }
        }
    }
}

/// Checks a pair that differs by itself, at the end of a trail.
fn differing<'t>(
    pairs: &Pairs<'_, 't>,
    documents: Both<'_, 't>,
    (trail, at): (&[Reached<'_, 't>], usize),
    place: Use<'_>,
    early: bool,
    out: &mut Collector,
) {
    let Some(reached) = trail.get(at) else { return };
    let Some(pair) = pairs.get(reached.id) else { return };
    let required = match &reached.from {
        Some((holder, Step::Property(name))) => {
            let holder = trail.get(*holder).and_then(|holder| pairs.get(holder.id));
            holder.map(|holder| requires(holder.base, name))
        }
        _ => None,
    };
    let path = path_of(trail, at);
    out.moot = reached.moot;
    let mut site = Site {
        pair,
        direction: place.direction,
        scope: reached.scope,
        path: &path,
        owner: place.owner,
        strong: place.strong,
        in_header: place.in_header,
        required,
        rearranged: fields::rearranged(pair, documents),
        out,
    };
    if early {
        fields::stability(&mut site);
    } else {
        one(&mut site, documents);
    }
    out.moot = false;
}

/// The names of the steps from the root, with slashes between.
fn path_of(trail: &[Reached<'_, '_>], at: usize) -> String {
    let mut steps = Vec::new();
    let mut current = trail.get(at);
    while let Some((holder, step)) = current.and_then(|reached| reached.from.as_ref()) {
        match step {
            Step::Property(name) => steps.push(*name),
            Step::Keyword(name) => steps.push(name.as_str()),
            Step::Reference => {}
        }
        current = trail.get(*holder);
    }
    steps.reverse();
    steps.join("/")
}

/// Whether a property was required before.
fn requires(holder: crate::rules::openapi::resolve::At<'_>, name: &str) -> bool {
    let list = holder.node.get("required");
    list.is_some_and(|list| list.items().iter().any(|item| item.as_str() == Some(name)))
}

/// Whether clients do not send it, or do not receive it.
fn hidden(pair: &Pair<'_>, direction: Direction) -> bool {
    let key = if direction == Direction::Request { "readOnly" } else { "writeOnly" };
    pair.head.is_true(key)
}

fn inner(scope: Scope) -> Scope {
    match scope {
        Scope::Body | Scope::Property => Scope::Property,
        Scope::Parameter | Scope::ParameterProperty => Scope::ParameterProperty,
        Scope::Header => Scope::Header,
    }
}

fn one<'t>(site: &mut Site<'_, 't>, documents: Both<'_, 't>) {
    let nested_header = site.scope == Scope::Header && !site.path.is_empty();
    if nested_header {
        return;
    }
    shape::check(site);
    if !matches!(site.pair.wrapping, Wrapping::Nullable | Wrapping::NotNullable) {
        bounds::check(site);
        bounds::other_limits(site);
        keywords::check(site);
        fields::check(site, documents);
    }
}
