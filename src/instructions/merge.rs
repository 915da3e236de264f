//! One team out of all files: who shadows whom, which lanes are filled, who is built in.

use super::parsed::shown;
use super::{Counted, built_in, lanes};
use crate::domain::instructions::{InstructionFormat, Problem, ProblemLevel};
use crate::domain::team::{Lane, Member, Team};

/// More members than this are not kept.
const MAX_MEMBERS: usize = 300;

/// Added to the rank of agents that another agent's file merely lists.
const LISTED_ONLY: u32 = 10_000;

struct Candidate {
    /// Lower wins.
    rank: u32,
    member: Member,
    /// Whether the file describes this agent as handing work to others.
    dispatches: bool,
}

/// Builds the team. Earlier sources win over later ones: agent files by format, then instruction
/// files from the deepest directory up, then agents that agent files merely list.
pub fn team(files: Vec<Counted>, problems: &mut Vec<Problem>) -> Team {
    let mut team = Team::default();
    let mut candidates: Vec<Candidate> = Vec::new();
    for (depth, mut file) in files.into_iter().enumerate() {
        let rank = rank(&file, depth);
        if speaks_to_team(file.format) {
            team.ground_rules.append(&mut file.parsed.ground_rules);
            team.patterns.append(&mut file.parsed.patterns);
            team.mandatory.append(&mut file.parsed.mandatory);
            team.aliases.append(&mut file.parsed.aliases);
            let dispatches = !file.parsed.roster.is_empty();
            let own = file.parsed.own.take();
            let defined = file.parsed.defined.drain(..);
            candidates.extend(defined.map(|member| Candidate { rank, member, dispatches: false }));
            candidates.extend(own.map(|member| Candidate { rank, member, dispatches }));
            let rank = if is_agent(file.format) { rank + LISTED_ONLY } else { rank };
            let listed = file.parsed.roster.drain(..);
            candidates.extend(listed.map(|member| Candidate { rank, member, dispatches: false }));
        }
        problems.append(&mut file.parsed.problems);
    }
    candidates.sort_by_key(|candidate| candidate.rank);
    for candidate in candidates {
        join(&mut team, candidate, problems);
    }
    put_reviewers_first(&mut team.members);
    complete(&mut team);
    team
}

fn is_agent(format: InstructionFormat) -> bool {
    super::agent_file::is_agent_format(format)
}

/// Path rules and manual rules speak about code, not about the team.
fn speaks_to_team(format: InstructionFormat) -> bool {
    is_agent(format)
        || matches!(
            format,
            InstructionFormat::AgentsMd
                | InstructionFormat::ClaudeMd
                | InstructionFormat::GeminiMd
                | InstructionFormat::CopilotInstructions
                | InstructionFormat::CopilotPrompt
        )
}

fn rank(file: &Counted, depth: usize) -> u32 {
    let depth = u32::try_from(depth).unwrap_or(u32::MAX).min(3_000);
    match file.format {
        InstructionFormat::CopilotAgent => 0,
        InstructionFormat::CopilotChatMode => 1,
        InstructionFormat::ClaudeAgent => 2,
        InstructionFormat::OpenCodeAgent => 3,
        InstructionFormat::GeminiAgent => 4,
        InstructionFormat::CopilotPrompt => 5,
        // Files come root first; the deepest one counts first.
        InstructionFormat::AgentsMd | InstructionFormat::ClaudeMd | InstructionFormat::GeminiMd => {
            4_000 - depth
        }
        _ => 5_000,
    }
}

fn join(team: &mut Team, candidate: Candidate, problems: &mut Vec<Problem>) {
    let Candidate { rank, mut member, dispatches } = candidate;
    let normalized = lanes::normalized_name(&member.name);
    let Some(source) = member.source.clone() else { return };
    let mut note = |message: String| {
        problems.push(Problem {
            level: ProblemLevel::Note,
            path: source.path.clone(),
            line: Some(source.lines.start()),
            message,
        });
    };
    let winner = team.members.iter().find(|m| lanes::normalized_name(&m.name) == normalized);
    if let Some(winner) = winner {
        let elsewhere = winner.source.as_ref().filter(|other| other.path != source.path);
        // Agent files list each other; that is no conflict.
        if let (Some(other), true) = (elsewhere, rank < LISTED_ONLY) {
            note(format!(
                "`{}` is shadowed by the agent of the same name in `{}`",
                shown(&member.name),
                shown(other.path.as_str())
            ));
        }
        return;
    }
    if team.members.len() >= MAX_MEMBERS {
        note(format!("`{}` is left out: more than {MAX_MEMBERS} agents", shown(&member.name)));
        return;
    }
    if dispatches {
        note(format!(
            "`{}` hands work to other agents and reviews nothing itself",
            shown(&member.name)
        ));
    } else {
        member.lane = lanes::infer(&member);
    }
    if member.lane.is_none() && !dispatches {
        note(format!(
            "`{}` fits no lane of the team by name, role or description; it is listed and never \
             called",
            shown(&member.name)
        ));
    }
    team.members.push(member);
}

/// Within each lane, members that only look for causes come after those that review.
fn put_reviewers_first(members: &mut [Member]) {
    for lane in Lane::ALL {
        let places: Vec<usize> = members
            .iter()
            .enumerate()
            .filter(|(_, member)| member.lane == Some(lane))
            .map(|(index, _)| index)
            .collect();
        let mut ordered: Vec<Member> =
            places.iter().filter_map(|index| members.get(*index).cloned()).collect();
        ordered.sort_by_key(lanes::is_triage);
        for (index, member) in places.into_iter().zip(ordered) {
            if let Some(place) = members.get_mut(index) {
                *place = member;
            }
        }
    }
}

/// Adds a built-in member for each lane that nobody fills, and the built-in patterns if the
/// repository names none.
fn complete(team: &mut Team) {
    let built_in = built_in::team();
    for member in built_in.members {
        if member.lane.is_some_and(|lane| team.member_for(lane).is_none()) {
            team.members.push(member);
        }
    }
    if team.patterns.is_empty() {
        team.patterns = built_in.patterns;
    }
}
