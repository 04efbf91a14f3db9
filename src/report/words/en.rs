//! Tables in English.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate; words of one kind beside each other.
pub(super) const TEXTS: Texts = Texts {
    cpus: ["CPU", "CPUs"], requests: ["request", "requests"], frames: ["frame", "frames"],
    flows: ["flow", "flows"], workers: ["worker", "workers"],
    threads: ["thread", "threads"], helper_processes: ["helper process", "helper processes"],
    other_processes: ["other process", "other processes"], tracer_stops: ["tracer stop", "tracer stops"],
    captures: ["capture", "captures"],

    // Headings.
    interactions: "Interactions", census: "Census", requests_heading: "Requests",
    connections_heading: "Connections", failures: "Failures", latency: "Latency", programs: "Programs",
    observation: "Observation", findings: "Findings", flows_heading: "Flows", summary: "Summary",
    not_read: "Not read completely", segments: "Segments",

    // Columns and rows.
    client: "client", frame: "frame", flows_label: "flows", server: "server", client_tid: "client tid", server_tid: "server tid",
    handshake: "handshake", answer: "answer", response: "response (from due)",
    service: "service (from start)", start_delay: "started late by", time: "time", closed: "closed", frames_column: "frames",
    history: "history", flow: "flow", worker: "worker", worker_time: "worker time", before: "before",
    peak: "peak", after: "after", created: "created", counted: "counted",
    client_threads: "client threads", client_processes: "client processes",
    server_threads: "server threads", server_processes: "server processes",
    system_threads: "system threads", system_processes: "system processes", submitted: "submitted",
    attempted: "attempted", on_wire: "on the wire", handshakes: "handshakes", answered: "answered",
    valid: "valid", failed: "failed", unknown: "unknown", requests_column: "requests", reason: "reason",
    what_it_means: "what it means", min: "min", max: "max", number: "count", established: "established",
    refused: "refused", neither: "neither", reset: "reset", without_request: "without request",
    exchanges: "exchanges", unanswered: "unanswered", file: "file", state: "state", payload: "payload",
    bytes_column: "bytes", slowest: "slowest", retransmissions: "retrans.", duration: "duration",
    note_column: "note", since: "since", direction: "client server", flags: "flags", length: "len",
    window: "window", payload_text: "payload",

    // Cells.
    none: "none", bad: "bad", answered_cell: "answered", valid_cell: "valid", closed_fin: "fin",
    closed_rst: "rst", closed_open: "open", still_open: "still open", error: "error", warning: "warning", note: "note",

    // Labels.
    capture: "capture", the_tracer: "tracer", the_kernel_programs: "observer (eBPF)", owners: "owners", cost: "cost", closes: "closed", segments_label: "segments",
    states: "states", skipped: "skipped", filter: "filter", evicted: "evicted", not_exact: "not exact",
    damaged: "damaged",

    // What stands below a table.
    no_requests: "no requests were seen",
    no_tcp_flows: "no TCP flows",
    answers_not_judged: "answers are not judged: an error message is an answer, too",
    not_all_answers: "answer: not of all exchanges",
    census_columns: "before: when the side is ready (your own program: at its start); peak: the most at the same time; after: when the work is done (your own program: when its first process ends); created: those that came after the first one",
    instrumented: "the program itself reports each one",
    traced: "the kernel reports each one",
    sampled: "/proc is read every 2 to 10 ms (a watch: up to 50 ms), and what lives shorter can be missed",

    // What was done.
    a_client: "a client",
    who_connects: "all that connect",
    some_requests: "requests",
    no_server: "no server that listens",
    gate: ", all released together",
    no_join: ", without join",
    embedded: "embedded server",
    started_server: "server started by a command",
    existing_server: "existing server",
    isolated: "in a network of its own",
    client_thread: "{requests}, one thread each",
    client_process: "{requests}, one process each",
    client_async: "{requests} by one event loop",
    client_iterative: "{requests}, one after another",
    client_pool: "{requests} by a pool of threads",
    client_pool_of: "{requests} by a pool of {threads}",
    at_rate: ", {rate} a second",
    in_flight: ", at most {n} in flight",
    server_of: "server: {command}",

    // How a program is built, and how it ended.
    thread_each: "one thread per connection", process_each: "one process per connection",
    a_pool: "a pool", one_for_several: "one thread, several connections at once", one_after_another: "one connection after another",
    pool_of: "a pool of {n}",
    exit_status: "exit status {code}",
    ended_by: "ended by {signal}",
    when_asked: " when asked to end",
    running: "still running",
    without_connections: "without connections",
    of_unknown_use: "of which it is not known whether they used a connection",
    beside: "{processes} {what}: {names}",
    code: "CODE",
    explained: "What they mean: {command}",

    // How it was watched.
    killed_capture: "its totals are not known: the run was killed before it wrote them",
    noted_instead: "none: times and answers are as the client noted them itself (instrumented); handshake: until connect(2) had succeeded",
    calls_instead: "none: times and answers are those of the client's calls (traced); handshake: until the client knew that it was connected; answer: from sending to receiving, the tracer's stops included",
    no_capture: "none: figures that need a capture were not measured",
    drained: "all flows closed",
    timeout_no_flow: "no flow until the end of the linger time",
    timeout: "some flows were still open at the end of the linger time",
    interrupted: "interrupted",
    left: "to the end of the watch",
    fault: "ended by a fault",
    captured: "{frames} ({bytes}) on {interface}; {drops}; {end}",
    no_drops: "no dropped frames",
    drops_unknown: "dropped frames not known",
    dropped: "dropped frames: {kernel} by the kernel, {interface} by the interface",
    lost: "DROPPED FRAMES: {kernel} by the kernel, {interface} by the interface",
    unknown_number: "an unknown number",
    no_flow: "no flow was captured",
    not_known: "not known",
    known_for_all: "known for all",
    known_for: "known for {n}",
    a_thread: "thread",
    accepting_thread: "accepting thread",
    owned: "{flows}; client worker {client}, server {thread} {server}",
    cpu: "{who} {time} CPU",
    cpu_share: "{who} {time} CPU, {share} of the client's time",
    client_ran: "the client ran {time}",

    // Below the tables of interactions and of flows.
    accept_and_serve: "{accept}→{serve}: thread {accept} accepted the connection, thread {serve} served it",
    only_accept: "{accept}→?: thread {accept} accepted the connection; which thread served it was not seen",
    only_serve: "?→{serve}: thread {serve} served the connection; which thread accepted it was not seen",
    all_in: "{what}: {file} has all of them",
    more_in: "… and {n} more: {file} has all of them",
    more_than_kept: "… and {n} more: flows.jsonl has {kept} of {seen} (--flows {rule}), the capture has all of them",
    more_rows: "… and {n} more: raise --rows to see them",
    more_flows: "… and {n} more: --rows 0 shows all flows, --format jsonl or csv shows all fields",

    // What is wrong on a flow.
    no_reply: "no reply to the SYN",
    reply_not_seen: "the reply to the SYN is not in the capture",
    flow_refused: "connection refused",
    reset_by_client: "reset by the client, no request seen",
    reset_by_server: "reset by the server, no request seen",
    no_answer: "no answer",
    not_valid: "not a valid answer",
    syn_sent: "SYN sent {n} times",
    request_of: "request {at} of {all}: {problem}",

    // Why a figure is not known exactly.
    f_requests: "requests", f_answered: "answered", f_valid: "valid", f_invalid: "invalid",
    f_latency: "time to answer",
    reason_of: "{figures}: {reason} ({flows})",

    // Captures.
    s_unsupported_link: "unsupported link", s_not_ip: "not ip", s_not_tcp: "not tcp",
    s_later_fragment: "later fragment", s_tunnel: "tunnel", s_encrypted: "encrypted",
    s_truncated: "truncated", s_malformed: "malformed",
    nothing: "none",
    as_one_timeline: ", as one timeline",
    look_into_tunnels: "; --tunnels looks into tunnels",
    frames_of: "{n} of {frames} ({bytes})",
    frames_read: "{frames} ({bytes})",
    whole_handshakes: "{flows}; {n} with a complete handshake",
    segments_of: "{n}: {again} retransmitted, {disorder} out of order, {acks} duplicate ACKs, {windows} zero windows, {syn} SYN retransmissions",
    at_least: "at least {n}",
    exchanges_of: "{requests}: {answered} answered; TIME protocol: {valid} valid, {invalid} invalid or without answer",
    link_type: "; link type {number}{name}: {frames}",
    only_matching: "only flows with a frame that matches: {filter}",
    evicted_early: "{flows} reported while still open, because there were more flows than --max-flows: a flow may be reported in several parts",

    // One flow.
    flow_title: "Flow {flow}: {client} → {server}",
    closed_by: "closed by {how}",
    flow_took: "{frames} in {time}",
    more_segments: "… and {n} more segments",
};
