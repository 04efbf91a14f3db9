//! Words of the project within a sentence: sides, and how a process ended.

use super::argument::Fills;
use super::table::{end, side};
use crate::model::{Argument, Exit, Side, signal_name};

impl Fills for Side {
    fn argument(self) -> Option<Argument> {
        match self {
            Self::Client => side::client(),
            Self::Server => side::server(),
        }
        .argument()
    }
}

impl Fills for Exit {
    fn argument(self) -> Option<Argument> {
        match self {
            Self::Code(code) => end::status(&code.to_string()),
            Self::Signal(signal) => end::signal(&signal.to_string(), signal_name(signal)),
        }
        .argument()
    }
}
