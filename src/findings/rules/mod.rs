//! The registry: every finding of a run, one line each. Among findings of one
//! severity, this is their order.
//!
//! A line names the code as a type and the file of its rule; the file's name is
//! the code in `run.json`. The line declares the file, so nothing else has to be
//! said anywhere.

use std::fmt;

use super::rule::Rule;

macro_rules! registry {
    ($($code:ident = $rule:ident,)+) => {
        $(pub(super) mod $rule;)+

        /// The code of a finding of a run.
        ///
        /// A record of a later version may hold others, so a
        /// [`Finding`](crate::model::Finding) holds its code as text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", stringify!($rule), "`")] $code,)+
        }

        impl Code {
            /// Every code, in the order of the registry.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// Its name in records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => stringify!($rule),)+ }
            }

            pub(super) const fn rule(self) -> &'static Rule {
                match self { $(Self::$code => &$rule::RULE,)+ }
            }
        }
    };
}

registry! {
    ProgramNotStarted = program_not_started,
    ServerNotListening = server_not_listening,
    CaptureFailed = capture_failed,
    CaptureNotSaved = capture_not_saved,
    AddressFallback = address_fallback,
    IsolatedOutside = isolated_outside,
    LedgerFull = ledger_full,
    RecordsLost = records_lost,
    ObserversDiffer = observers_differ,
    ClockSet = clock_set,
    TraceNotAllowed = trace_not_allowed,
    EbpfNotAllowed = ebpf_not_allowed,
    ClientRefusedTasks = client_refused_tasks,
    ReserveKept = reserve_kept,
    ClientDied = client_died,
    UsesPtrace = uses_ptrace,
    SetuidIgnored = setuid_ignored,
    StrictSeccompRefused = strict_seccomp_refused,
    SocketsUnseen = sockets_unseen,
    SocketsRefused = sockets_refused,
    UsesIoUring = uses_io_uring,
    ClientSignal = client_signal,
    ClientExit = client_exit,
    ProcessesKilled = processes_killed,
    ExceptionsLogged = exceptions_logged,
    LeftBehind = left_behind,
    ServerRefusedTasks = server_refused_tasks,
    ServerRefusedDescriptors = server_refused_descriptors,
    ServerDied = server_died,
    ServerEnded = server_ended,
    ServingThreadUnseen = serving_thread_unseen,
    Interrupted = interrupted,
    TimeLimit = time_limit,
    LogCut = log_cut,
    LogNotSaved = log_not_saved,
    NotEnded = not_ended,
    CaptureLossy = capture_lossy,
    NothingCaptured = nothing_captured,
    CountMismatch = count_mismatch,
    NotJoined = not_joined,
    NoConnection = no_connection,
    RequestsFailed = requests_failed,
    PortsExhausted = ports_exhausted,
    RequestCount = request_count,
    RequestsUnknown = requests_unknown,
    IncompleteFigures = incomplete_figures,
    LingerTimeout = linger_timeout,
    DropsUnknown = drops_unknown,
    FramesTwice = frames_twice,
    SynRetransmitted = syn_retransmitted,
    UnansweredFlows = unanswered_flows,
    NeverAccepted = never_accepted,
    UnownedFlows = unowned_flows,
    BegunBefore = begun_before,
    ClientsOnTheWire = clients_on_the_wire,
    AnswersOffTheClock = answers_off_the_clock,
    SlowAnswers = slow_answers,
    SlowCalls = slow_calls,
    AnswersSplit = answers_split,
    AnswersCoalesced = answers_coalesced,
    ResetUnread = reset_unread,
    Sampled = sampled,
    ObserverCost = observer_cost,
    ThreadPerRequest = thread_per_request,
    PeakBelowRequests = peak_below_requests,
    PoolWidth = pool_width,
    PortsReused = ports_reused,
    SourceAddresses = source_addresses,
    ClosesFirst = closes_first,
}

#[cfg(test)]
impl Code {
    /// The code of this name; `None` for a name of a later version.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
