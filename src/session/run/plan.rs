//! What a run is to do, checked.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::save_in::SaveIn;
use crate::lab::client::ClientPlan;
use crate::lab::server::ServerPlan;
use crate::model::observation::{
    Asked, AskedCapture, AskedClient, AskedProgram, AskedPrograms, AskedServer,
};
use crate::model::{Pid, Side, Strategy};
use crate::sys::capture::Settings;
pub use crate::sys::isolation::Identity;

/// When a run has a network of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolate {
    /// Where capturing is not permitted else, and the server is one that the run starts.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// Never.
    Never,
}

/// How programs are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observe {
    /// Every event of interest: by programs in the kernel where that is allowed, else
    /// traced, else sampled.
    Auto,
    /// The same, and where programs in the kernel are not allowed that is told.
    Ebpf,
    /// Traced with ptrace(2); sampled where that is not allowed.
    Ptrace,
    /// By programs in the kernel and traced at once, as a check of both.
    Both,
    /// Sampled through proc(5).
    Sampled,
    /// Not at all.
    Off,
}

/// How long the built-in server may take until it listens, on a machine where
/// hundreds want a processor.
const OWN_PATIENCE: Duration = Duration::from_mins(1);

/// Whose client a run uses.
#[derive(Clone, Debug)]
pub enum ClientChoice {
    /// A built-in strategy; its target is filled in when the server's address
    /// is known.
    BuiltIn(ClientPlan),
    /// A program.
    Command {
        /// Its words.
        words: Vec<OsString>,
        /// The folder that it runs in; `None`: the present one.
        folder: Option<PathBuf>,
        /// How many requests it makes, where that is known.
        requests: Option<u32>,
    },
    /// Those that are there: nothing is started, and who is there is watched.
    Existing {
        /// The process of one; `None`: all of them are seen on the wire alone.
        attach: Option<Pid>,
        /// For how long; `None`: until the person, or all that is watched, ends it.
        duration: Option<Duration>,
        /// The server's addresses: on another interface than the loopback one, what goes
        /// to its port elsewhere is not of this watch. None: they are not known.
        addresses: Vec<IpAddr>,
    },
}

/// Whose server a run uses.
#[derive(Clone, Debug)]
pub enum ServerChoice {
    /// The built-in one, started for the run.
    Embedded(ServerPlan),
    /// A program, started for the run.
    Command {
        /// Its words.
        words: Vec<OsString>,
        /// The folder that it runs in; `None`: the present one.
        folder: Option<PathBuf>,
        /// The port that it is to listen on; `None` takes its first.
        port: Option<u16>,
        /// How long it may take until it listens.
        patience: Duration,
    },
    /// One that already runs.
    Existing {
        /// Where it listens.
        target: SocketAddr,
        /// The process to attach to; `None` leaves it alone.
        attach: Option<Pid>,
    },
}

/// What a run is to do, checked.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, independent of the others"
)]
pub struct RunPlan {
    /// The client.
    pub client: ClientChoice,
    /// The server.
    pub server: ServerChoice,
    /// What to tap; `None` captures nothing.
    pub capture: Option<Settings>,
    /// How programs are watched.
    pub observe: Observe,
    /// Whether read(2) and write(2) of a server are looked at, too.
    pub read_write: bool,
    /// Whether the output of programs is shown.
    pub show_output: bool,
    /// The most bytes that the log of a program may hold.
    pub log_limit: u64,
    /// How long the client may run; `None`: as long as it wants to.
    pub time_limit: Option<Duration>,
    /// Whether to count threads and processes of the system and of an existing server.
    pub sample: bool,
    /// How long to wait at most, after the client's end, for flows to close.
    pub linger: Duration,
    /// Whether it has a network of its own.
    pub isolate: Isolate,
    /// Who its programs are there.
    pub identity: Identity,
    /// Whether all of it stays root's, where a person has called sudo(8).
    pub as_root: bool,
    /// Where to save the run.
    pub save_in: SaveIn,
}

impl RunPlan {
    /// Whether the server is reached over the loopback interface, as far as that is
    /// known before it listens.
    pub(super) fn uses_loopback(&self) -> bool {
        match &self.server {
            ServerChoice::Embedded(server) => server.bind.is_loopback(),
            ServerChoice::Existing { target, .. } => target.ip().is_loopback(),
            ServerChoice::Command { .. } => true,
        }
    }

    /// On which port the server is waited for, and how long.
    pub(super) fn awaited(&self) -> (Option<u16>, Duration) {
        match &self.server {
            ServerChoice::Command { port, patience, .. } => (*port, *patience),
            ServerChoice::Embedded(_) | ServerChoice::Existing { .. } => (None, OWN_PATIENCE),
        }
    }

    /// What is told of it in the log; `isolated`: whether it has a network of its own.
    pub(super) fn asked(&self, isolated: bool) -> Asked {
        Asked {
            isolated,
            client: match &self.client {
                ClientChoice::BuiltIn(client) => AskedClient::BuiltIn {
                    strategy: client.strategy,
                    requests: u64::from(client.requests),
                    workers: (client.strategy == Strategy::Pool).then(|| u64::from(client.workers)),
                    join: client.join,
                    gate: client.gate,
                    max_in_flight: client.max_in_flight.map(u64::from),
                    rate: client.rate,
                    duration_ns: client.duration.map(Into::into),
                    timeout_ns: client.timeout.into(),
                },
                ClientChoice::Command { requests, .. } => AskedClient::Program {
                    requests: requests.map(u64::from),
                },
                ClientChoice::Existing { attach, .. } => AskedClient::Existing {
                    attached: attach.is_some(),
                },
            },
            server: match &self.server {
                ServerChoice::Embedded(server) => AskedServer::Embedded {
                    model: server.model,
                },
                ServerChoice::Command { .. } => AskedServer::Program,
                ServerChoice::Existing { attach, .. } => AskedServer::Existing {
                    attached: attach.is_some(),
                },
            },
            capture: self.capture.as_ref().map(|settings| AskedCapture {
                interface: settings.interface.clone(),
                snaplen: settings.snaplen,
            }),
            read_write: self.read_write,
            client_exchanges: self.looks_at_client_exchanges(),
            programs: AskedPrograms {
                client: match &self.client {
                    ClientChoice::BuiltIn(_) | ClientChoice::Existing { .. } => None,
                    ClientChoice::Command { words, folder, .. } => {
                        Some(asked_program(words, folder.as_deref()))
                    }
                },
                server: match &self.server {
                    ServerChoice::Command { words, folder, .. } => {
                        Some(asked_program(words, folder.as_deref()))
                    }
                    ServerChoice::Embedded(_) | ServerChoice::Existing { .. } => None,
                },
                root_inside: self.identity == Identity::Root,
            },
            flows: self.save_in.flows,
            time_limit_ns: self.time_limit.map(Into::into),
        }
    }

    /// Whether it is looked at when a client that is a program sends and receives. What
    /// is captured tells that better, and costs the client no stop.
    pub(super) fn looks_at_client_exchanges(&self) -> bool {
        let program = matches!(self.client, ClientChoice::Command { .. });
        self.capture.is_none() && program && self.observe != Observe::Ebpf
    }

    /// Whether nothing is started, and who is there is watched.
    pub(super) fn is_watch(&self) -> bool {
        matches!(self.client, ClientChoice::Existing { .. })
    }

    /// Whether a side is to be watched by programs in the kernel, if they may be loaded.
    pub(super) fn watches_from_kernel(&self, side: Side) -> bool {
        let program = match side {
            // Whatever the server's address is: it was found on this machine.
            _ if self.is_watch() => true,
            // What it says and hears on its connections only its calls tell.
            Side::Client => {
                let traced_too = self.observe == Observe::Both;
                matches!(self.client, ClientChoice::Command { .. })
                    && (traced_too || !self.looks_at_client_exchanges())
            }
            Side::Server => match &self.server {
                ServerChoice::Embedded(_) => false,
                ServerChoice::Command { .. } => true,
                ServerChoice::Existing { attach, .. } => attach.is_some() || self.sample,
            },
        };
        program && matches!(self.observe, Observe::Auto | Observe::Ebpf | Observe::Both)
    }

    /// What the run's folder is named by: the strategy, or the program.
    pub(super) fn name(&self) -> String {
        match &self.client {
            ClientChoice::BuiltIn(client) => client.strategy.to_string(),
            ClientChoice::Existing { .. } => "watch".to_owned(),
            ClientChoice::Command { words, folder, .. } => {
                program_name(words, folder.as_deref().unwrap_or(Path::new("")))
            }
        }
    }
}

/// The words of a command as they are saved and told.
pub(super) fn lossy(words: &[OsString]) -> Vec<String> {
    let words = words.iter();
    words.map(|w| w.to_string_lossy().into_owned()).collect()
}

fn asked_program(words: &[OsString], folder: Option<&Path>) -> AskedProgram {
    AskedProgram {
        command: lossy(words),
        folder: folder.map(|f| f.to_string_lossy().into_owned()),
    }
}

/// How the names of scripts end.
const SCRIPTS: [&str; 14] = [
    "py", "js", "mjs", "ts", "rb", "pl", "sh", "lua", "php", "jar", "java", "r", "tcl", "exs",
];

/// Whether a word is a script that an interpreter in this folder is given.
fn is_script(word: &OsString, folder: &Path) -> bool {
    let path = folder.join(word);
    let ends = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    ends.is_some_and(|ends| SCRIPTS.iter().any(|s| ends == *s)) && path.is_file()
}

/// The word that tells a program best: the script of an interpreter where there
/// is such a file, else the program itself; without what a file's name may not
/// hold.
fn program_name(words: &[OsString], folder: &Path) -> String {
    let stem = |word: &OsString| {
        let path = Path::new(word);
        path.file_stem().map(|s| s.to_string_lossy().into_owned())
    };
    let script = words.iter().skip(1).find(|word| is_script(word, folder));
    let name = script.or(words.first()).and_then(stem).unwrap_or_default();
    let fit = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let name: String = name.chars().filter(|c| fit(*c)).take(40).collect();
    if name.is_empty() {
        "command".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        program_name(&words, Path::new(""))
    }

    #[test]
    fn a_folder_is_named_by_the_script_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("client_thread.py");
        std::fs::write(&script, "").unwrap();
        let script = script.display();
        assert_eq!(name(&format!("python3 {script} 1000")), "client_thread");
        assert_eq!(
            name(&format!("timeout 5 python3 -u {script}")),
            "client_thread"
        );
        assert_eq!(name("python3 labs/no_such_client.py 1000"), "python3");
        // A relative one is in the folder that the program runs in.
        let words = ["python3", "client_thread.py"].map(OsString::from);
        assert_eq!(program_name(&words, folder.path()), "client_thread");
    }

    #[test]
    fn nothing_else_names_a_folder() {
        assert_eq!(name("curl http://127.0.0.1:8000/index.html"), "curl");
        assert_eq!(name("curl http://example.org/client.py"), "curl");
        assert_eq!(name("/usr/bin/curl -o Cargo.toml example.org"), "curl");
        assert_eq!(name("./client 10.0"), "client");
        assert_eq!(name("./client 1000 --port 45000"), "client");
        assert_eq!(name("/"), "command");
    }
}
