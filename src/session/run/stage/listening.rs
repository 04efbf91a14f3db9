//! Waiting until the server listens, and what to say where it does not.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::side::RunningSide;
use super::super::{ServerChoice, SessionError, steps};
use super::Stage;
use crate::model::Exit;
use crate::observe::Listening;
use crate::text::escape::printable;

/// How often a server is asked whether it listens.
const LOOK: Duration = Duration::from_millis(2);

/// Why a server does not listen.
pub(super) enum Why {
    Said(String),
    Ended,
    Patience(Duration),
    Interrupted,
}

impl Stage<'_> {
    pub(super) fn until_listening(&mut self, server: &mut RunningSide) -> Result<SocketAddr, Why> {
        if let ServerChoice::Existing { target, .. } = &self.plan.server {
            return Ok(*target);
        }
        let (port, patience) = self.plan.awaited();
        let until = self.world.elapsed() + patience;
        steps::not_yet_listening(port, patience);
        loop {
            match server.listening(port) {
                Listening::At(target) => return Ok(target),
                Listening::Failed(why) => return Err(Why::Said(why)),
                Listening::NotYet => {}
            }
            if self.world.interrupted() {
                return Err(Why::Interrupted);
            }
            if server.is_over() {
                return Err(Why::Ended);
            }
            if self.world.elapsed() > until {
                return Err(Why::Patience(patience));
            }
            server.look(&mut self.log);
            server.wait(LOOK, self.world);
        }
    }

    pub(super) fn not_listening(
        &self,
        why: Why,
        command: Option<Vec<String>>,
        exit: Option<Exit>,
    ) -> SessionError {
        let (port, _) = self.plan.awaited();
        let where_to = port.map_or(String::new(), |port| format!(" on port {port}"));
        let said = self.store.last_line("server.log");
        let said = said.map_or(String::new(), |line| {
            format!("; its last output: {}", printable(line.trim()))
        });
        let server = match command {
            Some(words) => format!("the server `{}`", printable(&words.join(" "))),
            None => "the server".to_owned(),
        };
        match why {
            Why::Interrupted => SessionError::Interrupted,
            Why::Said(why) => SessionError::Server(why),
            Why::Ended => {
                let how = exit.map_or(String::new(), |e| format!(" ({e})"));
                // Its own sockets are gone: what is there was there before.
                let held = port.and_then(|port| Some((port, self.world.holder_of(port)?)));
                let held = held.map_or(String::new(), |(port, by)| {
                    let reuse = if by.contains("TIME-WAIT") {
                        ", or let the server set SO_REUSEADDR before bind"
                    } else {
                        ""
                    };
                    format!("; port {port} is in use{by}{reuse}")
                });
                SessionError::Server(format!(
                    "{server} ended before it listened{where_to}{how}{said}{held}"
                ))
            }
            Why::Patience(patience) => SessionError::Server(format!(
                "{server} does not listen{where_to} after {} s{said}; check its port, or give it more time with --server-timeout",
                patience.as_secs_f64()
            )),
        }
    }
}
