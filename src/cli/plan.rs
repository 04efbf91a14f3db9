//! From arguments to a plan that can be carried out, or one line that says
//! what is wrong with them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};
use thiserror::Error;

use super::RunArgs;
use super::run::IsolateName;
use super::serve::cpus;
use crate::lab::client::ClientPlan;
use crate::lab::protocol;
use crate::lab::server::ServerPlan;
use crate::model::{Pid, Strategy};
use crate::session::run::{ClientChoice, Identity, RunPlan, ServerChoice};
use crate::sys::capture::Settings;
use crate::sys::net::{NetNamespace, listeners};
use crate::sys::{capture, proc};
use crate::text::command;
use crate::text::escape::printable;

/// Requests of a built-in strategy, unless the user says otherwise.
const REQUESTS: u32 = 1000;

/// Arguments that do not fit together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum UsageError {
    /// An option that another one needs, or does not go with.
    #[error("{0}")]
    Mismatch(&'static str),
    /// Runs of a comparison that would be saved over one another.
    #[error(
        "two runs would be saved in the same folder {0}; give one --program or --server another name"
    )]
    SharedFolder(String),
    /// A command that cannot be run as it is given.
    #[error("--server-cmd: {0}")]
    Command(String),
    /// A folder that no program can run in.
    #[error("{option} {folder}: {reason}; give a folder that exists")]
    Folder {
        /// The option.
        option: &'static str,
        /// The folder.
        folder: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A process that is no server.
    #[error("--server-pid {pid}: {reason}")]
    Process {
        /// The process.
        pid: Pid,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody who could be watched.
    #[error("{0}")]
    Watch(String),
    /// A server that has no address.
    #[error(
        "--connect {given}: {reason}; give HOST:PORT, for example 127.0.0.1:45000 or [::1]:45000"
    )]
    Target {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why it cannot be said who the programs are in a network that there is not to be.
pub(super) const AS_NOBODY: &str = "--isolate-as says who your programs are in a network of their own: it cannot be used with --isolate never";
const AS_ELSEWHERE: &str = "--isolate-as says who your programs are in a network of their own: it cannot be used with --connect or --server-pid, whose server runs already";

impl RunArgs {
    /// The plan.
    ///
    /// # Errors
    /// When options do not fit together, or the server's name has no address.
    pub fn plan(&self) -> Result<RunPlan, UsageError> {
        let server = self.server_choice()?;
        let client = self.client_choice(&server)?;
        let target = match &server {
            ServerChoice::Existing { target, .. } => *target,
            ServerChoice::Embedded(plan) => SocketAddr::new(plan.bind, plan.port),
            // It is started on this machine.
            ServerChoice::Command { .. } => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
        };
        if self.isolate == IsolateName::Always && matches!(server, ServerChoice::Existing { .. }) {
            return Err(UsageError::Mismatch(
                "--isolate always starts a network of its own, in which no server runs already: it cannot be used with --connect or --server-pid",
            ));
        }
        let never = self.isolate == IsolateName::Never;
        if self.isolate_as.is_some() && (never || matches!(server, ServerChoice::Existing { .. })) {
            return Err(UsageError::Mismatch(if never {
                AS_NOBODY
            } else {
                AS_ELSEWHERE
            }));
        }
        let capture = (!self.tap.no_capture).then(|| Settings {
            interface: self.interface.clone().unwrap_or_else(|| leads_to(target)),
            snaplen: self.tap.snaplen,
            buffer_bytes: self.tap.buffer,
        });
        Ok(RunPlan {
            client,
            server,
            capture,
            observe: self.observe.into(),
            read_write: self.trace_rw,
            show_output: self.show_output,
            log_limit: u64::from(self.log_limit),
            time_limit: self.time_limit,
            sample: !self.no_sampling,
            linger: self.tap.linger,
            isolate: self.isolate.into(),
            identity: self.isolate_as.map_or(Identity::Own, Into::into),
            as_root: self.as_root,
            save_in: self
                .keep
                .save_in(self.out.as_deref(), self.compress, self.tap.rotate),
        })
    }

    fn client_choice(&self, server: &ServerChoice) -> Result<ClientChoice, UsageError> {
        if !self.client.is_empty() {
            return Ok(ClientChoice::Command {
                words: self.client.clone(),
                folder: folder("--client-cwd", self.client_cwd.as_deref())?,
                requests: self.requests,
            });
        }
        let strategy = self.strategy.unwrap_or(Strategy::Thread);
        if self.no_join && strategy != Strategy::Pool {
            return Err(UsageError::Mismatch(
                "--no-join needs --strategy pool: only a pool has a queue of requests",
            ));
        }
        if self.workers.is_some() && strategy != Strategy::Pool {
            return Err(UsageError::Mismatch(
                "--workers needs --strategy pool; to limit other strategies use --max-in-flight",
            ));
        }
        let target = match server {
            ServerChoice::Existing { target, .. } => *target,
            // Known when it listens.
            _ => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
        };
        Ok(ClientChoice::BuiltIn(ClientPlan {
            strategy,
            requests: self.number_of_requests()?,
            rate: self.rate,
            duration: self.duration,
            workers: self.workers.unwrap_or_else(cpus),
            gate: self.gate,
            max_in_flight: self.max_in_flight,
            join: !self.no_join,
            timeout: self.timeout,
            reserve_percent: self.reserve,
            target,
            parent: std::process::id(),
        }))
    }

    /// As many as are due in the time given, or as many as were asked for.
    fn number_of_requests(&self) -> Result<u32, UsageError> {
        /// What -n takes.
        const MOST: u64 = 10_000_000;
        let (Some(rate), Some(duration)) = (self.rate, self.duration) else {
            return Ok(self.requests.unwrap_or(REQUESTS));
        };
        let due = rate.requests_within(duration.into());
        u32::try_from(due)
            .ok()
            .filter(|n| u64::from(*n) <= MOST)
            .ok_or(UsageError::Mismatch(
                "--rate and --duration make more than 10,000,000 requests; lower one of them",
            ))
    }

    fn server_choice(&self) -> Result<ServerChoice, UsageError> {
        if let Some(command) = &self.server_cmd {
            let words = command::words(command, "--server-cwd").map_err(UsageError::Command)?;
            if words.is_empty() {
                return Err(UsageError::Command("the command is empty".to_owned()));
            }
            if self.port == Some(0) {
                return Err(UsageError::Mismatch(
                    "--port 0 cannot be used with --server-cmd: leave out --port to use the port that the command listens on",
                ));
            }
            return Ok(ServerChoice::Command {
                words: words.into_iter().map(Into::into).collect(),
                folder: folder("--server-cwd", self.server_cwd.as_deref())?,
                port: self.port,
                patience: self.server_timeout,
            });
        }
        if let Some(pid) = self.server_pid {
            let attach = Some(Pid(pid));
            let target = match &self.connect {
                Some(given) => resolve(given)?,
                None => listens_on(Pid(pid), self.port)?,
            };
            return Ok(ServerChoice::Existing { target, attach });
        }
        Ok(match &self.connect {
            Some(given) => ServerChoice::Existing {
                target: resolve(given)?,
                attach: None,
            },
            None => ServerChoice::Embedded(self.server_plan()),
        })
    }

    fn server_plan(&self) -> ServerPlan {
        ServerPlan {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: self.port.unwrap_or(protocol::PORT),
            model: self.model,
            workers: self.server_workers.unwrap_or_else(cpus),
            backlog: self.backlog,
            reserve_percent: self.reserve,
            // A peer that is silent for longer than a request may take is lost.
            idle_timeout: self.timeout.max(Duration::from_secs(30)),
            parent: Some(std::process::id()),
        }
    }
}

/// A folder that a program is to run in: there, and one that it may enter.
///
/// # Errors
/// When it is not.
pub(super) fn folder(
    option: &'static str,
    given: Option<&Path>,
) -> Result<Option<PathBuf>, UsageError> {
    let Some(path) = given else {
        return Ok(None);
    };
    let wrong = |reason: String| {
        Err(UsageError::Folder {
            option,
            folder: printable(&path.to_string_lossy()).into_owned(),
            reason,
        })
    };
    match std::fs::metadata(path) {
        Err(e) => wrong(e.to_string()),
        Ok(found) if !found.is_dir() => wrong("it is not a folder".to_owned()),
        Ok(_) => match access(path, Access::EXEC_OK) {
            Err(e) => wrong(std::io::Error::from(e).to_string()),
            Ok(()) => Ok(Some(path.to_owned())),
        },
    }
}

/// Where a process listens, on this port or else on its only one.
fn listens_on(pid: Pid, port: Option<u16>) -> Result<SocketAddr, UsageError> {
    let mut heard = NetNamespace::own().held_by(&proc::tree_of(pid));
    heard.retain(|a| port.is_none_or(|p| p == a.port()));
    let ports: BTreeSet<u16> = heard.iter().map(SocketAddr::port).collect();
    let wrong = |reason| Err(UsageError::Process { pid, reason });
    match (heard.first(), ports.len()) {
        (None, _) => wrong(match port {
            Some(port) => format!(
                "it does not listen on port {port}, or you have no permission to inspect it"
            ),
            None => "it does not listen on any TCP port, or you have no permission to inspect it"
                .to_owned(),
        }),
        (Some(first), 1) => Ok(listeners::reachable(*first)),
        _ => {
            let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
            wrong(format!(
                "it listens on several ports ({}); choose one with --port",
                ports.join(", ")
            ))
        }
    }
}

/// The address of a server by name. Where a name has several, the one that
/// somebody on this machine listens on, else the first.
fn resolve(given: &str) -> Result<SocketAddr, UsageError> {
    let wrong = |reason: String| UsageError::Target {
        given: given.escape_debug().to_string(),
        reason,
    };
    let all: Vec<SocketAddr> = given
        .to_socket_addrs()
        .map_err(|e| wrong(e.to_string()))?
        .filter(|a| a.port() != 0)
        .map(|a| SocketAddr::new(a.ip().to_canonical(), a.port()))
        .collect();
    let heard = all.iter().find(|target| {
        NetNamespace::own()
            .listening_on(target.port())
            .iter()
            .any(|l| listeners::serves(l, **target))
    });
    heard
        .or(all.first())
        .copied()
        .ok_or_else(|| wrong("no address and port found".to_owned()))
}

/// The interface on which connections to `target` can be seen.
fn leads_to(target: SocketAddr) -> String {
    const LOOPBACK: &str = "lo";
    // Connecting a UDP socket sends nothing; it asks the kernel for the route.
    let here = match target {
        SocketAddr::V4(_) => UdpSocket::bind("0.0.0.0:0"),
        SocketAddr::V6(_) => UdpSocket::bind("[::]:0"),
    };
    let source = here
        .and_then(|s| s.connect(target).and_then(|()| s.local_addr()))
        .map(|a| a.ip());
    match source {
        // To an address of one's own, the kernel goes through the loopback.
        Ok(ip) if ip.is_loopback() || ip == target.ip() => LOOPBACK.to_owned(),
        Ok(ip) => capture::interface_of(ip).unwrap_or_else(|| LOOPBACK.to_owned()),
        Err(_) => LOOPBACK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn plan(arguments: &[&str]) -> Result<RunPlan, UsageError> {
        let line = ["threadtap", "run"].iter().chain(arguments);
        let Command::Run(args) = Cli::try_parse_from(line).unwrap().command else {
            panic!("not a run");
        };
        args.plan()
    }

    fn built_in(plan: &RunPlan) -> &ClientPlan {
        match &plan.client {
            ClientChoice::BuiltIn(client) => client,
            _ => panic!("a program"),
        }
    }

    #[test]
    fn a_plain_run_is_a_thousand_threads_on_the_loopback() {
        let plan = plan(&[]).unwrap();
        assert_eq!(built_in(&plan).strategy, Strategy::Thread);
        assert_eq!(built_in(&plan).requests, 1000);
        assert_eq!(plan.capture.unwrap().interface, "lo");
        let ServerChoice::Embedded(server) = plan.server else {
            panic!("not embedded");
        };
        assert_eq!((server.port, server.backlog), (45000, 4096));
    }

    #[test]
    fn commands_are_taken_word_by_word() {
        let plan = plan(&["--server-cmd", "sh -c 'a b'", "--", "./client", "-n", "5"]).unwrap();
        let ServerChoice::Command { words, port, .. } = plan.server else {
            panic!("not a command");
        };
        assert_eq!(words, ["sh", "-c", "a b"]);
        assert_eq!(port, None);
        let ClientChoice::Command {
            words, requests, ..
        } = plan.client
        else {
            panic!("not a command");
        };
        assert_eq!(words, ["./client", "-n", "5"]);
        assert_eq!(requests, None);
    }

    #[test]
    fn a_folder_of_a_side_is_there_and_goes_with_its_program() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().to_str().unwrap();
        std::fs::write(here.path().join("file"), "").unwrap();
        let plan = plan(&[
            "--server-cmd",
            "s",
            "--server-cwd",
            path,
            "--client-cwd",
            path,
            "--",
            "c",
        ])
        .unwrap();
        let (ServerChoice::Command { folder, .. }, ClientChoice::Command { folder: other, .. }) =
            (plan.server, plan.client)
        else {
            panic!("not commands");
        };
        assert_eq!(
            (folder.as_deref(), other.as_deref()),
            (Some(here.path()), Some(here.path()))
        );
        for (wrong, said) in [("gone", "No such file"), ("file", "not a folder")] {
            let wrong = here.path().join(wrong);
            let wrong = wrong.to_str().unwrap();
            let error = super::tests::plan(&["--client-cwd", wrong, "--", "c"]).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("--client-cwd") && error.contains(said),
                "{error}"
            );
        }
        let alone = ["threadtap", "run", "--client-cwd", path];
        assert!(
            Cli::try_parse_from(alone).is_err(),
            "there is no client of one's own"
        );
    }

    #[test]
    fn a_command_needs_whole_words() {
        for wrong in ["", "  ", "sh 'a", "cd a && b", "A=1 b"] {
            assert!(plan(&["--server-cmd", wrong]).is_err(), "{wrong}");
        }
        assert!(plan(&["--server-cmd", "a", "--port", "0"]).is_err());
    }

    #[test]
    fn options_that_do_not_fit_together_are_refused() {
        assert!(plan(&["--no-join"]).is_err());
        assert!(plan(&["--workers", "4"]).is_err());
        assert!(plan(&["--strategy", "pool", "--workers", "4", "--no-join"]).is_ok());
    }

    #[test]
    fn a_target_needs_an_address_and_a_port() {
        for wrong in ["127.0.0.1", "127.0.0.1:0", ":", "127.0.0.1:99999", ""] {
            assert!(plan(&["--connect", wrong]).is_err(), "{wrong}");
        }
        let plan = plan(&["--connect", "[::1]:45000"]).unwrap();
        assert_eq!(built_in(&plan).target, "[::1]:45000".parse().unwrap());
        assert_eq!(plan.capture.unwrap().interface, "lo");
    }
}
