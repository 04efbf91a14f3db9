//! Runs side by side: who takes part, in which order, and what it comes to.
//!
//! The strategies, models, programs and sizes of a comparison come in and become
//! [`Contender`]s, each with the command line of its runs, and [`Turn`]s in an
//! order that lets drift hit all of them alike. The records of the runs come
//! back, one by one; out goes the [`CompareRecord`](crate::model::CompareRecord).

mod command_line;
mod contender;
mod differences;
mod faults;
mod growth;
mod measured;
mod order;
mod process_cost;
mod record;
mod rows;
mod thin;

pub use self::command_line::{Options, Place, run_arguments};
pub use self::contender::{Client, Contender, Port, Program, Server, contenders, shared_folder};
pub use self::differences::pairs_of;
pub use self::faults::did_not_hold;
pub use self::growth::grown;
pub use self::measured::Measured;
pub use self::order::{Round, Turn, turns};
pub use self::record::{Progress, record};
pub use self::thin::thin;

#[cfg(test)]
mod testkit;
