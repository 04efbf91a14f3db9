//! How what rules have at hand becomes what fills a gap.

use crate::model::{Argument, Incomplete, Nanos, Outcome, Phrase};

/// A number of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes(pub u64);

/// A duration that somebody asked for, told as exactly as it was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given(pub Nanos);

/// Something that fills a gap, or leaves it open.
pub(super) trait Fills {
    /// `None`: it is left open.
    fn argument(self) -> Option<Argument>;
}

impl Fills for u64 {
    fn argument(self) -> Option<Argument> {
        Some(Argument::Count(self))
    }
}

impl Fills for bool {
    fn argument(self) -> Option<Argument> {
        self.then_some(Argument::Yes(true))
    }
}

impl Fills for &str {
    fn argument(self) -> Option<Argument> {
        Some(Argument::Text(self.to_owned()))
    }
}

impl Fills for Nanos {
    fn argument(self) -> Option<Argument> {
        Some(Argument::Duration { ns: self })
    }
}

impl Fills for Given {
    fn argument(self) -> Option<Argument> {
        Some(Argument::Given { given_ns: self.0 })
    }
}

impl Fills for Bytes {
    fn argument(self) -> Option<Argument> {
        Some(Argument::Bytes { bytes: self.0 })
    }
}

impl Fills for Outcome {
    fn argument(self) -> Option<Argument> {
        Some(Argument::Outcome { outcome: self })
    }
}

impl Fills for Incomplete {
    fn argument(self) -> Option<Argument> {
        Some(Argument::Incomplete { incomplete: self })
    }
}

impl Fills for Phrase {
    fn argument(self) -> Option<Argument> {
        Some(Argument::Phrase(self))
    }
}

impl<T: Fills> Fills for Option<T> {
    fn argument(self) -> Option<Argument> {
        self.and_then(Fills::argument)
    }
}

/// Of none, nothing is told.
impl<T: Fills> Fills for Vec<T> {
    fn argument(self) -> Option<Argument> {
        let all: Vec<Argument> = self.into_iter().filter_map(Fills::argument).collect();
        (!all.is_empty()).then_some(Argument::Several(all))
    }
}

impl Fills for &[String] {
    fn argument(self) -> Option<Argument> {
        self.iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .argument()
    }
}
