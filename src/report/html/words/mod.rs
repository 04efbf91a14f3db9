//! What the page calls things, in each language: its figures and their names. What its
//! own HTML and its script say stands in `page_texts`.

mod en;
mod id;
mod say;

#[cfg(test)]
mod tests;

use crate::lang::texts;

texts! {
    /// Speaks a language.
    pub(in crate::report::html) struct Say;
    nouns {}
    words {
        // The top of the page.
        the_answer client server threads processes wire connections handshake_p50 handshake_p99 answer_p50
        answer_p99 frames_dropped no_findings evidence
        // All figures: headings and names.
        all_figures environment method how_known begun kernel cpus memory unlimited made_by
        built_in already_ran strategy workers server_model target timeout run_took client_ran
        network own_network interface link_type snapshot_length capture_ended
        // How each figure is known.
        tasks_of_client tasks_of_server tasks_of_system of_the_wire by_frames by_file
        by_nothing by_calls handshake_is answer_is connect_is reply_is quantiles quantiles_are owners owners_are
        absent_is how_instrumented how_traced how_matched how_captured how_sampled not_counted
        // What the states of a flow mean.
        s0 s1 sf rej s2 s3 rsto rstr rstos0 rstrh sh shr oth
        // Moments of a line of workers.jsonl.
        request_begun connect_returned request_done thread_began thread_ended received
        accepted closed
        // In place of a text.
        no_room
        // Several runs.
        side_by_side what_was_run client_peak server_peak one_run_each median_runs as_tables not_whole only_record
    }
    // Several runs.
    valid_of(valid, all); findings_of(name); comparison(name);
}
