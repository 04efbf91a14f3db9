//! One rule a file.

pub(super) mod capture_lossy;
pub(super) mod count_mismatch;
pub(super) mod drops_unknown;
pub(super) mod interrupted;
pub(super) mod linger_timeout;
pub(super) mod no_connection;
pub(super) mod not_joined;
pub(super) mod peak_below_requests;
pub(super) mod ports_reused;
pub(super) mod requests_failed;
pub(super) mod source_addresses;
pub(super) mod syn_retransmitted;
pub(super) mod unanswered_flows;
pub(super) mod unowned_flows;
