//! Ceilings in English.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate; words of one kind beside each other.
pub(super) const TEXTS: Texts = Texts {
    threads: "threads", processes: "processes", connections: "connections",
    there_can_be: "there can be",
    title: "Highest number of {kinds} here",
    list: "{first} and {last}",
    no_reserve_told: "no reserve",
    at_most: " · at most {n}",
    isolated: "in a network of its own",
    reserve: "reserve: {percent}% of free memory and of free system-wide limits",

    ceilings: "Ceilings", no_reserve: "no reserve", predicted: "predicted", reached: "reached",
    stopped_by: "stopped by", time: "time", left: "left",
    columns_mean: "no reserve: what the limits allow; predicted: that minus the reserve; time: to create them; left: still there afterwards",
    out_of_memory: "out of memory", killed: "killed", interrupted: "interrupted",
    by_reserve: "reserve", refused: "refused",

    reached_first: "Limit that is reached first",
    unknown: "unknown",
    not_known: "not known",
    no_limit: "no limit that can be read here",
    probably: "probably ",
    at_least: "at least ",
    binds: "{limit} is {value}",
    used: " ({amount} in use before the search)",
    of_group: " of {path}",
    raise: ". To raise it: {command}",
    raise_or: ". To raise it: {command} (or {advice})",
    only: ". No command raises it; {advice}",

    limits_of_threads: "Limits of threads", limits_of_processes: "Limits of processes",
    limits_of_connections: "Limits of connections", limit: "limit", value: "value",
    in_use: "in use", each: "each", allows: "allows", applies_to: "applies to",
    the_process: "the process", the_client: "the client", the_server: "the server",
    the_user: "the user", the_cgroup: "the cgroup", the_address: "the address",
    the_system: "the system",
    stack_size: "Stack size: {bytes}.",
    columns_of_limits: "Columns: each = what one more takes, allows = how many more fit.",
    dash_means: "— means no limit, or not readable here.",
    empty_groups: "Control groups without a limit are not shown.",
    estimate_means: "≈ marks an estimate.",
};
