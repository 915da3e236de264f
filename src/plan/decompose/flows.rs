//! The order of steps for each pattern.

use super::{Stage, Step, code, data, operate};
use crate::domain::plan::{Area, Pattern, WorkScope};
use crate::plan::facts::Facts;
use crate::plan::nature::Subject;
use crate::plan::roles::{Role, has_specialist};
use crate::plan::schema::Destructive;

/// The steps of the work; each waits for earlier ones only.
pub fn steps(facts: &Facts<'_>) -> Vec<Step> {
    match facts.nature.subject {
        Subject::Elsewhere => return vec![operate::hand_over(facts)],
        Subject::Unclear => return vec![operate::clarify(facts)],
        Subject::Backend => {}
    }
    match facts.nature.pattern {
        Some(Pattern::NewService) => new_service(facts),
        Some(Pattern::Incident) => incident(facts),
        Some(Pattern::Performance) => performance(facts),
        Some(Pattern::BugFix) => bug(facts),
        Some(Pattern::SecurityReview) => security_review(facts),
        Some(Pattern::Deployment) => deployment(facts),
        Some(Pattern::ApiChange) => api_change(facts),
        Some(Pattern::NewFeature) => feature(facts),
        None => plain(facts),
    }
}

/// Each step waits for the one before.
fn chain(steps: Vec<Step>) -> Vec<Step> {
    let mut chained = steps;
    for (index, step) in chained.iter_mut().enumerate().skip(1) {
        step.after = vec![index - 1];
    }
    chained
}

/// Code, with tests before it where tests can be prepared.
fn build(facts: &Facts<'_>, role: Role) -> Vec<Step> {
    let code = code::implement(facts, role);
    // A specialist of a roster writes its own tests: there is nobody to hand them over to.
    if role == Role::Implement && code::has_tests(facts) {
        vec![code::tests_first(facts), code]
    } else {
        vec![code]
    }
}

fn new_service(facts: &Facts<'_>) -> Vec<Step> {
    let mut steps = vec![code::contract(facts), data::schema(facts)];
    steps.extend(build(facts, Role::Implement));
    steps.push(operate::deploy(facts));
    steps.push(operate::observe(facts));
    chain(steps)
}

fn incident(facts: &Facts<'_>) -> Vec<Step> {
    let mut steps = vec![operate::gather(facts), operate::harden(facts), operate::mitigate(facts)];
    steps.extend(build(facts, Role::Implement));
    chain(steps)
}

fn performance(facts: &Facts<'_>) -> Vec<Step> {
    let mut steps = vec![operate::baseline(facts), operate::optimize(facts, Role::Query)];
    let index = !facts.schema.is_empty() || facts.words.any(&["index", "indexes", "indices"]);
    if index {
        steps.push(data::index(facts));
    }
    // Rosters with a specialist for queries let it change the code that runs them.
    let code_is_slow = facts.code().next().is_some() && !has_specialist(Role::Query, facts.team);
    if code_is_slow {
        let mut step = code::implement(facts, Role::Implement);
        step.title = "Change the code that runs the slow queries".to_owned();
        step.input = vec!["The cheaper query or access pattern".to_owned()];
        step.checks.push("Results are the same before and after".to_owned());
        step.check_again();
        if let Some(optimize) = steps.get_mut(1) {
            step.observe = optimize.observe.take();
            operate::only_find(facts, optimize);
        }
        steps.push(step);
    }
    chain(steps)
}

fn bug(facts: &Facts<'_>) -> Vec<Step> {
    let mut steps = vec![operate::diagnose(facts)];
    if facts.has(Area::Auth) {
        steps.push(code::access(facts));
        steps.extend(build(facts, Role::Implement));
        return chain(steps);
    }
    if facts.has(Area::Deployment) && facts.code().next().is_none() {
        steps.push(operate::deploy(facts));
        return chain(steps);
    }
    if !facts.schema.is_empty() {
        steps.push(data::schema(facts));
    }
    steps.extend(build(facts, Role::Implement));
    chain(steps)
}

fn security_review(facts: &Facts<'_>) -> Vec<Step> {
    let mut steps = vec![code::security_review(facts)];
    if facts.has(Area::Schema) || !facts.schema.is_empty() {
        let mut schema = data::schema(facts);
        schema.input.insert(0, "The findings".to_owned());
        steps.push(schema);
    }
    let corrects =
        facts.words.any(&["fix", "correct", "remediate", "harden", "close the gap", "patch"]);
    if corrects {
        steps.push(code::correct(facts));
    }
    chain(steps)
}

fn deployment(facts: &Facts<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    if facts.signals.failure {
        steps.push(operate::diagnose(facts));
    }
    steps.push(operate::deploy(facts));
    chain(steps)
}

fn api_change(facts: &Facts<'_>) -> Vec<Step> {
    let mut steps = vec![code::contract(facts)];
    if needs_access(facts) {
        steps.push(code::access(facts));
    }
    let schema = !facts.schema.is_empty() || facts.has(Area::Schema);
    if schema {
        steps.push(data::schema(facts));
    }
    steps.extend(build(facts, Role::Implement));
    let built = steps.len() - 1;
    steps.push(operate::observe(facts));
    let mut steps = chain(steps);
    tail(facts, &mut steps, built);
    steps
}

/// Rules of access come before the code where something sensitive is touched.
fn needs_access(facts: &Facts<'_>) -> bool {
    let sensitive = facts.nature.sensitive;
    sensitive.auth || sensitive.tenancy || sensitive.payments || sensitive.personal
}

/// What follows once the code is out: filling old rows, then dropping what nobody reads.
fn tail(facts: &Facts<'_>, steps: &mut Vec<Step>, built: usize) {
    let renamed = facts
        .schema
        .destructive
        .iter()
        .any(|gone| matches!(gone, Destructive::RenameColumn { .. }));
    let mut last = built;
    if renamed || !facts.schema.filled.is_empty() {
        let mut step = data::backfill(facts);
        step.after = vec![last];
        last = steps.len();
        steps.push(step);
    }
    if !facts.schema.destructive.is_empty() {
        let mut step = data::contract(facts);
        step.after = vec![last];
        steps.push(step);
    }
}

fn feature(facts: &Facts<'_>) -> Vec<Step> {
    let specialists =
        has_specialist(Role::Query, facts.team) || has_specialist(Role::Schema, facts.team);
    let mut steps: Vec<Step> = Vec::new();
    let mut base: Option<usize> = None;
    let cross = facts.nature.scope == Some(WorkScope::CrossStack);
    let contract = facts.signals.api && !facts.nature.schema_only && (!specialists || cross);
    if contract {
        base = Some(push(&mut steps, code::contract(facts), &[]));
    }
    let schema = !facts.schema.is_empty() || facts.has(Area::Schema);
    let indexes_only = schema && only_indexes(facts);
    if schema {
        let step = if indexes_only { data::index(facts) } else { data::schema(facts) };
        base = Some(push(&mut steps, step, base.as_slice()));
    }
    let designs = facts.schema.creates().len() > 1;
    let policies = schema
        && !indexes_only
        && (facts.signals.auth
            || designs
            || facts.nature.sensitive.tenancy
            || (specialists && !facts.schema.creates().is_empty()));
    let mut before: Vec<usize> = Vec::new();
    if policies {
        before.push(push(&mut steps, data::policies(facts), base.as_slice()));
    } else if needs_access(facts) {
        before.push(push(&mut steps, code::access(facts), base.as_slice()));
    }
    let tunes = !indexes_only
        && ((designs && schema)
            || (specialists && !facts.schema.creates().is_empty())
            || facts.has(Area::Query));
    if tunes {
        before.push(push(&mut steps, data::index_strategy(facts), base.as_slice()));
    }
    if before.is_empty() {
        before.extend(base);
    }
    if !facts.nature.schema_only {
        let built = construct(facts, &mut steps, &before, specialists);
        tail(facts, &mut steps, built);
    } else if let Some(base) = base {
        tail(facts, &mut steps, base);
    }
    if steps.is_empty() {
        return plain(facts);
    }
    steps
}

/// The steps on code, one for each kind of it, then what follows them.
fn construct(
    facts: &Facts<'_>,
    steps: &mut Vec<Step>,
    before: &[usize],
    specialists: bool,
) -> usize {
    let mut built = Vec::new();
    if facts.has(Area::ServerFunction) {
        built.push(push(steps, code::implement(facts, Role::ServerFunction), before));
    } else if facts.has(Area::Api) || !facts.has(Area::Realtime) {
        let role = if specialists { endpoint_role(facts) } else { Role::Implement };
        let mut last = before.to_vec();
        for step in build(facts, role) {
            last = vec![push(steps, step, &last)];
        }
        built.extend(last);
    }
    if facts.has(Area::Realtime) {
        let mut step = code::implement(facts, Role::Realtime);
        step.title = "Deliver changes to subscribers in real time".to_owned();
        step = step.check("A subscriber gets only what it may read");
        built.push(push(steps, step, before));
    }
    if facts.has(Area::Deployment) {
        push(steps, operate::deploy(facts), &built);
    }
    if !specialists || facts.has(Area::Monitoring) {
        push(steps, operate::observe(facts), &built);
    }
    built.last().copied().unwrap_or_default()
}

/// In rosters without an implementer, who designs APIs builds them.
fn endpoint_role(facts: &Facts<'_>) -> Role {
    let functions = facts.survey.listing.paths().any(|path| {
        path.as_str().starts_with("supabase/functions/") || path.as_str().starts_with("functions/")
    });
    if functions && has_specialist(Role::ServerFunction, facts.team) {
        Role::ServerFunction
    } else {
        Role::Implement
    }
}

fn push(steps: &mut Vec<Step>, mut step: Step, after: &[usize]) -> usize {
    step.after = after.to_vec();
    steps.push(step);
    steps.len() - 1
}

fn only_indexes(facts: &Facts<'_>) -> bool {
    use crate::domain::plan::SchemaChange;
    let indexes = facts.schema.changes.iter().all(|c| matches!(c, SchemaChange::AddIndex { .. }));
    indexes
        && facts.schema.bare_tables.is_empty()
        && facts.schema.untyped.is_empty()
        && facts.schema.homeless.is_empty()
        && facts.schema.destructive.is_empty()
        && !(facts.schema.changes.is_empty() && facts.schema.unclear_indexes.is_empty())
}

/// Work that follows no pattern: what is touched, in the usual order.
fn plain(facts: &Facts<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let schema = !facts.schema.is_empty() || facts.has(Area::Schema);
    if only_indexes(facts) || (facts.areas == [Area::Query]) {
        let step = if facts.schema.is_empty() {
            operate::optimize(facts, Role::Query)
        } else {
            data::index(facts)
        };
        return vec![step];
    }
    if facts.areas == [Area::Monitoring] {
        return vec![operate::observe(facts)];
    }
    if facts.areas == [Area::Auth] {
        steps.push(code::access(facts));
    }
    if schema {
        steps.push(data::schema(facts));
    }
    let code_too =
        !facts.nature.schema_only || facts.code().any(|r| r.score >= 14 && is_service(&r.path));
    if code_too {
        steps.extend(build(facts, Role::Implement));
    }
    if steps.is_empty() {
        steps.extend(build(facts, Role::Implement));
    }
    let mut steps = chain(steps);
    let built = steps.len() - 1;
    tail(facts, &mut steps, built);
    steps
}

fn is_service(path: &str) -> bool {
    use crate::domain::plan::FileClass;
    !matches!(
        crate::plan::paths::class_of(path),
        FileClass::Schema | FileClass::Migration | FileClass::Test | FileClass::Docs
    )
}

impl Step {
    /// A step that is done after measuring is checked by measuring again.
    fn check_again(&mut self) {
        self.checks.push("Measured as before, the numbers meet the target".to_owned());
        self.stage = Stage::Build;
    }
}
