//! What follows from the limits: which binds, and where a search is to end.

use crate::model::{Limit, LimitName, Scope};

/// What the limits promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The place of the limit that binds first; `None` where none bounds.
    pub binds: Option<usize>,
    /// The number that it allows, to the very end.
    pub very_end: Option<u64>,
    /// Less the reserve: what a search reaches that nobody stops.
    pub predicted: Option<u64>,
    /// Where the search is to end at the latest, if anywhere: what the system
    /// shares is not used up, and not more than asked for is created.
    pub cap: Option<u64>,
    /// Where the search is to end: as predicted, or at the number asked for.
    pub goal: Option<u64>,
}

/// Weighs the limits. The reserve is kept of what the whole system shares, so
/// that others can still fork; what only this user, this control group or this
/// process has is used to the end. Memory, whose end is not a refusal but a
/// kill, has a reserve everywhere, but is watched while it is being used: its
/// arithmetic is an estimate.
#[must_use]
pub fn weigh(limits: &[Limit], reserve_percent: u64, max: Option<u64>) -> Outlook {
    let lowest = |keep: &dyn Fn(&Limit) -> Option<u64>| {
        limits
            .iter()
            .enumerate()
            .filter_map(|(at, limit)| Some((keep(limit)?, at)))
            .min()
    };
    let very_end = lowest(&|limit| limit.allows);
    let less_reserve = |n: u64| n - share(n, reserve_percent);
    let kept = lowest(&|limit| {
        let keeps = limit.scope == Scope::System && !is_memory(limit) && reserve_percent > 0;
        limit.allows.filter(|_| keeps).map(less_reserve)
    });
    let memory = lowest(&|limit| limit.allows.filter(|_| is_memory(limit)).map(less_reserve));
    let cap = [kept.map(|(n, _)| n), max].into_iter().flatten().min();
    let ends = [very_end, kept, memory].into_iter().flatten();
    let predicted = ends.map(|(n, _)| n).min();
    Outlook {
        binds: very_end.map(|(_, at)| at),
        very_end: very_end.map(|(n, _)| n),
        predicted,
        cap,
        goal: predicted.into_iter().chain(max).min(),
    }
}

/// By how much the tasks of the system may grow, whoever creates them, until the
/// reserve is touched; `None` where none is kept. What comes and goes besides
/// is what a reserve is for: a tenth of it is left to that, so that a search
/// that is alone ends where it was predicted to. `numbers_of_all` tells whether
/// the tasks of the whole system take numbers of this pid namespace.
#[must_use]
pub fn growth(limits: &[Limit], reserve_percent: u64, numbers_of_all: bool) -> Option<u64> {
    let counted = |limit: &&Limit| match limit.name {
        LimitName::ThreadsMax => true,
        LimitName::PidMax => numbers_of_all,
        _ => false,
    };
    let allowed = limits.iter().filter(counted).filter_map(|l| l.allows);
    let most = allowed.map(|n| {
        let reserve = share(n, reserve_percent);
        n - (reserve - reserve / 10)
    });
    most.min().filter(|_| reserve_percent > 0)
}

/// Whether the end of it is a kill: the memory that is really taken.
fn is_memory(limit: &Limit) -> bool {
    matches!(limit.name, LimitName::Memory | LimitName::MemoryMax)
}

/// So many percent, rounded up.
fn share(n: u64, percent: u64) -> u64 {
    let part = (u128::from(n) * u128::from(percent)).div_ceil(100);
    u64::try_from(part).unwrap_or(n).min(n)
}
