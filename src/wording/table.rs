//! All that conclusions say: each sentence and each part of one, with what is in it.
//!
//! A group is a rule, or what several of them say. `group::name(…)` says it.

use super::argument::{Bytes, Fills, Given};
use super::phrase;
use crate::model::{Exit, Incomplete, Nanos, Outcome, Phrase, Side};

macro_rules! sentences {
    ($($group:ident { $($name:ident($($gap:ident: $kind:ty),*);)+ })+) => {
        $(
            #[allow(
                unused_imports,
                clippy::wildcard_imports,
                clippy::too_many_arguments,
                clippy::fn_params_excessive_bools,
            )]
            pub(crate) mod $group {
                use super::*;

                $(
                    pub(crate) fn $name($($gap: $kind),*) -> Phrase {
                        phrase(
                            concat!(stringify!($group), ".", stringify!($name)),
                            [$((stringify!($gap), Fills::argument($gap))),*],
                        )
                    }
                )+
            }
        )+

        /// Each with its gaps.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &[&str])] = &[
            $($((
                concat!(stringify!($group), ".", stringify!($name)),
                &[$(stringify!($gap)),*],
            ),)+)+
        ];
    };
}

sentences! {
    side { client(); server(); }
    end { status(code: &str); signal(signal: &str, name: Option<&str>); }
    program { of(side: Side, command: Option<&str>); }
    file { too_large(); disk_full(); }
    recorded { as_it_is(text: &str); }
    // How a client ended, and what was still going on: parts of a sentence.
    ending {
        status(code: &str); signal(exit: Exit);
        last_line(log: &str, line: &str); may_say(log: &str); not_saved(); exceptions(n: u64);
        threads_ended(all: u64, child: bool);
        threads_there(there: u64, all: u64, child: bool); orphaned(n: u64);
        elsewhere(at_least: bool, n: u64, targets: Vec<Phrase>, more: bool);
        target(target: &str, answer: Phrase, times: Option<u64>);
        listens(); refuses(own: bool); begun(); error(text: &str);
        killed(n: u64, exit: Exit); all_killed(parts: Vec<Phrase>);
        // Whole sentences.
        look_at_handlers(n: u64); look_at_python(); look_at_pool();
    }
    answer_format {
        length(n: u64, right: u64); longer(right: u64); no_prefix(); no_cr(); no_lf(); no_end();
        no_time();
    }

    // A limit that refused something.
    limit {
        reached(limit: Phrase); one_of(limits: Vec<Phrase>); maybe(limit: Phrase); none();
        started_with(limit: Phrase);
        named(name: &str, value: Option<u64>, path: Option<&str>);
    }
    queue { counted(n: u64, only_ours: bool, backlog: u64); }

    program_not_started { error(program: Phrase, error: &str, remedy: Phrase); no_request(); }
    server_not_listening {
        ended(server: Phrase, port: Option<&str>, exit: Option<Exit>);
        elsewhere(server: Phrase, port: Option<&str>, waited: Given, other: &str);
        silent(server: Phrase, port: Option<&str>, waited: Given);
        more_time(); held(port: &str, by: Phrase, reuse: bool); held_perhaps(); no_output();
        low_port(port: Option<&str>);
        last_output(line: &str, stop: bool);
    }
    capture_failed { stopped(error: &str); }
    capture_not_saved { cut(error: &str, frames: u64); }
    capture_lossy { lost(lost: u64, kernel: Option<u64>, interface: Option<u64>, kept: u64); }
    client_exit { ended(exit: Exit, last: Phrase); }
    client_signal { ended(exit: Exit, last: Phrase); }
    reserve_kept {
        client(n: u64, tasks: bool, memory: bool); server(n: u64, tasks: bool, memory: bool);
    }
    exceptions_logged {
        shown(side: Side, n: u64, log: &str, ended_well: bool, first: Option<&str>,
            limit: Option<Phrase>);
    }
    left_behind { idle(n: u64); untracked(n: u64); sampled(n: u64); }
    count_mismatch { disagree(wire: u64, workers: u64); trust(); }
    not_joined {
        never(never: u64, submitted: u64); join();
        left(threads: u64, made: Option<u64>, child: bool); never_attempted(never: u64, submitted: u64);
        still_open(n: u64); no_connection(); all_closed(); wait();
    }
    requests_failed {
        failed(
            n: u64, outcome: Option<Outcome>, name: &str, example: Option<&str>,
            why: Vec<Phrase>
        );
        ended_early(); see_log(); seen(parts: Vec<Phrase>);
        made(n: u64, none_asked: bool, silent: Option<u64>);
        server_ended(exit: Exit); went_to(there: &str, server: &str);
        not_accepted(
            some: Option<u64>, all: u64, exit: Option<Exit>, only_waited: bool, built_in: bool
        );
        no_time_request(on: Option<u64>); no_line_end(on: Option<u64>);
        lf_alone(on: Option<u64>, embedded: bool); came_late(on: Option<u64>);
        answer(others: bool, answer: &str, faults: Vec<Phrase>); begun(on: Option<u64>, answer: &str); end_answer();
        no_syn_ack(on: Option<u64>, not_full: bool);
        log_may_say(); let_it_wait(); too_fast(); check_listens(); why_aborted(); why_closed();
        why_silent_program(embedded: bool); embedded_closes(); raise_timeout(); why_silent(); correct_answer(); fewer_threads();
        fewer_processes(); fewer_tasks(); leave_room(); more_descriptors(); fewer_connections(); more_ports(); check_route();
    }
    client_refused_tasks { refused(n: u64, limit: Option<Phrase>); }
    server_refused_tasks { refused(n: u64, limit: Option<Phrase>); }
    server_refused_descriptors { ran_out(limit: Option<Phrase>); }
    syn_retransmitted {
        again(flows: u64, most: u64, slowest: Option<Nanos>, why: Phrase);
        full(probably: bool, counted: Phrase, built_in: bool); unknown(built_in: bool); partly(counted: Phrase);
        not_full(drops: Option<u64>);
    }
    unanswered_flows { silent(n: u64, numbers: &[String], more: bool); }
    never_accepted {
        stuck(n: u64, why: Phrase); server_ended(exit: Exit); only_waited(n: u64);
        queued(n: u64, counted: Option<Phrase>, built_in: bool);
    }
    unowned_flows {
        client(unowned: u64, flows: u64, reason: Phrase);
        server(unowned: u64, flows: u64, reason: Phrase);
        earlier(); some_earlier(reason: Phrase, n: u64);
        ran_before_attached(); ran_before(); ran_elsewhere(); ran_left_alone(); ran_unobserved();
        answered(); server_ended(); queued(); cut_short();
        not_joined(); not_seen(); not_reported();
    }
    answers_off_the_clock {
        off(n: u64, all: u64, answer: &str, local: &str, by: Nanos, behind: bool, zones: bool);
        alike();
    }
    slow_answers {
        slow(n: u64, all: u64, slowest: Nanos, queued: Option<u64>, inside: Option<u64>);
    }
    slow_calls {
        made(n: u64, all: u64, slowest: Nanos); answered(n: u64, all: u64, slowest: Nanos);
        accepted(n: u64);
    }
    answers_split { split(n: u64, all: u64, most: u64); }
    answers_coalesced { together(n: u64, all: u64); }
    sampled { sides(sides: Vec<Side>); }
    thread_per_request { each(n: u64); pool(); }
    peak_below_requests {
        at_most(peak: u64, all: u64, processes: bool); gate(); normal();
    }
    pool_width {
        made(workers: u64, processes: bool, connections: u64); as_cpus(workers: u64);
        as_executor(workers: u64); orphaned(what: Phrase); handlers(n: u64); bounds();
        whether_missing(); whether_waits();
    }
    no_connection {
        none(target: &str, parts: Vec<Phrase>); unseen(target: &str, parts: Vec<Phrase>);
    }
    server_died { ended(exit: Exit, last: Phrase); }
    log_not_saved { cut(side: Side, error: &str, log: &str, saved: Bytes); }
    log_cut { cut(side: Side, printed: Bytes, log: &str, limit: Bytes); }
    address_fallback { again(n: u64, target: &str); normal(); more(n: u64); }
    client_died { ended(exit: Exit); }
    closes_first { closed(client: u64, ports: u64); again(); }
    drops_unknown { unknown(kernel: bool, interface: bool); }
    frames_twice { twice(flows: u64, interface: &str); too_high(); }
    incomplete { of_flows(reason: Option<Incomplete>, name: &str, n: u64); }
    incomplete_figures {
        unknown(names: Vec<&str>); because(reasons: Vec<Phrase>, snaplen: Option<u64>);
    }
    interrupted { run(); }
    isolated_outside {
        tried(side: Side, n: u64, targets: &[String], more: bool); never();
        refused(side: Side, n: u64, targets: &[String], more: bool);
        printed(side: Side, line: &str);
    }
    ledger_full { full(side: Side, n: u64); }
    records_lost { lost(n: Option<u64>); }
    observers_differ { differ(side: Side, n: u64, agreed: u64, example: &str); }
    clock_set { set(by: Nanos, back: bool); }
    linger_timeout { open(open: Option<u64>); }
    not_ended { held(n: u64, pids: &[String]); }
    nothing_captured {
        beside(n: u64, target: &str, interface: &str);
        of_client(n: u64, made: u64, interface: &str);
        of_server(n: u64, made: u64, interface: &str);
        elsewhere();
    }
    observer_cost { cost(client: Nanos, cpu: Nanos, stops: u64, before: bool); }
    ports_exhausted { none(n: u64, ports: Option<u64>); held(client: u64, server: u64); widen(); }
    ports_reused { again(pairs: u64, flows: u64, most: u64); }
    processes_killed { killed(n: u64, exit: Exit, connections: Option<u64>); pool(); }
    request_count {
        fewer(made: u64, on: Option<u64>, failed: Option<u64>, submitted: u64); together();
        more(made: u64, submitted: u64);
    }
    requests_unknown {
        unknown(n: u64, reason: Phrase); lost(n: u64);
        because(reasons: Vec<Phrase>, snaplen: Option<u64>); ended_early(); not_shown();
        beside(n: u64, interface: &str);
    }
    reset_unread {
        late(side: Side, n: u64, peer: Side); unread(side: Side, n: u64, peer: Side);
        after_fin(side: Side, n: u64, peer: Side);
    }
    server_ended { ended(); }
    serving_thread_unseen {
        unseen(n: u64, parts: Vec<Phrase>); sent(n: u64, calls: bool); asked(n: u64, calls: bool);
        silent(n: u64);
        unknown(n: u64); trace_rw();
    }
    setuid_ignored { ignored(side: Side, programs: &[String], isolated: bool); }
    sockets_refused {
        found(call: &str, error: &str, side: Side);
        unseen(side: Side, call: &str, error: &str, remedy: Option<Phrase>);
        linux_5_6(); container(); not_dumpable(); open_files();
    }
    sockets_unseen { unseen(side: Side, programs: &[String]); }
    source_addresses { used(n: u64, first: &str, last: &str); }
    strict_seccomp_refused { refused(side: Side, programs: &[String]); }
    time_limit { over(limit: Nanos); others(limit: Nanos); }
    ebpf_not_allowed { refused(reason: &str); watch(reason: &str); }
    begun_before { earlier(n: u64, requests: u64); }
    clients_on_the_wire { all(); sampled(pid: u64); others(n: u64, all: u64); }
    trace_not_allowed { sampled(error: &str, remedy: Phrase); }
    uses_io_uring {
        client(programs: Vec<&str>, flows: Option<u64>);
        server(programs: Vec<&str>, flows: Option<u64>);
    }
    uses_ptrace { uses(side: Side, programs: &[String]); }

    // Of a comparison.
    compared {
        interrupted(); run_not_made(reason: &str);
        runs_did_not_hold(n: u64, all: u64, first: &str, more: bool);
        rows_with_failures(rows: Vec<Phrase>); row(name: &str, failed: u64, all: u64);
        no_connection(names: Vec<&str>, n: u64, first: &str, more: bool);
        time_limit(names: Vec<&str>, n: u64, first: &str, more: bool);
        isolated_outside(names: Vec<&str>, n: u64, first: &str, more: bool);
        process_cost(requests: u64, most: Nanos, process: &str, least: Nanos, thread: &str);
        too_few_repeats(repeat: &str, needed: &str); not_settled(n: u64);
    }
}

/// Forms of what observations keep in English, with their gaps.
pub(super) const RECORDED: &[(&str, &[&str])] = &[
    ("recorded.not_executable", &["file"]),
    ("recorded.by_interpreter", &["file", "command"]),
    ("recorded.not_yours", &["mode", "uid", "file"]),
    ("recorded.interpreter_not_executable", &["interpreter"]),
    ("recorded.noexec", &["file"]),
    ("recorded.carriage_return", &["file"]),
    ("recorded.no_interpreter", &["interpreter"]),
    ("recorded.no_loader", &["file"]),
    ("recorded.other_machine", &["file"]),
    ("recorded.being_written", &[]),
    ("recorded.held", &["name", "pid"]),
    ("recorded.held_by_somebody", &[]),
    ("recorded.held_time_wait", &[]),
    ("recorded.held_open", &[]),
    ("recorded.traced_itself", &[]),
    ("recorded.ptrace_scope", &["scope"]),
    ("recorded.ptrace_scope_1", &[]),
    ("recorded.seccomp", &[]),
];
