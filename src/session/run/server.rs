//! The server's side while it runs, whoever's program it is.

use std::fs::File;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::plan::{ClientChoice, ServerChoice};
use super::program::{Program, Start, Watched};
use super::{RunDir, RunPlan, SERVER_COMMAND, SERVER_GRACE, SPARE_SLOTS, SessionError, side};
use crate::model::{Endpoint, Exit, SideCost};
use crate::observe::ptrace::Interest;
use crate::sys::ledger::Ledger;
use crate::sys::net::listeners;
use crate::sys::process::Child;
use crate::sys::process::signals::StopSignal;
use crate::text::escape::printable;

/// A server at work.
#[derive(Debug)]
pub enum RunningServer {
    /// The built-in one.
    Embedded {
        /// Its process.
        child: Child,
        /// Where it reports itself.
        ledger: Ledger,
    },
    /// A program, started or attached to.
    Command(Box<Program>),
    /// One that is left alone.
    Existing,
}

/// A server that has ended, or was left.
#[derive(Debug)]
pub enum EndedServer {
    /// The built-in one.
    Embedded {
        /// What it reported.
        ledger: Ledger,
        /// How it ended, where it did so before it was asked to.
        lost: Option<Exit>,
        /// What it cost.
        cost: SideCost,
    },
    /// A program.
    Command(Box<Watched>),
    /// One that was left alone.
    Existing,
}

/// How often a program is asked whether it listens.
const LOOK: Duration = Duration::from_millis(2);

impl RunningServer {
    /// Starts it, and waits until it listens. Returns where.
    pub fn start(
        plan: &RunPlan,
        dir: &RunDir,
        stop: &StopSignal,
    ) -> Result<(Self, SocketAddr), SessionError> {
        let interest = Interest::Server {
            read_write: plan.read_write,
        };
        match &plan.server {
            ServerChoice::Existing {
                target,
                attach: None,
            } => Ok((Self::Existing, *target)),
            ServerChoice::Existing {
                target,
                attach: Some(pid),
            } => {
                let program = Program::attach(*pid, interest)?;
                Ok((Self::Command(Box::new(program)), *target))
            }
            ServerChoice::Embedded(server) => {
                let requests = match &plan.client {
                    ClientChoice::BuiltIn(client) => client.requests as usize,
                    // Slots that are never touched cost nothing.
                    ClientChoice::Command { .. } => 1 << 20,
                };
                let slots = requests + SPARE_SLOTS;
                let ledger = Ledger::create(slots, slots)?;
                let log = File::create(dir.file("server.log")).ok();
                let mut child = side::start(SERVER_COMMAND, server, &ledger, log)?;
                let target = side::wait_until_listening(&mut child)?;
                Ok((Self::Embedded { child, ledger }, target))
            }
            ServerChoice::Command {
                words,
                port,
                patience,
            } => {
                if let Some(port) = port
                    && !listeners::listening_on(*port).is_empty()
                {
                    return Err(SessionError::Server(format!(
                        "port {port} is in use{}; end that program, or give the server another port",
                        listeners::describe_holder(*port)
                    )));
                }
                let log = log_file(dir, "server.log");
                let mut program = Program::start(&Start {
                    words,
                    interest,
                    observe: plan.observe,
                    log,
                    show_output: plan.show_output,
                    foreground: false,
                })?;
                match wait_until_listening(&mut program, *port, *patience, stop) {
                    Ok(heard) => Ok((
                        Self::Command(Box::new(program)),
                        listeners::reachable(heard.into()),
                    )),
                    Err(why) => {
                        program.end(Duration::from_millis(500));
                        let watched = program.finish();
                        Err(not_listening(&why, &watched, dir, *port))
                    }
                }
            }
        }
    }

    /// Asks it to end, and waits for it; one that was not started for the run
    /// goes on.
    /// What it accepted elsewhere than on `port` is nobody's affair here.
    pub fn finish(self, port: u16) -> EndedServer {
        match self {
            Self::Existing => EndedServer::Existing,
            Self::Embedded { mut child, ledger } => {
                let lost = child.wait(Duration::ZERO);
                if lost.is_none() {
                    child.end(SERVER_GRACE);
                }
                EndedServer::Embedded {
                    ledger,
                    lost,
                    cost: child.cost(),
                }
            }
            Self::Command(mut program) => {
                program.end(SERVER_GRACE);
                let mut watched = program.finish();
                if let Some((side, _)) = &mut watched.traced {
                    side.sockets.keep_port(port);
                }
                EndedServer::Command(Box::new(watched))
            }
        }
    }

    /// The client is about to start.
    pub fn is_joined(&mut self) {
        if let Self::Command(program) = self {
            program.is_joined();
        }
    }

    /// One look at it, where it is sampled.
    pub fn look(&mut self) {
        if let Self::Command(program) = self {
            program.look();
        }
    }
}

impl EndedServer {
    /// What it cost.
    pub fn cost(&self) -> SideCost {
        match self {
            Self::Embedded { cost, .. } => *cost,
            Self::Command(watched) => watched.cost,
            Self::Existing => SideCost::default(),
        }
    }
}

/// The file of a run directory that a program's output goes to: emptied, and
/// written at its end, so that two writers do not overwrite each other.
pub fn log_file(dir: &RunDir, name: &str) -> Option<File> {
    let path = dir.file(name);
    let emptied = File::create(&path).is_ok();
    let file = File::options().append(true).open(&path).ok();
    file.filter(|_| emptied)
}

/// Why a server does not listen.
enum Why {
    Ended,
    Patience(Duration),
    Interrupted,
}

fn wait_until_listening(
    program: &mut Program,
    port: Option<u16>,
    patience: Duration,
    stop: &StopSignal,
) -> Result<Endpoint, Why> {
    let until = Instant::now() + patience;
    loop {
        if let Some(heard) = program.listening(port) {
            return Ok(heard);
        }
        if program.is_over() {
            return Err(Why::Ended);
        }
        if stop.raised() {
            return Err(Why::Interrupted);
        }
        if Instant::now() > until {
            return Err(Why::Patience(patience));
        }
        program.look();
        std::thread::sleep(LOOK);
    }
}

fn not_listening(why: &Why, watched: &Watched, dir: &RunDir, port: Option<u16>) -> SessionError {
    let where_to = match port {
        Some(port) => format!(" on port {port}"),
        None => String::new(),
    };
    let last = std::fs::read_to_string(dir.file("server.log")).unwrap_or_default();
    let said = match last.lines().rev().find(|l| !l.trim().is_empty()) {
        Some(line) => format!("; it said last: {}", printable(line.trim())),
        None => String::new(),
    };
    let command = printable(&watched.command.join(" ")).into_owned();
    match why {
        Why::Interrupted => SessionError::Interrupted,
        Why::Ended => {
            let how = watched.exit.map(|e| format!(" ({e})")).unwrap_or_default();
            SessionError::Server(format!(
                "the server `{command}` ended before it listened{where_to}{how}{said}"
            ))
        }
        Why::Patience(patience) => SessionError::Server(format!(
            "the server `{command}` does not listen{where_to} after {} s{said}; check its port, or give it more time with --server-timeout",
            patience.as_secs_f64()
        )),
    }
}
