//! Which flows of a run are kept in `flows.jsonl`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which flows are kept. The others are counted, and the capture has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FlowChoice {
    /// All.
    #[default]
    All,
    /// Those in which something did not go as it should.
    Problems,
    /// So many at most: those with problems first, then those that took the longest.
    Most(NonZeroU64),
}

impl FlowChoice {
    /// Whether none is left out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

impl fmt::Display for FlowChoice {
    /// As it is given on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Problems => f.write_str("problems"),
            Self::Most(n) => n.fmt(f),
        }
    }
}

impl FromStr for FlowChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            "problems" => Ok(Self::Problems),
            number => number.parse().map(Self::Most).map_err(|_| {
                "which flows to keep is all, problems, or a number greater than 0".to_owned()
            }),
        }
    }
}

impl TryFrom<String> for FlowChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<FlowChoice> for String {
    fn from(choice: FlowChoice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
impl schemars::JsonSchema for FlowChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FlowChoice".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^(all|problems|[1-9][0-9]*)$"})
    }
}

/// How many flows there were, and which of them `flows.jsonl` has (`--flows`). All
/// other figures of the run are of all flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FlowsKept {
    /// Which were to be kept: `problems`; or a number, of so many at most, those with
    /// problems first, then those that took the longest.
    pub rule: FlowChoice,
    /// Flows of the capture.
    pub seen: u64,
    /// Flows in `flows.jsonl`.
    pub kept: u64,
    /// The most flows that were open at one moment, of all.
    pub peak_open: u64,
    /// SYNs beyond the first of each flow, of all.
    pub syn_retransmissions: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_is_written() {
        for text in ["all", "problems", "1", "1000"] {
            let choice: FlowChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
            assert_eq!(serde_json::to_string(&choice).unwrap(), format!("{text:?}"));
            let read: FlowChoice = serde_json::from_str(&format!("{text:?}")).unwrap();
            assert_eq!(read, choice);
        }
        for wrong in ["", "0", "-1", "some", "ALL", "1.5"] {
            assert!(wrong.parse::<FlowChoice>().is_err(), "{wrong}");
        }
    }
}
