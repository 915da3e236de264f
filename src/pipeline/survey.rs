//! Looks at a repository for a plan: one listing, the files that were chosen by name, and one
//! search among code that was chosen by name. Bounded by the adapter in files, bytes and time.

use std::collections::BTreeSet;

use crate::domain::diff::Side;
use crate::domain::ids::CommitSha;
use crate::domain::issue::Issue;
use crate::domain::path::RepoPath;
use crate::domain::survey::{Hit, Survey, SurveyedFile, Wants};
use crate::plan;
use crate::ports::source::{
    Fetched, FoundFile, Need, NeedResult, Source, SourceError, literal_glob,
};

/// Lines that are kept of one search.
const MAX_HITS: usize = 400;
/// Lines of one file among them.
const MAX_HITS_PER_FILE: usize = 12;
const MAX_LINE: usize = 200;

/// Looks at the base commit as far as the issue asks for it.
pub async fn survey(
    source: &dyn Source,
    fetched: &Fetched,
    base: &CommitSha,
    issue: &Issue,
) -> Result<Survey, SourceError> {
    let at = Fetched {
        repository: fetched.repository.clone(),
        base: base.clone(),
        head: base.clone(),
        merge_base: Some(base.clone()),
    };
    let listing = source.listing(&at, base).await?;
    let wants = plan::wants(issue, &listing);
    let needs = needs(&wants);
    let mut results = source.gather(&at, &needs).await?.results;
    let mut survey = Survey { listing, left_out: wants.left_out.clone(), ..Survey::default() };
    let searched = if wants.search.is_empty() { None } else { results.pop() };
    for (need, result) in needs.iter().zip(results) {
        keep(need, result, &mut survey);
    }
    if let Some(result) = searched {
        let incomplete = result.incomplete.map(|why| format!("the search is not complete: {why}"));
        survey.left_out.extend(incomplete);
        survey.hits = hits(&result.files, &wants.words);
    }
    survey.texts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(survey)
}

/// One need for each file, then one for the search.
fn needs(wants: &Wants) -> Vec<Need> {
    let file = |path: &RepoPath| Need::File { side: Side::Head, path: path.clone() };
    let mut needs: Vec<Need> = wants.files.iter().map(file).collect();
    if !wants.search.is_empty() {
        needs.push(Need::Search {
            side: Side::Head,
            words: wants.words.clone(),
            globs: wants.search.iter().map(|path| literal_glob(path.as_str())).collect(),
            limit: wants.search.len(),
        });
    }
    needs
}

fn keep(need: &Need, result: NeedResult, survey: &mut Survey) {
    if let (Need::File { path, .. }, Some(why)) = (need, result.incomplete) {
        survey.left_out.push(format!("`{path}` was not read: {why}"));
    }
    let text = |file: FoundFile| SurveyedFile { path: file.path, text: file.text };
    survey.texts.extend(result.files.into_iter().map(text));
}

/// The lines that hold one of the words as a whole identifier.
fn hits(files: &[FoundFile], words: &[String]) -> Vec<Hit> {
    let wanted: BTreeSet<&str> = words.iter().map(String::as_str).collect();
    let mut hits = Vec::new();
    for file in files {
        let mut here = 0;
        for (index, line) in file.text.lines().enumerate() {
            if here == MAX_HITS_PER_FILE || hits.len() == MAX_HITS {
                break;
            }
            let mut parts = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let Some(word) = parts.find(|part| wanted.contains(part)) else { continue };
            here += 1;
            hits.push(Hit {
                path: file.path.clone(),
                line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                text: line.trim().chars().take(MAX_LINE).collect(),
                word: word.to_owned(),
            });
        }
    }
    hits
}
