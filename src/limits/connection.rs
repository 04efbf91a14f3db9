//! The limits of connections between one client and one server process on this
//! machine.

use super::readings::{Readings, SocketReadings, SpaceReadings};
use super::{aside, bound, task};
use crate::model::{Limit, LimitName, Scope};

/// What a connection that waits takes of a control group's memory: two files
/// and what the server keeps for it, measured as the figures of tasks are.
const CHARGED_BYTES: u64 = 7_630;

/// What it takes of the system's: its two sockets, too, which are charged to
/// no group.
const CONNECTION_BYTES: u64 = CHARGED_BYTES + 2 * 2368;

/// What it takes of the server's heap: its task in the event loop, measured
/// over thousands. The client, which runs under the same limits, takes the four
/// bytes of a descriptor.
const SERVER_BYTES: u64 = 2_300;

/// The limits.
pub(super) fn limits(readings: &Readings) -> Vec<Limit> {
    let sockets = &readings.sockets;
    let ports = sockets
        .port_range
        .map(|(low, high)| u64::from(high.saturating_sub(low)) + 1);
    let files = |scope, used| bound(LimitName::Nofile, scope, sockets.nofile.soft, used, 1);
    let mut all = vec![
        files(Scope::Client, sockets.client_files),
        files(Scope::Server, sockets.server_files),
        aside(
            LimitName::NrOpen,
            Scope::System,
            sockets.nr_open,
            "RLIMIT_NOFILE cannot be set higher than this",
        ),
        file_max(sockets),
        bound(
            LimitName::PortRange,
            Scope::Address,
            ports,
            sockets.ports_in_use,
            1,
        ),
        aside(
            LimitName::Somaxconn,
            Scope::Server,
            sockets.somaxconn,
            "limits only the accept queue",
        ),
        aside(
            LimitName::TcpMem,
            Scope::System,
            sockets.tcp_mem,
            "in pages; an idle connection uses none",
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
    all.extend(of_server(&readings.space));
    all.extend(task::of_memory(
        &readings.memory,
        CHARGED_BYTES,
        CONNECTION_BYTES,
    ));
    all
}

/// The mappings of the server.
fn of_server(space: &SpaceReadings) -> [Limit; 2] {
    let limit =
        |name, value, used| bound(name, Scope::Server, value, used, SERVER_BYTES).estimated();
    [
        limit(
            LimitName::AddressSpaceLimit,
            space.address_limit.soft,
            space.mapped_bytes,
        ),
        limit(LimitName::Data, space.data_limit.soft, space.data_bytes),
    ]
}

impl SpaceReadings {
    /// The mappings of a server that has taken so many connections since, for
    /// one that is not there any more.
    #[must_use]
    pub fn with_connections(mut self, more: u64) -> Self {
        let plus =
            |bytes: Option<u64>| Some(bytes?.saturating_add(more.saturating_mul(SERVER_BYTES)));
        self.mapped_bytes = plus(self.mapped_bytes);
        self.data_bytes = plus(self.data_bytes);
        self
    }
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
