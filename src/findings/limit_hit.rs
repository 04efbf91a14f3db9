//! Which limit refused a thread, a process or a descriptor, and at what number.
//!
//! A limit is named where what was seen allows no other; where several may have been
//! the one, all of them are.

use serde_json::{Value, json};

use super::FindingsInput;
use crate::model::observation::TaskLimit;
use crate::model::{LimitName, Phrase, Side};
use crate::wording::limit as words;

/// Which limit it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    /// This one.
    One(TaskLimit),
    /// One of these, or one that cannot be seen from here.
    Several(Vec<TaskLimit>),
}

/// Which limit refused a thread or a process (EAGAIN); `None` where nothing was read.
pub(super) fn of_tasks(input: &FindingsInput<'_>) -> Option<Hit> {
    let looks = &input.seen?.observation.kernel;
    let (first, last) = (looks.first()?, looks.last()?);
    let taken = taken_at_most(input)?;
    let by_groups = last
        .pids_refused
        .zip(first.pids_refused)
        .and_then(|(now, then)| now.checked_sub(then));
    let left = |limit: &TaskLimit| {
        let free = limit.in_use.map(|used| limit.value.saturating_sub(used));
        free.map(|free| free.saturating_sub(taken))
    };
    let is_group = |limit: &&TaskLimit| limit.name == LimitName::PidsMax;
    // The kernel counts what pids.max refuses.
    if by_groups.is_some_and(|n| n > 0) {
        let mut groups: Vec<&TaskLimit> = first.limits.iter().filter(is_group).collect();
        groups.sort_by_key(|group| left(group).unwrap_or(0));
        if let [least, others @ ..] = groups.as_slice()
            && others.iter().all(|other| left(other) > left(least))
        {
            return Some(Hit::One((*least).clone()));
        }
        return Some(Hit::Several(groups.into_iter().cloned().collect()));
    }
    // Others on the machine begin and end tasks, too.
    let used_up = (taken / 100).max(3);
    let maybe = taken.saturating_add(1000);
    let mut full = Vec::new();
    let mut possible = Vec::new();
    for limit in &first.limits {
        if is_group(&limit) && by_groups == Some(0) {
            continue;
        }
        match left(limit) {
            Some(left) if left <= used_up => full.push(limit.clone()),
            Some(left) if left > maybe && !limit.in_use_at_least => {}
            _ => possible.push(limit.clone()),
        }
    }
    if let ([one], true) = (full.as_slice(), possible.is_empty()) {
        return Some(Hit::One(one.clone()));
    }
    full.extend(possible);
    Some(Hit::Several(full))
}

/// How many tasks the run itself had at once, beyond those that were there before the
/// client started.
fn taken_at_most(input: &FindingsInput<'_>) -> Option<u64> {
    let census = &input.run.census;
    let client = census.client.threads.peak?;
    let server = &census.server.threads;
    let grown = server.peak.zip(server.before);
    let grown = grown.map_or(0, |(peak, before)| peak.saturating_sub(before));
    // Of a saved log the numbers may be anything.
    Some(client.saturating_add(grown))
}

impl Hit {
    /// Which one, as a part of a sentence.
    pub fn told(&self) -> Phrase {
        match self {
            Self::One(limit) => words::reached(named(limit)),
            Self::Several(limits) => match limits.as_slice() {
                [] => words::none(),
                [one] => words::maybe(named(one)),
                several => words::one_of(several.iter().map(named).collect()),
            },
        }
    }

    /// The figures behind it.
    pub fn evidence(&self) -> Value {
        let limits = match self {
            Self::One(limit) => std::slice::from_ref(limit),
            Self::Several(limits) => limits,
        };
        let of = |limit: &TaskLimit| {
            json!({
                "name": limit.name,
                "value": limit.value,
                "in_use_before": limit.in_use,
                "in_use_at_least": limit.in_use_at_least,
                "path": limit.path,
            })
        };
        limits.iter().map(of).collect()
    }
}

/// A limit and its number.
fn named(limit: &TaskLimit) -> Phrase {
    words::named(
        &limit.name.to_string(),
        Some(limit.value),
        limit.path.as_deref(),
    )
}

/// The same of open files.
fn descriptors(most: Option<u64>) -> Phrase {
    words::named(&LimitName::Nofile.to_string(), most, None)
}

/// That of the system was reached.
fn file_max() -> Phrase {
    words::reached(words::named(&LimitName::FileMax.to_string(), None, None))
}

/// Which limit refused a descriptor to a built-in side, as a part of a sentence, with its
/// number where that is known.
pub(super) fn of_descriptors(input: &FindingsInput<'_>, side: Side) -> Option<Phrase> {
    let of = input.seen?.observation.side(side);
    let requests = of.requests.iter();
    let mut refusals = requests.map(|note| i32::from(note.errno));
    let from_requests = refusals.find(|e| matches!(*e, libc::EMFILE | libc::ENFILE));
    let totals = of.totals?;
    match totals.refusal_errno.or(from_requests)? {
        libc::EMFILE => Some(words::reached(descriptors(totals.most_descriptors))),
        libc::ENFILE => Some(file_max()),
        _ => None,
    }
}

/// What an exception of a program tells of a limit, as a part of a sentence: EMFILE, or
/// no more threads. `None` where it tells of none.
pub(super) fn of_exception(input: &FindingsInput<'_>, first: &str) -> Option<Phrase> {
    // strerror(3) of EMFILE; that of ENFILE goes on with "in system".
    if let Some((_, after)) = first.split_once("Too many open files") {
        if after.starts_with(" in system") {
            return Some(file_max());
        }
        let limit = LimitName::Nofile.to_string();
        let most = input
            .run
            .environment
            .limits
            .get(&limit)
            .copied()
            .flatten()?;
        return Some(words::started_with(descriptors(Some(most))));
    }
    // Python, Java, Ruby, Rust, Go.
    let no_thread = [
        "can't start new thread",
        "unable to create native thread",
        "unable to create new native thread",
        "can't create Thread",
        "failed to spawn thread",
        "failed to create new OS thread",
    ];
    let says_so = no_thread.iter().any(|words| first.contains(words));
    says_so.then(|| of_tasks(input))?.map(|hit| hit.told())
}
