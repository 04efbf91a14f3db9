//! What one observer tells and the other does not. What ptrace(2) cannot see is known by
//! rule, each with its name; everything else is a fault of one of them.

use std::collections::BTreeMap;

use super::words::{Kind, Said, Times, Told};
use crate::activity::Activity;
use crate::model::Tid;

/// What was compared, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Things that both tell.
    pub agreed: u64,
    /// Things that one alone tells, and that nothing explains.
    pub differ: u64,
    /// The first of them, in words.
    pub examples: Vec<String>,
    /// Things that one alone tells, by the rule that explains it.
    pub explained: BTreeMap<&'static str, u64>,
}

/// How many are told in words.
const EXAMPLES: usize = 5;

/// What a program has done that ptrace(2) cannot see in full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// It set up a ring (`io_uring(7)`).
    pub rings: bool,
    /// It makes its calls in another convention than the machine's own.
    pub foreign: bool,
}

impl Hidden {
    /// By what either of them tells.
    pub fn by(one: &Activity, other: &Activity) -> Self {
        let both = [one, other];
        Self {
            rings: both.iter().any(|a| !a.rings.is_empty()),
            foreign: both.iter().any(|a| !a.foreign.is_empty()),
        }
    }
}

/// Something that is told by one alone, or more often than by the other.
#[derive(Clone, Copy, Debug)]
struct Alone<'a> {
    said: &'a Said,
    /// How often more.
    surplus: u64,
    times: Times,
}

/// What one tells more than another.
fn alone<'a>(one: &'a Told, other: &Told) -> Vec<Alone<'a>> {
    let all = one.things.iter().filter_map(|(said, &times)| {
        let there = other.things.get(said).map_or(0, |times| times.all);
        let surplus = times.all.saturating_sub(there);
        (surplus > 0).then_some(Alone {
            said,
            surplus,
            times,
        })
    });
    all.collect()
}

/// What both told, and who told it alone.
struct Sides<'a> {
    by_ptrace: &'a Told,
    by_kernel: &'a Told,
    ptrace_alone: Vec<Alone<'a>>,
    kernel_alone: Vec<Alone<'a>>,
    hidden: Hidden,
}

impl Sides<'_> {
    /// Why the kernel's programs tell this, and ptrace(2) does not.
    fn why_by_kernel(&self, alone: Alone<'_>) -> Option<&'static str> {
        let Alone {
            said,
            surplus,
            times,
        } = alone;
        let (pid, tid) = said.task;
        let same = |other: &Alone<'_>| other.said.task == said.task && other.said.peer == said.peer;
        match said.kind {
            _ if self.by_kernel.for_rings.contains(&tid) => Some("io_uring"),
            _ if self.by_kernel.untraced.contains(&tid) => Some("clone_untraced"),
            // Its creator was killed in the call, and it before it had run: nobody stopped.
            Kind::Began | Kind::Ended if self.by_kernel.cut.contains(&tid) => {
                Some("killed_before_a_stop")
            }
            // It left before, and stopped after another one had called exit_group(2).
            Kind::Leaves if self.by_ptrace.exits.contains(&pid) => Some("left_as_all_ended"),
            kind if kind.is_of_sockets() && self.hidden.rings => Some("io_uring"),
            kind if kind.is_of_sockets() && self.hidden.foreign => Some("another_convention"),
            // The program's own filter answers before a stop.
            Kind::Connects if surplus <= times.unsent => Some("refused_by_a_filter"),
            // What was the last that its task did before it was killed may have ended
            // unseen, and its socket could not be looked at any more.
            Kind::Connects if self.by_kernel.last_calls.get(&tid) == Some(&said.words) => {
                Some("killed_at_its_stop")
            }
            Kind::Connects => {
                let mut others = self.ptrace_alone.iter().filter(|other| same(other));
                others.find_map(|other| told_as(other.said.kind))
            }
            // By a call that it does not stop at: read(2), splice(2).
            Kind::Receives | Kind::Sends => {
                let mut all = self.by_ptrace.things.keys();
                let of_connection =
                    |other: &Said| (other.kind, other.peer) == (said.kind, said.peer);
                (!all.any(of_connection)).then_some("call_without_a_stop")
            }
            _ => None,
        }
    }

    /// Why ptrace(2) tells this, and the kernel's programs do not.
    fn why_by_ptrace(&self, alone: Alone<'_>) -> Option<&'static str> {
        let said = alone.said;
        let first = Tid(said.task.0.0);
        // It stops as the call begins, and was killed there: the call never was.
        if said.kind == Kind::Exits && self.by_ptrace.killed.contains(&first) {
            return Some("killed_at_its_stop");
        }
        let why = told_as(said.kind)?;
        let the_end = |other: &Alone<'_>| {
            let other = other.said;
            other.kind == Kind::Connects && other.task == said.task && other.peer == said.peer
        };
        self.kernel_alone.iter().any(the_end).then_some(why)
    }
}

/// Why ptrace(2) tells so of a connection whose outcome the kernel's programs tell.
const fn told_as(kind: Kind) -> Option<&'static str> {
    match kind {
        // It was killed at the stop at the end of its call.
        Kind::NeverReturned => Some("killed_at_its_stop"),
        // Outside connect(2) the kernel's programs wait for the outcome (`MSG_FASTOPEN`).
        Kind::UnderWay => Some("told_when_it_was_made"),
        _ => None,
    }
}

/// Holds what both tell against each other.
pub fn compare(by_ptrace: &Told, by_kernel: &Told, hidden: Hidden) -> Compared {
    let sides = Sides {
        by_ptrace,
        by_kernel,
        ptrace_alone: alone(by_ptrace, by_kernel),
        kernel_alone: alone(by_kernel, by_ptrace),
        hidden,
    };
    let mut compared = Compared::default();
    for (said, times) in &by_ptrace.things {
        let there = by_kernel.things.get(said).map_or(0, |times| times.all);
        compared.agreed += times.all.min(there);
    }
    for &alone in &sides.ptrace_alone {
        compared.put("ptrace(2)", alone, sides.why_by_ptrace(alone));
    }
    for &alone in &sides.kernel_alone {
        compared.put("eBPF", alone, sides.why_by_kernel(alone));
    }
    compared
}

impl Compared {
    /// Something that is told by one alone, and why, where that is known.
    fn put(&mut self, who: &str, alone: Alone<'_>, why: Option<&'static str>) {
        let surplus = alone.surplus;
        if let Some(rule) = why {
            *self.explained.entry(rule).or_default() += surplus;
            return;
        }
        self.differ += surplus;
        if self.examples.len() < EXAMPLES {
            let often = match surplus {
                1 => String::new(),
                times => format!(" ({times} times)"),
            };
            let words = &alone.said.words;
            self.examples.push(format!("{who} alone: {words}{often}"));
        }
    }

    /// So many records were lost: what was in them would be compared with nothing.
    pub fn without(&mut self, lost: u64) {
        self.differ += lost;
        self.examples.push(format!(
            "{lost} records of the programs in the kernel were lost"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Pid};

    fn told(all: &[(Kind, &str, u64)]) -> Told {
        let things = all.iter().map(|(kind, words, n)| {
            let on = matches!(kind, Kind::Receives | Kind::Sends);
            let said = Said {
                kind: *kind,
                words: (*words).to_owned(),
                task: (Pid(2), Tid(2)),
                peer: on.then(|| Endpoint::new(std::net::Ipv4Addr::LOCALHOST.into(), 1)),
            };
            (said, Times { all: *n, unsent: 0 })
        });
        Told {
            things: things.collect(),
            ..Told::default()
        }
    }

    const PLAIN: Hidden = Hidden {
        rings: false,
        foreign: false,
    };

    #[test]
    fn what_both_tell_is_counted_and_what_one_tells_is_told() {
        let ptrace = told(&[(Kind::Began, "2 began", 1), (Kind::Connects, "a", 2)]);
        let kernel = told(&[(Kind::Began, "3 began", 1), (Kind::Connects, "a", 3)]);
        let compared = compare(&ptrace, &kernel, PLAIN);
        assert_eq!((compared.agreed, compared.differ), (2, 3));
        let expected = [
            "ptrace(2) alone: 2 began",
            "eBPF alone: 3 began",
            "eBPF alone: a",
        ];
        assert_eq!(compared.examples, expected);
        let same = compare(&ptrace, &ptrace, PLAIN);
        assert_eq!((same.agreed, same.differ), (3, 0));
    }

    #[test]
    fn what_ptrace_cannot_see_has_a_name() {
        let kernel = told(&[(Kind::Receives, "2 received", 1), (Kind::Connects, "a", 1)]);
        let by_rule = |ptrace: &Told, hidden| compare(ptrace, &kernel, hidden).explained;
        let both = told(&[(Kind::Connects, "a", 1)]);
        assert_eq!(by_rule(&both, PLAIN), [("call_without_a_stop", 1)].into());
        // It saw another one: one of them is wrong.
        let wrong = told(&[(Kind::Connects, "a", 1), (Kind::Receives, "3 received", 1)]);
        assert_eq!(compare(&wrong, &kernel, PLAIN).differ, 2);
        let rings = Hidden {
            rings: true,
            foreign: false,
        };
        assert_eq!(by_rule(&told(&[]), rings), [("io_uring", 2)].into());
        // Nothing explains what ptrace(2) alone tells.
        assert_eq!(compare(&kernel, &told(&[]), rings).differ, 2);
    }

    #[test]
    fn a_task_that_nobody_may_trace_is_explained_and_no_other() {
        let mut kernel = told(&[(Kind::Began, "2 began", 1), (Kind::Ended, "2 ended", 1)]);
        assert_eq!(compare(&told(&[]), &kernel, PLAIN).differ, 2);
        kernel.untraced.insert(Tid(2));
        let compared = compare(&told(&[]), &kernel, PLAIN);
        assert_eq!(compared.explained, [("clone_untraced", 2)].into());
    }

    #[test]
    fn a_ring_explains_the_threads_that_the_kernel_made_for_it_and_no_others() {
        let rings = Hidden {
            rings: true,
            foreign: false,
        };
        let mut kernel = told(&[(Kind::Began, "2 began", 1)]);
        assert_eq!(compare(&told(&[]), &kernel, rings).differ, 1);
        kernel.for_rings.insert(Tid(2));
        let compared = compare(&told(&[]), &kernel, rings);
        assert_eq!(compared.differ, 0);
        assert_eq!(compared.explained, [("io_uring", 1)].into());
    }

    #[test]
    fn a_filter_explains_what_was_not_sent_and_no_more() {
        let mut kernel = told(&[(Kind::Connects, "a", 3)]);
        let unsent = |kernel: &mut Told, n| {
            let times = kernel.things.values_mut().next().unwrap();
            times.unsent = n;
        };
        unsent(&mut kernel, 2);
        let one = told(&[(Kind::Connects, "a", 1)]);
        assert_eq!(compare(&one, &kernel, PLAIN).differ, 0);
        assert_eq!(compare(&told(&[]), &kernel, PLAIN).differ, 3);
    }

    #[test]
    fn what_was_killed_at_a_stop_has_returned_for_the_kernel_alone() {
        let open = told(&[(Kind::NeverReturned, "2 called: it never returned", 1)]);
        let made = told(&[(Kind::Connects, "2 called: connected", 1)]);
        let compared = compare(&open, &made, PLAIN);
        assert_eq!((compared.differ, compared.explained.len()), (0, 1));
        // The other way round nothing explains it.
        assert_eq!(compare(&made, &open, PLAIN).differ, 2);
        assert_eq!(compare(&open, &told(&[]), PLAIN).differ, 1);
        // One that goes on behind its call, likewise.
        let on = told(&[(Kind::UnderWay, "2 called: error 115", 1)]);
        let rules = [("told_when_it_was_made", 2)];
        assert_eq!(compare(&on, &made, PLAIN).explained, rules.into());
        assert_eq!(compare(&on, &told(&[]), PLAIN).differ, 1);
    }

    #[test]
    fn who_was_killed_as_it_began_to_exit_did_not() {
        let mut ptrace = told(&[(Kind::Exits, "2 began to exit", 1)]);
        assert_eq!(compare(&ptrace, &told(&[]), PLAIN).differ, 1);
        ptrace.killed.insert(Tid(2));
        assert_eq!(compare(&ptrace, &told(&[]), PLAIN).differ, 0);
    }

    #[test]
    fn the_last_call_of_who_was_killed_may_be_told_by_the_kernel_alone() {
        let mut kernel = told(&[(Kind::Connects, "a", 1), (Kind::Connects, "b", 1)]);
        kernel.last_calls.insert(Tid(2), "b".to_owned());
        let compared = compare(&told(&[]), &kernel, PLAIN);
        assert_eq!(compared.differ, 1, "{compared:?}");
        assert_eq!(compared.explained, [("killed_at_its_stop", 1)].into());
    }

    #[test]
    fn a_thread_that_ended_with_its_process_may_never_have_stopped() {
        let mut kernel = told(&[(Kind::Began, "2 began", 1), (Kind::Ended, "2 ended", 1)]);
        kernel.cut.insert(Tid(2));
        assert_eq!(compare(&told(&[]), &kernel, PLAIN).differ, 0);
        // By ptrace(2) alone it is no such thread.
        assert_eq!(compare(&kernel, &told(&[]), PLAIN).differ, 2);
    }

    #[test]
    fn a_first_thread_that_left_as_all_ended() {
        let kernel = told(&[(Kind::Leaves, "left", 1)]);
        let mut ptrace = told(&[]);
        assert_eq!(compare(&ptrace, &kernel, PLAIN).differ, 1);
        ptrace.exits.insert(Pid(2));
        assert_eq!(compare(&ptrace, &kernel, PLAIN).differ, 0);
    }

    #[test]
    fn only_the_first_are_told_in_words() {
        let many: Vec<String> = (0..20).map(|n| format!("{n} began")).collect();
        let many: Vec<_> = many.iter().map(|w| (Kind::Began, w.as_str(), 1)).collect();
        let compared = compare(&told(&many), &Told::default(), PLAIN);
        assert_eq!((compared.differ, compared.examples.len()), (20, EXAMPLES));
    }
}
