//! An alert on failing requests and the runbook that it points to, for a metric that the
//! repository is seen to have.

use super::ground::{Overlay, is_foreign};
use super::names::{kebab, pascal, words};
use super::{ProduceError, Produced};

/// Files that may hold alerting rules of Prometheus.
pub(super) fn may_hold_rules(path: &str) -> bool {
    let yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    let lower = path.to_ascii_lowercase();
    yaml && !is_foreign(path)
        && ["alert", "prometheus", "rules", "monitoring", "observability"]
            .iter()
            .any(|word| lower.contains(word))
}

/// An expression over failing requests, as a rule that is there writes it.
struct Known {
    path: String,
    metric: String,
    /// `code=~"5.."`
    failing: String,
    /// The label that names the route.
    route: Option<String>,
}

pub(super) fn produce(subject: &str, overlay: &Overlay<'_>) -> Result<Produced, ProduceError> {
    let known = known(overlay).ok_or_else(|| {
        ProduceError::Unknown(
            "no alerting rule of the repository shows which metric counts failing requests"
                .to_owned(),
        )
    })?;
    let route = subject
        .split_whitespace()
        .find(|word| word.starts_with('/'))
        .map(|route| route.trim_matches('`'));
    let (Some(route), Some(label)) = (route, &known.route) else {
        return Err(ProduceError::Unknown(format!(
            "`{}` shows no label by which this could be told from other requests",
            known.metric
        )));
    };
    let sound = route.chars().all(|c| c.is_ascii_alphanumeric() || "/{}_-.:".contains(c));
    if !sound || route.len() > 120 {
        return Err(ProduceError::Unknown(
            "the route is not one that a label could hold".to_owned(),
        ));
    }
    let name = kebab(&words(subject).join(" "), 40);
    let alert = format!("{}Failing", pascal(&name));
    let folder = known.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let separator = if folder.is_empty() { "" } else { "/" };
    let path = format!("{folder}{separator}{name}.yaml");
    let runbook = format!("docs/runbooks/{name}.md");
    for wanted in [&path, &runbook] {
        if overlay.has(wanted) {
            return Err(ProduceError::Conflict(format!("`{wanted}` is there already")));
        }
    }
    let selector = format!("{label}=\"{route}\"");
    let (metric, failing) = (&known.metric, &known.failing);
    let mut produced = Produced::default();
    produced.add(
        &path,
        format!(
            "groups:\n  - name: {name}\n    rules:\n      - alert: {alert}\n        expr: |\n          sum(rate({metric}{{{selector}, {failing}}}[5m]))\n            / sum(rate({metric}{{{selector}}}[5m]))\n            > 0.05\n        for: 10m\n        labels:\n          severity: warning\n        annotations:\n          summary: More than 5% of the requests to {route} fail\n          runbook: {runbook}\n"
        ),
    )?;
    produced.add(
        &runbook,
        format!(
            "# {alert}\n\nMore than 5% of the requests to `{route}` have failed for ten minutes.\n\n## Look at\n\n- the rate of `{metric}` by status\n- the latest deployment, and whether the start of the failures matches it\n- the logs of failing requests, by their request id\n\n## Do\n\n- failures since a deployment: roll it back\n- a dependency that fails: see its own runbook\n\n## Owner\n\nTo be named by the team.\n"
        ),
    )?;
    produced.notes.push(
        "the limit of 5% and the ten minutes are a start: set them from the service's targets"
            .to_owned(),
    );
    produced.verification.push(format!("`promtool check rules {path}` accepts the file"));
    Ok(produced)
}

fn known(overlay: &Overlay<'_>) -> Option<Known> {
    overlay.paths().iter().filter(|path| may_hold_rules(path)).find_map(|path| {
        let text = overlay.text(path)?;
        if !text.contains("alert:") {
            return None;
        }
        text.lines().find_map(|line| in_line(path, line))
    })
}

/// A selector such as `http_requests_total{route="/x", code=~"5.."}`.
fn in_line(path: &str, line: &str) -> Option<Known> {
    let (before, rest) = line.split_once('{')?;
    let (labels, _) = rest.split_once('}')?;
    let metric: String = {
        let name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        let reversed: String = before.chars().rev().take_while(name).collect();
        reversed.chars().rev().collect()
    };
    let pairs: Vec<&str> = labels.split(',').map(str::trim).collect();
    let failing = pairs.iter().find(|pair| pair.contains("\"5..\"") || pair.contains("\"5xx\""))?;
    let route = pairs.iter().find_map(|pair| {
        let label = pair.split(['=', '!']).next()?.trim();
        ["route", "path", "handler", "endpoint", "uri", "http_route"]
            .contains(&label)
            .then(|| label.to_owned())
    });
    let sound = failing.chars().all(|c| c.is_ascii_alphanumeric() || "_=~\".".contains(c));
    (metric.ends_with("_total") && sound).then(|| Known {
        path: path.to_owned(),
        metric,
        failing: (*failing).to_owned(),
        route,
    })
}
