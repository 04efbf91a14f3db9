//! What was read of a system.

/// A call that was refused, with the error's name, as `EPERM`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The call.
    pub call: &'static str,
    /// The error's name.
    pub errno: String,
}

/// How far tracing a program came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceStep {
    /// The process could not be made, or its program not be executed.
    Start,
    /// `ptrace(PTRACE_SEIZE)`.
    Seize,
    /// Its filter: `seccomp(SECCOMP_SET_MODE_FILTER)`.
    Filter,
}

/// What was tried here, and how the switches are set. `None` is "there is no such
/// switch, or it cannot be read".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readings {
    /// Whether this is root, as far as it can see.
    pub root: bool,
    /// Whether proc(5) is mounted.
    pub proc: bool,
    /// Whether the loopback interface is up.
    pub loopback_up: Option<bool>,
    /// The interfaces that libpcap lists.
    pub interfaces: Vec<String>,
    /// Capturing on the loopback, or libpcap's words.
    pub capture: Result<(), String>,
    /// Whether a packet socket may be opened (packet(7), `CAP_NET_RAW`).
    pub packet_socket: Option<bool>,
    /// Whether capabilities hold in the network that this is in: it belongs to this user
    /// namespace (`user_namespaces(7)`).
    pub rights_hold: Option<bool>,
    /// `NoNewPrivs:` of proc(5): capabilities of files are ignored.
    pub no_new_privs: Option<bool>,
    /// Tracing a program of its own.
    pub trace: Result<(), (TraceStep, String)>,
    /// Looking at the socket of a traced program.
    pub sockets: Result<(), Refusal>,
    /// Whether this process itself is traced.
    pub traced: Option<bool>,
    /// Whether its system calls are filtered, as in a container (seccomp(2)).
    pub filtered: Option<bool>,
    /// `kernel.yama.ptrace_scope`.
    pub ptrace_scope: Option<u64>,
    /// A network of its own, or which step was refused, and why.
    pub isolation: Result<(), String>,
    /// Programs in the kernel, or which step was refused, and why.
    pub ebpf: Result<(), String>,
}

/// What else a bug report needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// The distribution's name (os-release(5)).
    pub system: Option<String>,
    /// The processor's architecture.
    pub architecture: String,
    /// libpcap's own words.
    pub libpcap: Option<String>,
    /// tshark's own words; `None` where it is not installed.
    pub tshark: Option<String>,
}
