//! What the tables and the chart of a comparison say, in each language.

mod en;
mod id;

#[cfg(test)]
mod tests;

use crate::lang::texts;

texts! {
    /// Speaks a language.
    pub(in crate::report::compare) struct Say;
    nouns { requests rows runs warmups }
    words {
        // Headings.
        duration tasks wire cost differences growth over_time
        // Columns.
        median min max times_fastest runs_column client_threads client_processes server_threads
        server_processes system open handshake_p50 handshake_p99 answer_p50 answer_p95 answer_p99
        again failed client_cpu server_cpu client_memory server_memory takes the_time_of p
        duration_column short_client_cpu short_server_cpu short_client_memory short_server_memory
        client server
        // Who were compared.
        isolated
        // Verdicts.
        significant not_significant mark_means
        // Below a table.
        whole_time medians middle_run middle_run_of_even growth_means
    }
    // What was compared.
    title(rows, requests, runs); some_requests(numbers); after_warmup(runs); of_runs(made, wanted); embedded(models);
    server_of(name, command); options(options);
    // Below a table.
    counts_of(run); ranges(list); open_of(run); not_the_sum(list); had(name, sides);
    client_processes_at_once(n); server_processes_at_once(n); both(one, other);
    tested(test, p); not_tested(rows); too_few(runs, n); none_of(pairs); all_of(pairs); one_of(pairs, same);
    some_of(n, pairs, same); chart_of(run); first_of(n, all, rest); of_server(server);
}
