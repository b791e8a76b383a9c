//! SQLite: every connection lives on a thread of its own and is told whole lists of statements at a time. What a statement
//! costs here is mostly the way to that thread and back, twice through the scheduler, so an append goes it twice and not
//! once for each of its twenty statements.

mod fold;
mod pool;
mod statement;
mod syncs;
mod thread;

pub(crate) use pool::{Ahead, SqliteConn, SqlitePool};
pub(crate) use statement::{Cells, Done, Refused, Step};
pub(crate) use syncs::Syncs;
pub(crate) use thread::Opening;

#[cfg(test)]
mod tests;
