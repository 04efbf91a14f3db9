//! What the report says, in each language.
//!
//! Here stands what there is to be said, and what each text is about; `en.rs` and `id.rs`
//! say it, one file a language. Another language is another file, a variant of
//! [`Lang`](crate::lang::Lang), and a line in [`Say::new`]: the compiler sees to it that
//! no text is missing, and a test to it that each has its gaps.

mod en;
mod id;
mod say;

#[cfg(test)]
mod tests;

use crate::lang::texts;

texts! {
    /// Speaks a language.
    pub(in crate::report::handout) struct Say;
    nouns { connections threads processes requests answers frames segments runs flows other_methods repeats }
    words {}

    title(); and(one, other); and_last(first, last);
    // Headings.
    h_task(); h_environment(); h_ceiling(); h_counts(); h_description(); h_interactions();
    h_findings(); h_side_by_side(); h_comparison(name); h_conclusion(); h_legend();
    // The task, and where it was done.
    task_time(); task_questions(); task_limits(); task_measured(); task_compare(name, started, repeat);
    task_ceiling(name, started); environment_unknown(); environment_of(names); env_kernel();
    env_cpus(); env_memory(); env_tool(); isolated(); limit_absent();
    // Methods.
    a_client(); who_connects(); watched(); requests_unnumbered(); m_thread(requests); m_process(requests); m_async(requests);
    m_iterative(requests); m_pool(requests); m_pool_of(requests, threads); m_gate();
    m_in_flight(n); m_no_join(); server_embedded(); server_command(); server_existing();
    model_thread(); model_pool(); model_process(); model_async(); model_iterative();
    built_async(); built_pool_of(n); the_client(); the_server();
    // The maximum.
    kind_threads(); kind_processes(); kind_connections(); ceiling_reached(n); ceiling_predicted(n);
    ceiling_unknown(); ceiling_stack(bytes); ceiling_refused_by(call, errno);
    ceiling_refused_with(errno); ceiling_refused(); ceiling_reserve(percent); ceiling_max();
    ceiling_interrupted(); ceiling_oom(); ceiling_killed(); ceiling_no_binding();
    binding_reached(limit); binding_suspected(limit); binding_next(limit); binding_value(value);
    binding_value_used(value, used); binding_value_used_at_least(value, used);
    binding_remedy(command); limits_no_search(); limits_most(n, limit); limits_user(n);
    // Of which runs it is one, and warnings before its figures.
    only_run(method); middle_run(runs, method); lower_middle_run(runs, method);
    was_interrupted(); not_whole(); time_limit(); without_capture(); lossy(frames);
    drops_unknown(); capture_fault(); capture_timeout(); incomplete(names);
    f_answered(); f_valid(); f_failed(); f_answer_times(); f_connections(); f_exchanges();
    // Counts.
    one_throughout(who); created_none(who); created_threads(who, threads); created_processes(who, processes);
    created_both(who, processes, threads); since_none(who); since_threads(who, threads);
    since_both(who, processes, threads); peak_of_threads(who, threads);
    peak_of_both(who, threads, processes); not_all_at_once(n); left_after(threads, before);
    as_before(threads); fewer_after(threads, before); peak_seen(who, threads); was_sampled(who);
    not_counted(who); system_threads(threads, peak); system_after(n);
    // Who did what.
    client_built(built); server_built(built); server_works(built); helpers(who, processes, names);
    exit_code(who, code); exit_signal(who, signal); one_made(tid, connections);
    made_shared(doers, connections, fewest, most); one_tried(tid, connections);
    made_equal(doers, connections, each); tried_equal(doers, connections, each);
    served_equal(doers, connections, each); tried_shared(doers, connections, fewest, most);
    some_established(n); none_established(); shown_by(doers, connections); makers_unknown();
    makers_known_of(known, connections); open_at_once(connections); one_accepted(tid, connections);
    several_accepted(threads, connections); acceptor_served(); one_served(tid, connections);
    served_shared(doers, connections, fewest, most); serving_unseen(); servers_unknown(); never_accepted();
    servers_left_alone(); servers_known_of(known, connections);
    // What became of it.
    one_valid(); one_not_valid(); all_valid(requests); some_valid(valid, requests); none_valid(requests); valid_seen(requests);
    not_judged(answers); not_read(answers); answers_unknown(requests); outcome_unknown(requests); none_failed();
    failed(requests, reasons); conn_refused(connections); conn_refused_told(connections); conn_neither(connections);
    handshake_took(median, max, n); handshake_took_once(time); answer_took(median, max, n);
    answer_took_once(time); connect_took(median, max, n); connect_took_once(time);
    reply_took(median, max, n); reply_took_once(time); open_loop(rate, median, p99, max);
    service_took(median, p99, max); not_begun(requests); answers_partial(); answers_maybe_partial(); no_request_seen(); syn_again(connections);
    closed_all(connections, how); closed_some(connections, parts); closed_fin(); closed_rst();
    closed_open(); closed_one_fin(); closed_one_rst(); closed_one_open(); closed_unseen(); closed_one_unseen();
    closed_was_fin(); closed_was_open(); closed_has_unseen();
    client_first_always(); server_first_always(); client_first(); server_first(); first_mixed(client, server);
    // One connection as an example.
    no_capture(); example(flow, client, server); example_only(history);
    example_all(flows, history); example_most(n, flows, history); example_tied(n, flows, history);
    step_no_syn(); step_syns(n); step_handshake(syn_ack, ack); step_refused(after);
    step_syn_alone(); step_half(); step_no_request(); step_requests(requests);
    step_answer_time(answer, took); step_answer(took); step_answer_before(); step_answer_unseen();
    step_no_answer(); step_problem(problem); step_open(); step_end_unseen(); step_rst(); step_fin_client(later);
    step_fin_server(later); step_fin(); arrow_to_server(); arrow_to_client(); w_syn(); w_syn_ack();
    w_ack(); w_data(payload); w_fin(); w_reset(); ladder_legend(); ladder_more(segments);
    // Interactions.
    interactions_pair(pair, accept, serve); interactions_further(n);
    interactions_further_one(); interactions_more(n, name); interactions_none();
    workers_more(n, name); x_none(); x_bad(); x_answered(); x_open();
    // Findings.
    severity_error(); severity_warning(); severity_info(); finding(severity, title, code, text);
    finding_in_general(severity, title, code, text); finding_unexplained(severity, code, text); evidence(figures);
    // Side by side.
    one_run_each(); runs_of_several_sizes(); compared(repeat); compared_in_part(repeat); compare_incomplete(); row_incomplete(name); compare_legend();
    compare_short(); compare_counts_legend(); is_significant(); test_two_sided(); test_holm();
    test_exact(); test_normal(); not_significant(); test(test); pairs_real(real, all);
    too_few(repeat, needed); not_described(methods);
    // Conclusion.
    c_valid(valid, requests); c_valid_seen(requests); c_peaks(client, server);
    c_peak_client(client); c_peak_server(server); c_seen_client(client); c_seen_server(server); c_errors(n); c_nothing();
    c_most(most, n, fewest, m); c_faster(a, b, ratio); c_none_real(); c_left_out(rows); c_too_few(); c_rest_none(n);
    c_rest_some(n, real); c_ceiling_threads(n); c_ceiling_processes(n); c_ceiling_connections(n);
    // Columns and rows of tables.
    t_run(); t_client(); t_server(); t_requests(); t_started(); t_duration(); t_property();
    t_value(); t_of_what(); t_limit_first(); t_allowed(); t_predicted(); t_reached(); t_counted();
    t_before(); t_peak(); t_after(); t_created(); r_client_threads(); r_client_processes();
    r_server_threads(); r_server_processes(); r_system_threads(); r_system_processes(); t_flow();
    t_client_tid(); t_server_tid(); t_answer(); t_handshake(); t_answer_time(); t_closed();
    t_request(); t_result(); t_worker_time(); t_frame(); t_time(); t_direction(); t_flags();
    t_meaning(); t_seq(); t_ack(); t_length(); t_valid(); t_client_created(); t_client_peak();
    t_client_processes_peak(); t_server_created(); t_server_peak(); t_handshake_median();
    t_answer_median(); t_client_duration(); t_method(); t_runs(); t_median(); t_min(); t_max();
    t_ratio(); t_failed(); t_shorter(); t_longer(); t_difference(); t_times_longer(); t_p();
    t_term(); t_means();
    // Terms.
    g_thread(); g_thread_is(); g_process(); g_process_is(); g_before_is(); g_peak_is();
    g_after_is(); g_created_is(); g_instrumented_is(); g_traced_is(); g_matched_is();
    g_sampled_is(); g_flow(); g_flow_is(); g_handshake_is(); g_answer_time(); g_answer_time_is(); g_handshake_told_is();
    g_answer_told_is();
    g_history(); g_history_is(); g_fin_is(); g_median(); g_median_is(); g_p(); g_p_is();
}
