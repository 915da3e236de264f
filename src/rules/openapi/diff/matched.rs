//! Which parts of both descriptions stand for each other, before anything is judged.

use std::collections::HashMap;

use super::pairs::{PairId, Pairs};
use crate::rules::openapi::model::{
    Body, Description, Header, Media, Named, Operation, Parameter, Response, path_key,
    path_parameters,
};
use crate::rules::openapi::resolve::At;

/// A path of the old description and, if it still is there, of the new one.
pub struct Path<'t> {
    pub base: Named<'t>,
    pub head: Option<Named<'t>>,
}

/// An operation of both.
pub struct Both<'t> {
    pub base: Operation<'t>,
    pub head: Operation<'t>,
    pub parameters: Sides<Parameter<'t>>,
    pub body: (Option<Body<'t>>, Option<Body<'t>>),
    pub body_media: Sides<Media<'t>>,
    pub responses: Vec<BothResponses<'t>>,
    pub responses_gone: Vec<Response<'t>>,
    pub responses_new: Vec<Response<'t>>,
}

pub struct BothResponses<'t> {
    pub head: Response<'t>,
    pub media: Sides<Media<'t>>,
    pub headers: Sides<Header<'t>>,
}

/// Parts of a list that are on both sides, with their schemas, and parts of one side.
pub struct Sides<T> {
    pub both: Vec<(T, T, Option<PairId>)>,
    pub gone: Vec<T>,
    pub new: Vec<T>,
}

impl<T> Default for Sides<T> {
    fn default() -> Self {
        Self { both: Vec::new(), gone: Vec::new(), new: Vec::new() }
    }
}

impl Sides<Parameter<'_>> {
    /// Leaves out the fields of forms, which are parameters in Swagger 2 and the body in OpenAPI 3.
    fn drop_forms(&mut self) -> bool {
        let before = self.gone.len() + self.new.len();
        self.gone.retain(|parameter| parameter.location != "formData");
        self.new.retain(|parameter| parameter.location != "formData");
        before > self.gone.len() + self.new.len()
    }
}

/// Pairs the paths, whatever their parameters are called.
pub fn paths<'t>(
    base: &Description<'t>,
    head: &Description<'t>,
) -> (Vec<Path<'t>>, Vec<Named<'t>>) {
    let new = head.paths();
    let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, path) in new.iter().enumerate().rev() {
        by_key.entry(path_key(path.name)).or_default().push(at);
    }
    let exact: HashMap<&str, usize> = new.iter().enumerate().map(|(at, p)| (p.name, at)).collect();
    let mut taken = vec![false; new.len()];
    let old = base.paths();
    // Paths that are written the same belong together even where others would fit too.
    let mut found: Vec<Option<usize>> =
        old.iter().map(|path| exact.get(path.name).copied()).collect();
    for at in found.iter().flatten() {
        taken.get_mut(*at).into_iter().for_each(|taken| *taken = true);
    }
    for (path, found) in old.iter().zip(&mut found) {
        if found.is_none()
            && let Some(candidates) = by_key.get_mut(&path_key(path.name))
        {
            *found = std::iter::from_fn(|| candidates.pop())
                .find(|at| taken.get(*at).is_some_and(|taken| !taken));
            found.iter().for_each(|at| {
                taken.get_mut(*at).into_iter().for_each(|taken| *taken = true);
            });
        }
    }
    if base.prefix() != head.prefix() {
        moved((base, &old), (head, &new), &mut found, &mut taken);
    }
    let paths = old
        .iter()
        .zip(found)
        .map(|(base, at)| Path { base: *base, head: at.and_then(|at| new.get(at)).copied() })
        .collect();
    let added = new.iter().zip(taken).filter(|(_, taken)| !taken).map(|(path, _)| *path).collect();
    (paths, added)
}

/// Pairs what moved between the address of the server and the paths: it is called as before.
fn moved(
    (base, old): (&Description<'_>, &[Named<'_>]),
    (head, new): (&Description<'_>, &[Named<'_>]),
    found: &mut [Option<usize>],
    taken: &mut [bool],
) {
    let whole = |side: &Description<'_>, path: &Named<'_>| {
        path_key(&format!("{}{}", side.prefix(), path.name))
    };
    let mut open: HashMap<String, usize> = new
        .iter()
        .enumerate()
        .filter(|(at, _)| taken.get(*at).is_some_and(|taken| !taken))
        .map(|(at, path)| (whole(head, path), at))
        .collect();
    for (path, found) in old.iter().zip(found).filter(|(_, found)| found.is_none()) {
        *found = open.remove(&whole(base, path));
        let now_taken = found.and_then(|at| taken.get_mut(at));
        now_taken.into_iter().for_each(|taken| *taken = true);
    }
}

/// Webhooks that both have. What became of the others concerns no single operation.
pub fn webhooks<'t>(base: &Description<'t>, head: &Description<'t>) -> Vec<Path<'t>> {
    let new: HashMap<&str, Named<'t>> =
        head.webhooks().into_iter().map(|hook| (hook.name, hook)).collect();
    let both = |base: Named<'t>| {
        let head = new.get(base.name).copied();
        head.is_some().then_some(Path { base, head })
    };
    base.webhooks().into_iter().filter_map(both).collect()
}

/// Pairs everything below an operation, and asks for its schemas to be compared.
pub fn operation<'t>(
    sides: (&Description<'t>, &Description<'t>),
    base: Operation<'t>,
    head: Operation<'t>,
    pairs: &mut Pairs<'_, 't>,
) -> Both<'t> {
    let (old, new) = sides;
    let mut parameters = parameters(sides, &base, &head, pairs);
    let mut body = (old.body(&base), new.body(&head));
    if old.is_swagger() != new.is_swagger() && parameters.drop_forms() {
        body = (None, None);
    }
    let body_media = match &body {
        (Some(one), Some(other)) => media(&one.media, &other.media, pairs),
        _ => Sides::default(),
    };
    let mut after: Vec<Option<Response<'t>>> = new.responses(&head).into_iter().map(Some).collect();
    let by_status: HashMap<&str, usize> =
        after.iter().flatten().enumerate().map(|(at, r)| (r.status, at)).collect();
    let (mut responses, mut responses_gone) = (Vec::new(), Vec::new());
    for response in old.responses(&base) {
        let other = by_status.get(response.status).and_then(|at| after.get_mut(*at)?.take());
        match other {
            Some(other) => {
                let media = media(&response.media, &other.media, pairs);
                let headers = headers(&response.headers, &other.headers, pairs);
                responses.push(BothResponses { head: other, media, headers });
            }
            None => responses_gone.push(response),
        }
    }
    let responses_new: Vec<Response<'t>> = after.into_iter().flatten().collect();
    ranges(&responses_gone, &responses_new, &mut responses, pairs);
    Both { base, head, parameters, body, body_media, responses, responses_gone, responses_new }
}

/// A status and the range that it is in (`200`, `2XX`) describe the same answers.
fn ranges<'t>(
    gone: &[Response<'t>],
    new: &[Response<'t>],
    responses: &mut Vec<BothResponses<'t>>,
    pairs: &mut Pairs<'_, 't>,
) {
    for old in gone {
        let related = |new: &&Response<'t>| {
            is_in_range(old.status, new.status) || is_in_range(new.status, old.status)
        };
        let Some(new) = new.iter().find(related) else { continue };
        let media = media(&old.media, &new.media, pairs);
        let headers = headers(&old.headers, &new.headers, pairs);
        responses.push(BothResponses { head: new.clone(), media, headers });
    }
}

/// Whether `range` is `2XX` or the like and `status` is one of it.
pub fn is_in_range(status: &str, range: &str) -> bool {
    let wide = |text: &str| text.get(1..).is_some_and(|rest| rest.eq_ignore_ascii_case("XX"));
    wide(range) && !wide(status) && status.len() == 3 && status.get(..1) == range.get(..1)
}

fn intern<'t>(
    pairs: &mut Pairs<'_, 't>,
    base: Option<At<'t>>,
    head: Option<At<'t>>,
) -> Option<PairId> {
    pairs.intern(base?, head?)
}

fn parameters<'t>(
    (old, new): (&Description<'t>, &Description<'t>),
    base: &Operation<'t>,
    head: &Operation<'t>,
    pairs: &mut Pairs<'_, 't>,
) -> Sides<Parameter<'t>> {
    let renamed: HashMap<&str, &str> =
        path_parameters(base.path.name).into_iter().zip(path_parameters(head.path.name)).collect();
    let after = new.parameters(head);
    let index: HashMap<(&str, String), usize> =
        after.iter().enumerate().map(|(at, p)| (name_key(p.location, p.name), at)).collect();
    let mut taken = vec![false; after.len()];
    let mut sides = Sides::default();
    let mut unmatched = Vec::new();
    for parameter in old.parameters(base) {
        let name = match parameter.location {
            "path" => renamed.get(parameter.name).copied().unwrap_or(parameter.name),
            _ => parameter.name,
        };
        let at = index.get(&name_key(parameter.location, name)).copied();
        match at.and_then(|at| Some((at, *after.get(at)?))) {
            Some((at, other)) => {
                taken.get_mut(at).into_iter().for_each(|taken| *taken = true);
                let pair = intern(pairs, parameter.schema, other.schema);
                sides.both.push((parameter, other, pair));
            }
            None => unmatched.push(parameter),
        }
    }
    let mut added: Vec<Parameter<'t>> =
        after.iter().zip(taken).filter(|(_, taken)| !taken).map(|(p, _)| *p).collect();
    // Fields of an object that is sent field by field look the same as single parameters.
    let mut spread = Vec::new();
    unmatched.retain(|parameter| {
        let holder =
            added.iter().find_map(|object| Some((*object, field(new, object, parameter)?)));
        if let Some((object, schema)) = holder {
            let pair = intern(pairs, parameter.schema, Some(schema));
            let required = parameter.required;
            sides.both.push((
                *parameter,
                Parameter { schema: Some(schema), required, ..object },
                pair,
            ));
            spread.push(object.at.identity());
        }
        holder.is_none()
    });
    let mut joined = Vec::new();
    added.retain(|parameter| {
        let was_field = unmatched.iter().find(|object| field(old, object, parameter).is_some());
        joined.extend(was_field.map(|object| object.at.identity()));
        was_field.is_none() && !spread.contains(&parameter.at.identity())
    });
    unmatched.retain(|parameter| !joined.contains(&parameter.at.identity()));
    sides.gone = unmatched;
    sides.new = added;
    sides
}

/// The case of a header's name does not matter.
fn name_key<'p>(location: &'p str, name: &str) -> (&'p str, String) {
    let name = if location == "header" { name.to_ascii_lowercase() } else { name.to_owned() };
    (location, name)
}

/// The schema of the field of that name, if the object is a parameter that is sent field by field.
fn field<'t>(
    description: &Description<'t>,
    object: &Parameter<'t>,
    single: &Parameter<'t>,
) -> Option<At<'t>> {
    let at = object.at;
    let by_field = at.is_true("explode") && matches!(at.word("style"), "" | "form");
    if !by_field || object.location != single.location {
        return None;
    }
    let schema = description.value(object.schema?);
    let properties = schema.get("properties")?;
    Some(properties.with(description.documents.child(properties.node, single.name)?))
}

/// Pairs media types of the same name, then such where one is a special case of the other.
pub fn media<'t>(
    old: &[Media<'t>],
    new: &[Media<'t>],
    pairs: &mut Pairs<'_, 't>,
) -> Sides<Media<'t>> {
    let mut sides = Sides::default();
    let mut left: Vec<Media<'t>> = Vec::new();
    let mut open: Vec<Media<'t>> = new.to_vec();
    for one in old {
        match open.iter().position(|other| other.name == one.name) {
            Some(at) => {
                let other = open.remove(at);
                let pair = intern(pairs, one.schema, other.schema);
                sides.both.push((*one, other, pair));
            }
            None => left.push(*one),
        }
    }
    for one in left {
        let related = |other: &Media<'t>| {
            is_special_case(other.name, one.name) || is_special_case(one.name, other.name)
        };
        match open.iter().position(related) {
            Some(at) => {
                let other = open.remove(at);
                let pair = intern(pairs, one.schema, other.schema);
                sides.both.push((one, other, pair));
            }
            None => sides.gone.push(one),
        }
    }
    sides.new = open;
    sides
}

fn headers<'t>(
    old: &[Header<'t>],
    new: &[Header<'t>],
    pairs: &mut Pairs<'_, 't>,
) -> Sides<Header<'t>> {
    let mut sides = Sides::default();
    let mut open: Vec<Header<'t>> = new.to_vec();
    for one in old {
        match open.iter().position(|other| other.name.eq_ignore_ascii_case(one.name)) {
            Some(at) => {
                let other = open.remove(at);
                let pair = intern(pairs, one.schema, other.schema);
                sides.both.push((*one, other, pair));
            }
            None => sides.gone.push(*one),
        }
    }
    sides.new = open;
    sides
}

/// Whether what is written in the first media type can be read as the second: its syntax suffix
/// names it (`application/problem+json` is `application/json`), or it only adds suffixes.
pub fn is_special_case(one: &str, general: &str) -> bool {
    let essence = |name: &str| name.split(';').next().unwrap_or(name).trim().to_ascii_lowercase();
    let (one, general) = (essence(one), essence(general));
    let (Some((kind, one)), Some((general_kind, general))) =
        (one.split_once('/'), general.split_once('/'))
    else {
        return false;
    };
    let one: Vec<&str> = one.split('+').collect();
    let general: Vec<&str> = general.split('+').collect();
    let by_suffix = general.len() == 1 && one.len() > 1 && one.last() == general.first();
    kind == general_kind && (by_suffix || one.starts_with(&general))
}
