//! What the tests share.

pub mod bot;
pub mod effects;
pub mod faulty;
pub mod page;
pub mod recording;

/// Whether everything is to be tried with everything, which takes minutes: `THOROUGH=1`.
pub fn thorough() -> bool {
    std::env::var_os("THOROUGH").is_some_and(|value| !value.is_empty())
}

/// All of the items in a thorough run; else one, another one at each index.
pub fn in_turn<T>(items: &[T], index: usize) -> impl Iterator<Item = &T> {
    let all = thorough();
    let turn = index % items.len().max(1);
    items.iter().enumerate().filter(move |(at, _)| all || *at == turn).map(|(_, item)| item)
}
