//! Who may decide about a gate, in words.

use super::markdown::{code_span, cut};

/// Most names of a list, and most lists.
const MAX_NAMES: usize = 10;
const MAX_LISTS: usize = 5;

/// What policy and CODEOWNERS say about a gate. Names are shown as code: nobody is called.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deciders<'a> {
    /// The policy's approvers; empty: whoever maintains the repository.
    pub approvers: &'a [String],
    /// Code owners of the files that wait for the gate, a list for files with the same owners.
    pub owners: &'a [Vec<String>],
}

impl Deciders<'_> {
    /// "people with maintain or admin permission, or a code owner …", without a full stop.
    pub fn in_words(&self) -> String {
        let named = match self.approvers {
            [] => "people with maintain or admin permission".to_owned(),
            named => names(named),
        };
        match self.owners {
            [] => named,
            [one] => format!(
                "{named}, or a code owner of its files with write permission: {}",
                names(one)
            ),
            many => {
                let lists: Vec<String> =
                    many.iter().take(MAX_LISTS).map(|list| names(list)).collect();
                format!(
                    "{named}, or somebody with write permission who is a code owner of every one \
                     of its files: one of {}{}",
                    lists.join("; and one of "),
                    more(many.len(), MAX_LISTS)
                )
            }
        }
    }

    /// Why some of the code owners cannot decide; empty if all of them can.
    pub fn unresolved(&self) -> &'static str {
        let mail = |name: &String| !name.starts_with('@');
        match self.owners.iter().flatten().any(mail) {
            true => {
                " An e-mail address in CODEOWNERS does not tell which account it is; name the \
                 account for it to count."
            }
            false => "",
        }
    }
}

/// Names as code, the first ten.
pub fn names(all: &[impl AsRef<str>]) -> String {
    let spans: Vec<String> =
        all.iter().take(MAX_NAMES).map(|name| code_span(&cut(name.as_ref(), 80))).collect();
    format!("{}{}", spans.join(", "), more(all.len(), MAX_NAMES))
}

fn more(count: usize, shown: usize) -> String {
    match count.saturating_sub(shown) {
        0 => String::new(),
        left => format!(" and {left} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_who_decides_and_who_cannot() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let nobody = Deciders::default();
        assert_eq!(nobody.in_words(), "people with maintain or admin permission");
        let (named, dba) = (list(&["@acme/product"]), [list(&["@acme/dba", "ops@example.com"])]);
        let one = Deciders { approvers: &named, owners: &dba };
        assert_eq!(
            one.in_words(),
            "`@acme/product`, or a code owner of its files with write permission: `@acme/dba`, `ops@example.com`"
        );
        assert!(one.unresolved().contains("e-mail"));
        let both = [list(&["@dba"]), list(&["@api", "@lead"])];
        let both = Deciders { approvers: &[], owners: &both };
        assert!(both.in_words().ends_with("one of `@dba`; and one of `@api`, `@lead`"));
        assert_eq!(both.unresolved(), "");
        assert_eq!(names(&["a"; 12]), format!("{} and 2 more", ["`a`"; 10].join(", ")));
    }
}
