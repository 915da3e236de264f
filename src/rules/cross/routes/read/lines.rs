//! Routes in languages without a grammar here, line by line: what Spring, Ktor and the like write
//! in Kotlin and Scala.

use std::sync::LazyLock;

use regex::Regex;

use super::{Found, Handler};
use crate::rules::cross::places::is_comment;

/// Calls on things named like routers: `router.get("/a"`. A call on `client` or `http` is a request,
/// not a route.
static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?:^|[\s@(.])(?:app|api|router|routes|r|e|g|mux|group|v\d+|\w+[rR]outer|\w+Group)\.(get|post|put|delete|patch|GET|POST|PUT|DELETE|PATCH|Get|Post|Put|Delete|Patch)\(\s*["'`](/[^"'`\s]*)["'`]"#,
    )
    .ok()
});
/// `@GetMapping("/a")` of Spring.
static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"@(Get|Post|Put|Delete|Patch)Mapping\(\s*(?:(?:path|value)\s*=\s*)?\[?"(/[^"\s]*)""#,
    )
    .ok()
});

pub fn read(text: &str, found: &mut Found) {
    // Its mappings say what is called, not what is answered.
    if text.contains("@FeignClient") {
        return;
    }
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !is_comment(line)) {
        for pattern in [&CALL, &MARK] {
            for route in pattern.iter().flat_map(|pattern| pattern.captures_iter(line)) {
                if let (Some(method), Some(path)) = (route.get(1), route.get(2)) {
                    found.add(number, Some(method.as_str()), path.as_str(), Handler::default());
                }
            }
        }
    }
}
