//! The limits of connections between one client and one server process on this
//! machine.

use super::readings::{Readings, SocketReadings};
use super::{aside, bound, task};
use crate::model::{Limit, LimitName, Scope};

/// What a connection that waits takes of a control group's memory: two files
/// and what the server keeps for it, measured as the figures of tasks are.
const CHARGED_BYTES: u64 = 7_630;

/// What it takes of the system's: its two sockets, too, which are charged to
/// no group.
const CONNECTION_BYTES: u64 = CHARGED_BYTES + 2 * 2368;

/// The limits.
pub(super) fn limits(readings: &Readings) -> Vec<Limit> {
    let sockets = &readings.sockets;
    let files = |scope, used| bound(LimitName::Nofile, scope, sockets.nofile.soft, used, 1);
    let mut all = vec![
        files(Scope::Client, sockets.client_files),
        files(Scope::Server, sockets.server_files),
        aside(
            LimitName::NrOpen,
            Scope::System,
            sockets.nr_open,
            "RLIMIT_NOFILE cannot be raised beyond it",
        ),
        file_max(sockets),
        bound(
            LimitName::PortRange,
            Scope::Address,
            sockets.ports,
            sockets.ports_in_use,
            1,
        ),
        aside(
            LimitName::Somaxconn,
            Scope::Server,
            sockets.somaxconn,
            "bounds only what waits to be accepted",
        ),
        aside(
            LimitName::TcpMem,
            Scope::System,
            sockets.tcp_mem,
            "in pages, of which an idle connection has none",
        ),
    ];
    if sockets.conntrack_max.is_some() {
        all.push(bound(
            LimitName::ConntrackMax,
            Scope::System,
            sockets.conntrack_max,
            sockets.conntrack,
            1,
        ));
    }
    all.extend(task::of_memory(
        &readings.memory,
        CHARGED_BYTES,
        CONNECTION_BYTES,
    ));
    all
}

/// Each end is an open file.
fn file_max(sockets: &SocketReadings) -> Limit {
    let limit = bound(
        LimitName::FileMax,
        Scope::System,
        sockets.file_max,
        sockets.files,
        2,
    );
    match sockets.files_exempt {
        Some(why) => limit.lifted(why),
        None => limit,
    }
}
