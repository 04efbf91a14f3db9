//! Comparisons in English.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate; words of one kind beside each other.
pub(super) const TEXTS: Texts = Texts {
    requests: ["request", "requests"], rows: ["row", "rows"], runs: ["run", "runs"],
    warmups: ["warm-up run", "warm-up runs"],

    duration: "Duration", tasks: "Threads and processes", wire: "On the wire", cost: "Cost",
    differences: "Differences", growth: "Growth", over_time: "Threads over time",

    median: "median", min: "min", max: "max", times_fastest: "× fastest", runs_column: "runs",
    client_threads: "c threads", client_processes: "c procs", server_threads: "s threads",
    server_processes: "s procs", system: "system", open: "open", handshake_p50: "hs p50",
    handshake_p99: "hs p99", answer_p50: "ans p50", answer_p95: "ans p95", answer_p99: "ans p99",
    again: "retrans.", failed: "failed", client_cpu: "client CPU", server_cpu: "server CPU",
    client_memory: "c mem, largest proc", server_memory: "s mem, largest proc", takes: "takes",
    the_time_of: "the time of", p: "p (Holm)", duration_column: "duration",
    short_client_cpu: "c CPU", short_server_cpu: "s CPU", short_client_memory: "c mem, largest",
    short_server_memory: "s mem, largest", client: "client", server: "server",

    significant: "significant", not_significant: "not significant",
    mark_means: "! incomplete: requests failed or were not made, so this row is neither ranked nor compared",

    isolated: "each run in a network of its own",

    some_requests: "{numbers} requests",
    title: "{rows} compared: {requests}, {runs} each",
    after_warmup: " after {runs} each",
    of_runs: "{made} of {wanted} runs",
    embedded: "embedded server ({models})",
    server_of: "server {name}: `{command}`",
    options: "options of every run: {options}",

    whole_time: "from the client's start (exec) to its end",
    medians: "medians of the runs; memory (mem) is that of the largest process",
    middle_run: "the run with the median duration",
    middle_run_of_even: "the run with the median duration (the faster of the two middle runs)",
    growth_means: "how each figure changes with ten times the requests: × 10 grows in proportion to n, × 1 does not grow (fitted power of n); c: client, s: server; open: flows open at the same time; ans: answer; mem: memory of the largest process",
    counts_of: "before → peak → after, of {run}; c: client, s: server, system: threads of the whole system",
    ranges: "; range of the peaks over all runs: {list}",
    open_of: "open: the most flows at the same time (median of the runs); hs: handshake, ans: answer, of {run}; retrans.: SYN retransmissions, and failed requests: sums of all runs",
    not_the_sum: ", not the sum of all processes: {list}",
    had: "{name} had {sides}",
    client_processes_at_once: "{n} client processes at the same time",
    server_processes_at_once: "{n} server processes at the same time",
    both: "{one} and {other}",
    tested: "{test}, of the durations; significant (real in compare.json) means p < {p}",
    not_tested: "Not compared, as requests failed or were not made: {rows}.",
    too_few: "With {runs} each, no difference can be significant, however large it is: use --repeat {n} or more.",
    none_of: "None of the {pairs} pairs differs significantly.",
    all_of: "All {pairs} pairs differ significantly.",
    one_of: "1 of {pairs} pairs differs significantly; no significant difference: {same}.",
    some_of: "{n} of {pairs} pairs differ significantly; no significant difference: {same}.",
    chart_of: "of {run}; both charts have the same axes; the scale of threads is logarithmic",
    first_of: "the first {n} of {all} rows, {rest}",
    of_server: ", server {server}",
};
