//! Trouble on purpose: rules that make requests fail the way GitHub and networks fail.

use std::time::Duration;

/// What happens to a request that a rule matches.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultAction {
    /// Answers this; the request is not applied.
    Status { code: u16, headers: Vec<(String, String)>, body: String },
    /// 403 of the secondary limit with `Retry-After` in seconds; not applied.
    RateLimit { retry_after: u64 },
    /// 403 of the primary limit; `x-ratelimit-reset` lies this many seconds ahead; not applied.
    PrimaryLimit { reset_in: u64 },
    /// The connection is cut; not applied.
    DropBefore,
    /// Applied, then the connection is cut without an answer.
    DropAfter,
    /// Applied, but the answer is this status.
    StatusAfter { code: u16 },
    /// Applied; the answer's head is sent, and half of the body, then the connection is cut.
    Truncate,
    /// Applied; the answer is 200 with a body that is no JSON.
    Garbage,
    /// Applied and answered, after a wait in milliseconds.
    Delay { milliseconds: u64 },
    /// Not applied and never answered.
    Hang,
}

/// A rule. Rules are tried in the order in which they were added; the first that still has times
/// left and matches is used, and only that one.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `None` = any method.
    pub method: Option<String>,
    /// Part of the path (without query); empty = any path.
    pub path_contains: String,
    /// `true` = only requests of the git protocol; `false` = only the others.
    pub git: bool,
    /// Matching requests that pass before the rule acts.
    pub skip: usize,
    /// Requests that the rule then hits.
    pub times: usize,
    pub action: FaultAction,
}

impl Fault {
    /// Hits the first REST or GraphQL request whose path contains this.
    pub fn new(path_contains: &str, action: FaultAction) -> Self {
        Self {
            method: None,
            path_contains: path_contains.to_owned(),
            git: false,
            skip: 0,
            times: 1,
            action,
        }
    }

    /// A plain error status, as a proxy in front of GitHub would give.
    pub fn status(path_contains: &str, code: u16) -> Self {
        let body = r#"{"message":"Server Error"}"#.to_owned();
        Self::new(path_contains, FaultAction::Status { code, headers: Vec::new(), body })
    }

    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    #[must_use]
    pub fn skip(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    #[must_use]
    pub fn times(mut self, requests: usize) -> Self {
        self.times = requests;
        self
    }

    /// Makes the rule meet requests of the git protocol instead.
    #[must_use]
    pub fn git(mut self) -> Self {
        self.git = true;
        self
    }
}

/// A rule with what is left of it.
pub(super) struct FaultRule {
    fault: Fault,
}

impl FaultRule {
    pub fn new(fault: Fault) -> Self {
        Self { fault }
    }
}

/// The action for this request, if a rule meets it. Counts the rule down.
pub(super) fn select(
    rules: &mut [FaultRule],
    method: &str,
    path: &str,
    git: bool,
) -> Option<FaultAction> {
    for rule in rules {
        let fault = &mut rule.fault;
        let matches = fault.git == git
            && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && path.contains(&fault.path_contains);
        if !matches || fault.times == 0 {
            continue;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        fault.times -= 1;
        return Some(fault.action.clone());
    }
    None
}

impl FaultAction {
    /// Time to wait before the request is handled.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Delay { milliseconds } => Some(Duration::from_millis(*milliseconds)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_count_down_and_the_first_match_wins() {
        let mut rules = [
            FaultRule::new(Fault::status("check-runs", 502).method("POST").skip(1).times(2)),
            FaultRule::new(Fault::new("check-runs", FaultAction::Hang)),
            FaultRule::new(Fault::status("", 500).git()),
        ];
        let path = "/repos/a/b/check-runs";
        let code = |action: Option<FaultAction>| match action {
            Some(FaultAction::Status { code, .. }) => code,
            _ => 0,
        };
        // The first rule lets one pass, which the second rule then meets.
        assert_eq!(select(&mut rules, "POST", path, false), Some(FaultAction::Hang));
        assert_eq!(code(select(&mut rules, "POST", path, false)), 502);
        assert_eq!(select(&mut rules, "PATCH", path, false), None);
        assert_eq!(code(select(&mut rules, "post", path, false)), 502);
        assert_eq!(select(&mut rules, "POST", path, false), None);
        assert_eq!(code(select(&mut rules, "GET", "/a/b.git/info/refs", true)), 500);
    }
}
