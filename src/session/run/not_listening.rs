//! A server that does not come to listen: what a person is told of it.

use std::time::Duration;

use super::SessionError;
use crate::model::Exit;
use crate::text::escape::printable;

/// Why a server does not listen.
pub enum Why {
    /// It says so itself.
    Said(String),
    /// It has ended.
    Ended,
    /// It was given so long.
    Patience(Duration),
    /// A person wants the run to end.
    Interrupted,
}

/// What is known of a server that never listened.
pub struct Stillborn {
    /// Its command; `None` for a built-in one.
    pub command: Option<Vec<String>>,
    /// Where it was to listen, if that was asked for.
    pub port: Option<u16>,
    /// How it ended.
    pub exit: Option<Exit>,
    /// The last line that it printed.
    pub said_last: Option<String>,
}

impl Why {
    /// In words.
    pub fn told(self, server: Stillborn) -> SessionError {
        let Stillborn {
            command,
            port,
            exit,
            said_last,
        } = server;
        let where_to = port.map_or(String::new(), |port| format!(" on port {port}"));
        let said = said_last.map_or(String::new(), |line| {
            format!("; it said last: {}", printable(line.trim()))
        });
        let server = match command {
            Some(words) => format!("the server `{}`", printable(&words.join(" "))),
            None => "the server".to_owned(),
        };
        match self {
            Self::Interrupted => SessionError::Interrupted,
            Self::Said(why) => SessionError::Server(why),
            Self::Ended => {
                let how = exit.map_or(String::new(), |e| format!(" ({e})"));
                SessionError::Server(format!(
                    "{server} ended before it listened{where_to}{how}{said}"
                ))
            }
            Self::Patience(patience) => SessionError::Server(format!(
                "{server} does not listen{where_to} after {} s{said}; check its port, or give it more time with --server-timeout",
                patience.as_secs_f64()
            )),
        }
    }
}
