//! From a search to what is told of it: the limit that binds, and the record.

use super::climb::Climbed;
use super::search::Search;
use crate::limits::{Blame, Outlook, Readings, Refusal, blame, remedy};
use crate::model::{Binding, CeilingKind, KindCeiling, Limit, StoppedBy};
use crate::sys::errno;
use crate::sys::process::Exit;
use crate::sys::process::signals::SIGABRT;
use crate::text::units;

impl Search<'_> {
    /// Puts together what was found.
    pub(super) fn ceiling(
        &self,
        readings: &Readings,
        limits: Vec<Limit>,
        outlook: Outlook,
        stack: u64,
        climbed: Option<&Climbed>,
    ) -> KindCeiling {
        let refusal = climbed.and_then(|c| c.refusal);
        let mut notes = Vec::new();
        notes.extend(climbed.and_then(|c| c.server).map(end_of_server));
        let blamed = climbed.and_then(|c| {
            let at_top = c.at_top.as_ref()?;
            let refusal = c.refusal?;
            Some((refusal, blame(self.kind, refusal, at_top, c.reached)))
        });
        let binds = match blamed {
            Some((_, Blame::Unread)) => {
                notes.push(
                    "none of the limits that can be read here was used up at the refusal: it may be a limit of an outer container or of the hypervisor".to_owned(),
                );
                None
            }
            Some((refusal, Blame::Other)) => {
                notes.push(no_limit(refusal));
                None
            }
            Some((_, Blame::Suspect(at))) => {
                let at_top = climbed.and_then(|c| c.at_top.as_ref()?.get(at)?.allows);
                notes.extend(hidden(limits.get(at), at_top));
                Some(at)
            }
            Some((_, Blame::Limit(found))) => Some(found),
            None => outlook.binds,
        };
        if let (Some(found), Some(promised)) = (binds, outlook.binds)
            && limits.get(found).map(|l| (l.name, l.scope))
                != limits.get(promised).map(|l| (l.name, l.scope))
            && let Some(limit) = limits.get(promised)
        {
            notes.push(format!(
                "the prediction was that {} is reached first",
                limit.name
            ));
        }
        let binding = binds.and_then(|at| limits.get(at)).map(|limit| {
            let suspected = matches!(blamed, Some((_, Blame::Suspect(_))));
            binding(self.kind, limit, readings, suspected)
        });
        // What no limit has ended is no measure for what they promise.
        let measured = climbed.filter(|_| !matches!(blamed, Some((_, Blame::Other))));
        let found = binds.and_then(|at| limits.get(at));
        notes.extend(measured.and_then(|c| disagreement(c, outlook.predicted, found)));
        if self.kind == CeilingKind::Connection {
            notes.push("from one client address to one server address and port".to_owned());
        }
        KindCeiling {
            kind: self.kind,
            stack_bytes: (self.kind == CeilingKind::Thread).then_some(stack),
            very_end: outlook.very_end,
            predicted: outlook.predicted,
            goal: outlook.goal,
            reached: climbed.map(|c| c.reached),
            stopped_by: climbed.map(|c| c.stopped_by),
            errno: refusal.map(|r| errno::name(r.errno)),
            call: refusal.map(|r| r.call.name().to_owned()),
            binding,
            limits,
            climb_ns: None,
            duration_ns: None,
            left_behind: None,
            notes,
        }
    }
}

/// What is to be said of a limit that is blamed for what cannot be seen of it.
fn hidden(limit: Option<&Limit>, left: Option<u64>) -> Option<String> {
    let left = left.filter(|n| *n > 0)?;
    Some(format!(
        "no limit was seen to be used up; {} counts your user's tasks in other pid and user namespaces too, and {} of them that cannot be seen from here would explain the refusal",
        limit?.name,
        units::count(left),
    ))
}

/// The limit that binds, and what to do about it. `suspected`: it was not seen to be
/// used up.
pub(super) fn binding(
    kind: CeilingKind,
    limit: &Limit,
    readings: &Readings,
    suspected: bool,
) -> Binding {
    let remedy = remedy(kind, limit, readings);
    Binding {
        name: limit.name,
        value: limit.value,
        in_use: limit.in_use,
        in_use_at_least: limit.in_use_at_least,
        suspected,
        scope: limit.scope,
        path: limit.path.clone(),
        remedy: remedy.command,
        advice: remedy.advice.map(str::to_owned),
    }
}

/// What is to be said of a refusal that no limit gives.
fn no_limit(refusal: Refusal) -> String {
    let advice = match refusal.errno {
        errno::ENETUNREACH | errno::ENETDOWN => {
            "; is the loopback interface up (sudo ip link set lo up)?"
        }
        _ => "",
    };
    format!(
        "{} from {}: no resource limit returns this error, so the number reached is not the ceiling{advice}",
        errno::name(refusal.errno),
        refusal.call.name()
    )
}

/// What is to be said of a server that has not seen the end of the search.
fn end_of_server(exit: Exit) -> String {
    match exit {
        Exit::Signal(SIGABRT) => {
            "the server aborted, because the system refused it more memory".to_owned()
        }
        Exit::Signal(signal) => format!("the server was killed by signal {signal}"),
        Exit::Code(status) => format!("the server ended with exit status {status}"),
    }
}

/// What is to be said where the prediction and what was reached differ by more than a
/// percent, and nobody but the limits has ended the search.
fn disagreement(
    climbed: &Climbed,
    predicted: Option<u64>,
    binding: Option<&Limit>,
) -> Option<String> {
    let by_itself = matches!(
        climbed.stopped_by,
        StoppedBy::Refused | StoppedBy::Reserve | StoppedBy::Oom
    );
    let predicted = predicted.filter(|_| by_itself)?;
    let difference = predicted.abs_diff(climbed.reached);
    let word = if climbed.reached > predicted {
        "more"
    } else {
        "fewer"
    };
    let why = match binding {
        None => "",
        Some(limit) if limit.in_use_at_least => {
            ": more of it may be in use than can be seen from here"
        }
        Some(limit) if limit.estimated => {
            ": the estimate is wrong, or other programs started or ended something during the search"
        }
        Some(_) => ": other programs started or ended something during the search",
    };
    (difference > (predicted / 100).max(2))
        .then(|| format!("{} {word} than predicted{why}", units::count(difference)))
}
