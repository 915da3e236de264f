//! Reactions to issue comments.

use serde_json::Value;

use crate::standin::server::answer::{Answer, Call};
use crate::standin::shapes::issue::is_reaction;
use crate::standin::world::World;

pub(in crate::standin) fn list(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let id = call.number("comment_id")?;
    let repository = world.repository(call.repository)?;
    if !repository.comments.contains_key(&id) {
        return Err(Answer::not_found());
    }
    let content = call.query("content");
    let items: Vec<Value> = repository
        .reactions
        .iter()
        .filter(|reaction| reaction.comment == id)
        .filter(|reaction| content.is_none_or(|content| content == reaction.content))
        .map(|reaction| world.reaction_json(reaction))
        .collect();
    Ok(Answer::listing(call, &world.root, &items))
}

pub(in crate::standin) fn create(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let content = call.text("content").filter(|content| is_reaction(content));
    let content =
        content.ok_or_else(|| Answer::invalid("Reaction", "content", "content is not known"))?;
    let comment = call.number("comment_id")?;
    let (id, new) = world.add_reaction(call.repository, comment, &call.actor(), content)?;
    let repository = world.repository(call.repository)?;
    let reaction = repository.reactions.iter().find(|reaction| reaction.id == id);
    let object = world.reaction_json(reaction.ok_or_else(Answer::not_found)?);
    Ok(Answer::json(if new { 201 } else { 200 }, object))
}

pub(in crate::standin) fn delete(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let (comment, id) = (call.number("comment_id")?, call.number("reaction_id")?);
    let actor = call.actor();
    let reactions = &mut world.repository_mut(call.repository)?.reactions;
    let own = |r: &crate::standin::world::Reaction| {
        r.id == id && r.comment == comment && r.author == actor
    };
    let place = reactions.iter().position(own).ok_or_else(Answer::not_found)?;
    reactions.remove(place);
    Ok(Answer::empty(204))
}
