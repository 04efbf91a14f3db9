//! The codes that only comparisons have: what they mean, in English.

use super::About;
use crate::model::{ComparisonCode, Severity};

/// What a code means.
pub(super) const fn about(code: ComparisonCode) -> &'static About {
    match code {
        ComparisonCode::RunNotMade => &RUN_NOT_MADE,
        ComparisonCode::RunsDidNotHold => &RUNS_DID_NOT_HOLD,
        ComparisonCode::RowsWithFailures => &ROWS_WITH_FAILURES,
        ComparisonCode::ProcessCost => &PROCESS_COST,
        ComparisonCode::TooFewRepeats => &TOO_FEW_REPEATS,
        ComparisonCode::NotSettled => &NOT_SETTLED,
    }
}

const RUN_NOT_MADE: About = About {
    title: "A run of the comparison could not be made",
    severities: &[Severity::Error],
    means: "A run of the comparison ended before it had a record, so the comparison stopped \
         there. The rows hold the runs that were made before.",
    look_at: "The reason in the message. threadtap run with the same options says it, too.",
    to_do: "Correct what the message names, and compare again.",
    filter: None,
    evidence: &[],
};

const RUNS_DID_NOT_HOLD: About = About {
    title: "Runs of the comparison had failures",
    severities: &[Severity::Warning],
    means: "These runs ended with exit status 1: requests failed in them, or something that was \
         asked for did not happen. A run in which something failed has done other work than \
         one in which nothing did, so their times cannot be compared.",
    look_at: "The findings of such a run: threadtap show FOLDER.",
    to_do: "Remove the cause, and compare again.",
    filter: None,
    evidence: &[("runs", "the folders of these runs")],
};

const ROWS_WITH_FAILURES: About = About {
    title: "Rows with failed or missing requests",
    severities: &[Severity::Warning],
    means: "Not every request of these rows got a valid answer, or some were never made. Less \
         work takes less time: such a row may look fast because it did not do all of it. So \
         no test compares it with another one, and it is not ranked.",
    look_at: "The column *failed*, and the findings of a run of that row.",
    to_do: "Remove the cause, and compare again.",
    filter: None,
    evidence: &[("failed", "of each row, how many requests")],
};

const PROCESS_COST: About = About {
    title: "What processes cost against threads",
    severities: &[Severity::Info],
    means: "A row with a process for each request took more CPU time in each of its runs than \
         a row with a thread for each request in any of its own, with the same server and the \
         same number of requests. A process has an address space of its own: fork(2) copies \
         the page tables, pages are copied when they are written, and all of it is taken down \
         at the end. A thread shares the address space of its process. The difference is that \
         of this program on this machine, and not of processes as such.",
    look_at: "The columns of CPU time under *Cost*. The memory there is that of the largest \
         process, and not the sum of all.",
    to_do: "Nothing has to be done. Processes are worth their price where requests must not be \
         able to harm each other.",
    filter: None,
    evidence: &[
        ("process", "the row with processes"),
        ("thread", "the row with threads"),
        (
            "process_client_cpu_ns",
            "CPU time of its client, the median of its runs",
        ),
        ("thread_client_cpu_ns", "the same of the row with threads"),
    ],
};

const TOO_FEW_REPEATS: About = About {
    title: "Too few repeats for any difference to be significant",
    severities: &[Severity::Info],
    means: "Whether two rows differ is decided by ranks (the Mann-Whitney U test, corrected for \
         the number of pairs). With so few runs even two rows that do not overlap at all could \
         be so by chance too often.",
    look_at: "*Differences*: all of them are not significant, whatever the medians are.",
    to_do: "Compare again with the --repeat that the message names, or with fewer rows.",
    filter: None,
    evidence: &[("repeats_needed", "how many repeats it takes")],
};

const NOT_SETTLED: About = About {
    title: "The machine was busy between runs",
    severities: &[Severity::Info],
    means: "Before each run threadtap waits until the number of threads and of TIME-WAIT sockets \
         of the system is what it was before. It does not wait for ever, and before these runs \
         it was still higher: other programs were at work, and may have taken CPU time from the \
         runs.",
    look_at: "*min* and *max* of the rows: do they lie far apart? `top` shows who is at work.",
    to_do: "Close other programs, and compare again.",
    filter: None,
    evidence: &[("runs", "before how many runs")],
};
