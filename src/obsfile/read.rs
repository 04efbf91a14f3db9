//! Lines to facts.

use std::io::Read;

use serde::Deserialize;

use super::lines::Lines;
use super::state::State;
use super::unpack::unpack;
use super::{ReadError, Refused};
use crate::model::observation::{Fact, Header, Observation, SCHEMA_OBSERVATION};

/// Reads the log of a run: an iterator over its facts, of which the first is
/// the header. After an error it has ended; what came before is good.
///
/// ```
/// use threadtap::model::observation::Fact;
/// use threadtap::obsfile::ObservationReader;
///
/// let log = std::fs::File::open("captures/golden-runs/thread/observation.jsonl")?;
/// let reader = ObservationReader::open(log)?;
/// assert_eq!(reader.header().tool.name, "threadtap");
/// let facts: Vec<Fact> = reader.collect::<Result<_, _>>()?;
/// assert!(matches!(facts.last(), Some(Fact::End { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ObservationReader<R> {
    lines: Lines<R>,
    state: State,
    header: Header,
    /// Whether the header is still to be handed on.
    fresh: bool,
    ended: bool,
}

impl<R: Read> ObservationReader<R> {
    /// Opens a log.
    ///
    /// # Errors
    /// When its first line is no header, or that of another version.
    pub fn open(input: R) -> Result<Self, Refused> {
        Self::over(Lines::new(input))
    }

    pub(super) fn over(mut lines: Lines<R>) -> Result<Self, Refused> {
        let header = match lines.next() {
            Ok(Some((line, _))) => header_of(line)?,
            Ok(None) => return Err(Refused::Empty),
            Err(ReadError::Io { source, .. }) => return Err(source.into()),
            Err(_) => return Err(Refused::NoHeader),
        };
        Ok(Self {
            lines,
            state: State::default(),
            header,
            fresh: true,
            ended: false,
        })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self) -> Result<Option<Fact>, ReadError> {
        let number = self.lines.number() + 1;
        let Some((line, whole)) = self.lines.next()? else {
            return Ok(None);
        };
        fact_of(line, &mut self.state).map(Some).map_err(|reason| {
            if whole {
                ReadError::wrong(number, &reason)
            } else {
                ReadError::CutOff { line: number }
            }
        })
    }
}

impl<R: Read> Iterator for ObservationReader<R> {
    type Item = Result<Fact, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if std::mem::take(&mut self.fresh) {
            return Some(Ok(Fact::Header(Box::new(self.header.clone()))));
        }
        if self.ended {
            return None;
        }
        let next = self.read().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

fn fact_of(line: &[u8], state: &mut State) -> Result<Fact, String> {
    match line.first() {
        Some(b'[') => unpack(line, state),
        Some(b'{') => {
            let fact: Fact = serde_json::from_slice(line).map_err(|e| e.to_string())?;
            if matches!(fact, Fact::Header(_)) {
                return Err("there is a second header".to_owned());
            }
            state.long(&fact);
            Ok(fact)
        }
        _ => Err("it is no fact".to_owned()),
    }
}

fn header_of(line: &[u8]) -> Result<Header, Refused> {
    /// What every version has in common.
    #[derive(Deserialize)]
    struct Any {
        header: AnyHeader,
    }
    #[derive(Deserialize)]
    struct AnyHeader {
        schema: String,
    }
    let any: Any = serde_json::from_slice(line).map_err(|_| Refused::NoHeader)?;
    if any.header.schema != SCHEMA_OBSERVATION {
        return Err(Refused::Schema(any.header.schema));
    }
    match serde_json::from_slice(line) {
        Ok(Fact::Header(header)) => Ok(*header),
        Ok(_) => Err(Refused::NoHeader),
        Err(e) => {
            let said: String = e.to_string().chars().take(200).collect();
            let said = crate::text::escape::printable(&said).into_owned();
            Err(Refused::Header(said))
        }
    }
}

/// Reads a log to its end, or as far as it can be read: then, why it ends there.
///
/// # Errors
/// When its first line is no header, or that of another version.
pub fn gather(input: impl Read) -> Result<(Observation, Option<ReadError>), Refused> {
    let reader = ObservationReader::open(input)?;
    let mut observation = Observation::new(reader.header().clone());
    for fact in reader {
        match fact {
            Ok(fact) => observation.add(fact),
            Err(e) => return Ok((observation, Some(e))),
        }
    }
    Ok((observation, None))
}
