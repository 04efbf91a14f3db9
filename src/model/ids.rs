//! Identities: who a thread, a process, a worker, a flow, an endpoint is.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A process: its thread group's id, as getpid(2) tells it.
    Pid(u32)
);
number!(
    /// A thread: its task id, as gettid(2) tells it.
    Tid(u32)
);
number!(
    /// One unit of concurrency of a side, numbered from 0 in the order of creation.
    WorkerId(u32)
);
number!(
    /// One flow of a capture, numbered from 0 in the order of first frames, as
    /// Wireshark's `tcp.stream` is.
    FlowId(u64)
);

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Endpoint {
    /// The IP address.
    pub ip: IpAddr,
    /// The TCP port.
    pub port: u16,
}

impl Endpoint {
    /// An endpoint of this address and port.
    #[must_use]
    pub const fn new(ip: IpAddr, port: u16) -> Self {
        Self { ip, port }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(a: SocketAddr) -> Self {
        // An IPv4 peer of an IPv6 socket appears as ::ffff:a.b.c.d (RFC 4291,
        // 2.5.5.2); on the wire it is plain IPv4, and so it is here.
        Self::new(a.ip().to_canonical(), a.port())
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(e: Endpoint) -> Self {
        Self::new(e.ip, e.port)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::from(*self).fmt(f)
    }
}
