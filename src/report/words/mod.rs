//! What tables, charts and lists say, in each language.
//!
//! Here stands what there is to be said; `en.rs` and `id.rs` say it, one file a language.
//! What is a name in records (states, reasons, provenances, codes of findings) is the same
//! in every language, so that it can be looked up and searched for.

mod en;
mod id;
mod say;

#[cfg(test)]
mod tests;

use crate::lang::texts;

texts! {
    /// Speaks a language.
    pub(in crate::report) struct Say;
    nouns {
        cpus requests frames flows workers threads helper_processes
        other_processes tracer_stops captures
    }
    words {
        // Headings.
        interactions census requests_heading connections_heading failures latency programs
        observation findings flows_heading summary not_read segments
        // Columns and rows.
        client server frame flows_label client_tid server_tid handshake answer response service start_delay time closed frames_column history
        flow worker worker_time before peak after created counted client_threads
        client_processes server_threads server_processes system_threads system_processes
        submitted attempted on_wire handshakes answered valid failed unknown requests_column
        reason what_it_means min max number established refused neither reset without_request
        exchanges unanswered file state payload bytes_column slowest retransmissions duration
        note_column since direction flags length window payload_text
        // Cells.
        none bad answered_cell valid_cell closed_fin closed_rst closed_open still_open error warning note
        // Labels.
        capture the_tracer the_kernel_programs owners cost closes segments_label states skipped filter evicted not_exact damaged
        // What stands below a table.
        no_requests no_tcp_flows answers_not_judged not_all_answers census_columns instrumented
        traced sampled
        // What was done.
        a_client who_connects some_requests no_server gate no_join embedded started_server existing_server
        isolated
        // How a program is built, and how it ended.
        thread_each process_each a_pool one_for_several one_after_another when_asked running
        without_connections of_unknown_use code
        // How it was watched.
        killed_capture no_capture noted_instead calls_instead drained timeout_no_flow timeout interrupted left fault no_drops
        drops_unknown unknown_number no_flow not_known known_for_all a_thread accepting_thread
        // What is wrong on a flow.
        no_reply reply_not_seen flow_refused reset_by_client reset_by_server no_answer not_valid
        // Why a figure is not known exactly.
        f_requests f_answered f_valid f_invalid f_latency
        // Why a frame gave nothing.
        s_unsupported_link s_not_ip s_not_tcp s_later_fragment s_tunnel s_encrypted s_truncated
        s_malformed
        nothing as_one_timeline look_into_tunnels
    }
    // What was done.
    client_thread(requests); client_process(requests); client_async(requests);
    client_iterative(requests); client_pool(requests); client_pool_of(requests, threads);
    in_flight(n); at_rate(rate); server_of(command); pool_of(n); exit_status(code); ended_by(signal);
    beside(processes, what, names); explained(command);
    // How it was watched.
    captured(frames, bytes, interface, drops, end); dropped(kernel, interface);
    lost(kernel, interface); known_for(n); owned(flows, client, thread, server);
    cpu(who, time); cpu_share(who, time, share); client_ran(time);
    // Below the tables of interactions and of flows.
    accept_and_serve(accept, serve); only_accept(accept); only_serve(serve); all_in(what, file);
    more_in(n, file); more_than_kept(n, kept, seen, rule); more_rows(n); more_flows(n); syn_sent(n); request_of(at, all, problem);
    // Captures.
    frames_of(n, frames, bytes); frames_read(frames, bytes); whole_handshakes(flows, n);
    segments_of(n, again, disorder, acks, windows, syn); at_least(n);
    exchanges_of(requests, answered, valid, invalid); reason_of(figures, reason, flows);
    link_type(number, name, frames); only_matching(filter); evicted_early(flows);
    // One flow.
    flow_title(flow, client, server); closed_by(how); flow_took(frames, time); more_segments(n);
}
