//! Whether a migration can be rolled back: `down` is there, or `change` has nothing in it that Ecto
//! refuses to turn around.

use super::super::translate::{Call, Value};
use super::{Module, statements};
use crate::rules::parse::code::{ParsedCode, Syntax};

/// How a migration gets back.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum WayBack {
    /// Written down, or worked out by Ecto.
    There,
    /// `up` without `down`.
    Missing,
    /// `down` is there and does nothing.
    Empty,
    /// `change` has an operation that Ecto cannot turn around, as written.
    Irreversible(String),
    /// `down` says that there is no way back.
    Declared,
}

/// What rolling the migration back would do.
pub(in super::super) fn way_back(text: &str) -> WayBack {
    let code = ParsedCode::elixir(text);
    let Some(root) = code.root() else { return WayBack::There };
    let Some(module) = Module::read(&root) else { return WayBack::There };
    if let Some(up) = module.function("up") {
        let Some(down) = module.function("down") else { return WayBack::Missing };
        let own = statements(down);
        if own.iter().any(raises) {
            return WayBack::Declared;
        }
        let idle = |node: &Syntax<'_>| {
            matches!(node.kind().as_ref(), "atom" | "nil" | "boolean" | "string" | "tuple")
        };
        let empty = |body: &[Syntax<'_>]| body.iter().all(idle);
        return match empty(&own) && !empty(&statements(up)) {
            true => WayBack::Empty,
            false => WayBack::There,
        };
    }
    let Some(change) = module.function("change") else { return WayBack::There };
    let stuck = statements(change).into_iter().find_map(|node| {
        let call = module.reader.call(&node).filter(|call| call.receiver.is_none())?;
        is_stuck(&module, &node, &call).then_some(call.name)
    });
    stuck.map_or(WayBack::There, WayBack::Irreversible)
}

fn raises(node: &Syntax<'_>) -> bool {
    node.field("target").is_some_and(|target| target.text() == "raise")
}

/// Whether Ecto raises instead of turning this statement of `change` around.
fn is_stuck(module: &Module<'_>, node: &Syntax<'_>, call: &Call) -> bool {
    let object = call.argument(0).and_then(Value::call).map(|object| object.name.as_str());
    match call.name.as_str() {
        "execute" => call.positional.len() == 1,
        "drop" | "drop_if_exists" => matches!(object, Some("table" | "constraint")),
        "alter" => statements(node).iter().any(|line| {
            let call = module.reader.call(line).filter(|call| call.receiver.is_none());
            call.is_some_and(|call| match call.name.as_str() {
                // The type has to be told.
                "remove" => call.positional.len() < 2,
                "modify" => call.option("from").is_none(),
                "add_if_not_exists" | "remove_if_exists" => true,
                _ => false,
            })
        }),
        _ => false,
    }
}
