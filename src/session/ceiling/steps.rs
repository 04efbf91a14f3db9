//! What a search tells of its steps (`-v`), in sentences. Nothing here is called
//! for each of the crowd.

use std::net::SocketAddr;
use std::time::Duration;

use tracing::info;

use super::CeilingError;
use crate::model::{CeilingKind, Limit, Pid, StoppedBy};
use crate::text::units::{count, duration};

fn known(n: Option<u64>) -> String {
    n.map_or_else(|| "not measured".to_owned(), count)
}

/// The limits were read.
pub fn limits_read(kind: CeilingKind, limits: &[Limit], predicted: Option<u64>) {
    info!(
        "{}: {} limits read, predicted: {}",
        kind.plural(),
        limits.len(),
        known(predicted)
    );
    for limit in limits {
        let value = limit.value.map_or_else(|| "unlimited".to_owned(), count);
        let and = |what: &str, n: Option<u64>| {
            n.map_or_else(String::new, |n| format!(", {what} {}", count(n)))
        };
        info!(
            "{}: {value}{}{}",
            limit.name,
            and("in use", limit.in_use),
            and("allows", limit.allows)
        );
    }
}

/// The processes of the search are there.
pub fn started(kind: CeilingKind, crowd: Pid, server: Option<(Pid, SocketAddr)>) {
    info!("process for the {} started: pid {crowd}", kind.plural());
    if let Some((pid, address)) = server {
        info!("server started: pid {pid}, listens on {address}");
    }
}

/// More of them may be created.
pub fn granted(reached: u64, granted: u64) {
    match granted {
        u64::MAX => info!("{} exist; no more than the limits stop it", count(reached)),
        most => info!("{} exist; {} may be created", count(reached), count(most)),
    }
}

/// The search has come to its end.
pub fn stopped(kind: CeilingKind, reached: u64, by: StoppedBy) {
    info!(
        "{} {} reached; stopped by: {by}",
        count(reached),
        kind.plural()
    );
}

/// What was created has been ended.
pub fn gone(kind: CeilingKind, left: Option<u64>) {
    info!("{} ended; left behind: {}", kind.plural(), known(left));
}

/// It was waited between two searches.
pub fn paused(waited: Duration) {
    info!(
        "waited {} for memory of the last search to be given back",
        duration(waited.into())
    );
}

/// A search could not begin.
pub fn not_started(error: &CeilingError) {
    info!("{error}");
}
