//! What a change of protobuf files means, rule by rule as `buf breaking` names them.

use std::collections::{BTreeMap, HashMap};

use super::model::{At, Enum, FileItem, Message, Model, Service};
use super::syntax::Range;
use super::{elements, fields};

/// One difference, under the id of the rule of `buf breaking` that knows it.
#[derive(Debug, Clone)]
pub struct Difference {
    pub id: &'static str,
    /// Where it shows at head; `None` if nothing is left there.
    pub head: Option<At>,
    /// What changed or is gone, where it stood before.
    pub base: Option<At>,
    /// As a sentence without a final dot, `` `code` `` marked.
    pub title: String,
    /// The element with its package.
    pub symbol: String,
    /// A field that is there under another number.
    pub renumbered: bool,
    /// The two sides read each other's bytes, or JSON, wrongly, whichever rule says it.
    pub breaks_wire: bool,
}

#[derive(Default)]
pub struct Report(pub Vec<Difference>);

impl Report {
    pub fn add(
        &mut self,
        id: &'static str,
        (base, head): (Option<At>, Option<At>),
        symbol: &str,
        title: String,
    ) {
        let symbol = symbol.to_owned();
        let (renumbered, breaks_wire) = (false, false);
        self.0.push(Difference { id, head, base, title, symbol, renumbered, breaks_wire });
    }
}

pub const fn at(file: usize, line: u32) -> Option<At> {
    Some(At { file, line: Some(line) })
}

pub const fn whole(file: usize) -> Option<At> {
    Some(At { file, line: None })
}

/// Both sides, with what is looked up often.
pub struct Sides<'a> {
    pub base: &'a Model,
    pub head: &'a Model,
    /// Number of each file at head by its path.
    pub head_files: HashMap<&'a str, usize>,
    /// Messages of the files at head: (file, name in the file).
    pub head_messages: HashMap<(usize, &'a str), &'a Message>,
    /// Enums by full name.
    pub base_enums: HashMap<&'a str, &'a Enum>,
    pub head_enums: HashMap<&'a str, &'a Enum>,
}

fn enums_by_name(model: &Model) -> HashMap<&str, &Enum> {
    let enums = model.enums.iter().chain(&model.other_enums);
    enums.map(|entry| (entry.full.as_str(), entry)).collect()
}

/// Everything that any rule of `buf breaking` reports.
pub fn compare(base: &Model, head: &Model) -> Vec<Difference> {
    let sides = Sides {
        base,
        head,
        head_files: head.files.iter().enumerate().map(|(n, f)| (f.path.as_str(), n)).collect(),
        base_enums: enums_by_name(base),
        head_enums: enums_by_name(head),
        head_messages: head.messages.iter().map(|m| ((m.file, m.nested.as_str()), m)).collect(),
    };
    let mut report = Report::default();
    files(&sides, &mut report);
    elements::deleted(&sides, &mut report);
    let (messages, enums, services) =
        (pairs(base, head), enum_pairs(base, head), service_pairs(base, head));
    for (old, new) in messages {
        elements::messages(old, new, &mut report);
        fields::of_messages(&sides, old, new, &mut report);
    }
    fields::of_extensions(&sides, &mut report);
    for (old, new) in enums {
        elements::enums(old, new, &mut report);
    }
    for (old, new) in services {
        elements::services(old, new, &mut report);
    }
    report.0
}

type Pairs<'a, T> = Vec<(&'a T, &'a T)>;

fn pairs<'a>(base: &'a Model, head: &'a Model) -> Pairs<'a, Message> {
    let place = |model: &'a Model, m: &'a Message| (m.full.as_str(), path(model, m.file));
    matched(&base.messages, &head.messages, |m| place(base, m), |m| place(head, m))
}

fn enum_pairs<'a>(base: &'a Model, head: &'a Model) -> Pairs<'a, Enum> {
    let place = |model: &'a Model, e: &'a Enum| (e.full.as_str(), path(model, e.file));
    matched(&base.enums, &head.enums, |e| place(base, e), |e| place(head, e))
}

fn service_pairs<'a>(base: &'a Model, head: &'a Model) -> Pairs<'a, Service> {
    let place = |model: &'a Model, s: &'a Service| (s.full.as_str(), path(model, s.file));
    matched(&base.services, &head.services, |s| place(base, s), |s| place(head, s))
}

fn path(model: &Model, file: usize) -> &str {
    model.files.get(file).map_or("", |file| file.path.as_str())
}

/// Elements of the same full name on both sides. Where several files define one name, as copies
/// of other repositories do, those at the same path belong together.
fn matched<'a, T>(
    base: &'a [T],
    head: &'a [T],
    base_place: impl Fn(&'a T) -> (&'a str, &'a str),
    head_place: impl Fn(&'a T) -> (&'a str, &'a str),
) -> Vec<(&'a T, &'a T)> {
    type Group<'a, T> = (Vec<(&'a str, &'a T)>, Vec<(&'a str, &'a T)>);
    let mut groups: BTreeMap<&str, Group<'a, T>> = BTreeMap::new();
    for item in base {
        let (name, path) = base_place(item);
        groups.entry(name).or_default().0.push((path, item));
    }
    for item in head {
        let (name, path) = head_place(item);
        if let Some(group) = groups.get_mut(name) {
            group.1.push((path, item));
        }
    }
    let mut found = Vec::new();
    for (old, new) in groups.into_values() {
        if let ([(_, old)], [(_, new)]) = (old.as_slice(), new.as_slice()) {
            found.push((*old, *new));
            continue;
        }
        let mut by_path: HashMap<&str, &T> = HashMap::new();
        for (path, item) in new {
            by_path.entry(path).or_insert(item);
        }
        for (path, item) in old {
            // One pair for each: a file that repeats a name is an error of its own.
            found.extend(by_path.remove(path).map(|new| (item, new)));
        }
    }
    found
}

fn files(sides: &Sides<'_>, report: &mut Report) {
    for (number, old) in sides.base.files.iter().enumerate() {
        match sides.head_files.get(old.path.as_str()) {
            Some(head) => {
                if let Some(new) = sides.head.files.get(*head) {
                    same_file(number, old, *head, new, report);
                }
            }
            None => {
                let title = format!("File `{}` is removed", old.path);
                report.add("FILE_NO_DELETE", (whole(number), None), &old.path, title);
            }
        }
    }
    let mut gone: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for (number, old) in sides.base.files.iter().enumerate() {
        let package = old.package.0.as_str();
        if !sides.head.packages.contains(package) {
            let first = gone.entry(package).or_insert((&old.path, number));
            *first = (*first).min((&old.path, number));
        }
    }
    for (package, (_, number)) in gone {
        let title = format!("Package `{package}` is removed");
        report.add("PACKAGE_NO_DELETE", (whole(number), None), package, title);
    }
}

fn same_file(number: usize, old: &FileItem, head: usize, new: &FileItem, report: &mut Report) {
    let places = |old: Option<u32>, new: Option<u32>| {
        (Some(At { file: number, line: old }), Some(At { file: head, line: new }))
    };
    if old.package.0 != new.package.0 {
        let title = format!("The package changes from `{}` to `{}`", old.package.0, new.package.0);
        let places = places(old.package.1, new.package.1);
        report.add("FILE_SAME_PACKAGE", places, &old.path, title);
    }
    let (before, after) = (old.syntax.0.to_string(), new.syntax.0.to_string());
    // Editions count as one syntax.
    let kind = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    if kind(&before) != kind(&after) {
        let title = format!("The syntax changes from `{before}` to `{after}`");
        report.add("FILE_SAME_SYNTAX", places(old.syntax.1, new.syntax.1), &old.path, title);
    }
    for ((name, before, line), (_, after, new_line)) in old.options.iter().zip(&new.options) {
        if before != after
            && let Some((_, id)) = FILE_RULES.iter().find(|(option, _)| option == name)
        {
            let title = format!("Option `{name}` changes from `{before}` to `{after}`");
            report.add(id, places(*line, *new_line), &old.path, title);
        }
    }
}

const FILE_RULES: &[(&str, &str)] = &[
    ("cc_enable_arenas", "FILE_SAME_CC_ENABLE_ARENAS"),
    ("cc_generic_services", "FILE_SAME_CC_GENERIC_SERVICES"),
    ("csharp_namespace", "FILE_SAME_CSHARP_NAMESPACE"),
    ("go_package", "FILE_SAME_GO_PACKAGE"),
    ("java_generic_services", "FILE_SAME_JAVA_GENERIC_SERVICES"),
    ("java_multiple_files", "FILE_SAME_JAVA_MULTIPLE_FILES"),
    ("java_outer_classname", "FILE_SAME_JAVA_OUTER_CLASSNAME"),
    ("java_package", "FILE_SAME_JAVA_PACKAGE"),
    ("objc_class_prefix", "FILE_SAME_OBJC_CLASS_PREFIX"),
    ("optimize_for", "FILE_SAME_OPTIMIZE_FOR"),
    ("php_class_prefix", "FILE_SAME_PHP_CLASS_PREFIX"),
    ("php_metadata_namespace", "FILE_SAME_PHP_METADATA_NAMESPACE"),
    ("php_namespace", "FILE_SAME_PHP_NAMESPACE"),
    ("py_generic_services", "FILE_SAME_PY_GENERIC_SERVICES"),
    ("ruby_package", "FILE_SAME_RUBY_PACKAGE"),
    ("swift_prefix", "FILE_SAME_SWIFT_PREFIX"),
];

/// Ranges of numbers, joined where they touch, in order.
pub struct Ranges(Vec<Range>);

impl Ranges {
    pub fn new(ranges: &[Range]) -> Self {
        let mut sorted = ranges.to_vec();
        sorted.sort_unstable();
        let mut joined: Vec<Range> = Vec::new();
        for (start, end) in sorted {
            match joined.last_mut() {
                Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        Self(joined)
    }

    /// Whether every number of `range` is in one of these.
    pub fn cover(&self, (start, end): Range) -> bool {
        let after = self.0.partition_point(|range| range.0 <= start);
        let last = after.checked_sub(1).and_then(|index| self.0.get(index));
        start > end || last.is_some_and(|range| range.1 >= end)
    }
}
