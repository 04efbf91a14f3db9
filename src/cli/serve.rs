//! `threadtap serve`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clap::Args;

use super::values;
use crate::lab::protocol;
use crate::lab::server::ServerPlan;
use crate::model::ServerModel;
use crate::reserve;
use crate::sys::host;

const EXAMPLES: &str = "\
The protocol: a request is a line that begins with TIME and ends with CR LF;
the answer is JAM hh:mm:ss CR LF, in local time. QUIT ends the connection, and
so does any other line.

SIGTERM or Ctrl-C ends it: requests that have been sent are answered, and after 2 s
the connections that are left are closed.

Examples:
  threadtap serve                                port 45000, model thread
  threadtap serve --port 0 --model async         any free port, an event loop
  threadtap serve --bind 0.0.0.0 --backlog 1     for other hosts, backlog 1
  printf 'TIME\\r\\n' | nc 127.0.0.1 45000         send it a request";

/// The length of the accept queue unless the user says otherwise: what the
/// kernel allows by default (`net.core.somaxconn`). With the 128 of many
/// libraries a thousand simultaneous connections overflow it.
pub const BACKLOG: u32 = 4096;

/// `threadtap serve`: the TIME server alone.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// TCP port; 0: any free port, which is printed
    #[arg(long, value_name = "PORT", default_value_t = protocol::PORT)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,
    /// How connections are handled
    #[arg(long, value_enum, default_value = "thread")]
    pub model: ServerModel,
    /// Threads of the pool [default: the number of CPUs]
    #[arg(long, value_name = "W", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub workers: Option<u32>,
    /// Backlog: the length of the accept queue
    #[arg(long, value_name = "N", default_value_t = BACKLOG)]
    pub backlog: u32,
    /// Percentage of free memory and of free system-wide limits to leave unused: threads and
    /// processes that would take them are not started
    #[arg(long, value_name = "PERCENT", default_value_t = reserve::PERCENT,
          value_parser = values::percent)]
    pub reserve: u64,
    /// Close a connection if no data comes for this time
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = values::duration)]
    pub idle_timeout: Duration,
}

impl ServeArgs {
    /// The plan of a server that lives on its own.
    #[must_use]
    pub fn plan(&self) -> ServerPlan {
        ServerPlan {
            bind: self.bind,
            port: self.port,
            model: self.model,
            workers: self.workers.unwrap_or_else(cpus),
            backlog: self.backlog,
            reserve_percent: self.reserve,
            idle_timeout: self.idle_timeout,
            parent: None,
        }
    }
}

/// The number of CPUs, as a number of workers.
pub fn cpus() -> u32 {
    u32::try_from(host::cpus()).unwrap_or(1)
}
