//! What the page says by itself: its own HTML and its script, in each language.
//!
//! `page/page.html` has a place `{{name}}` for a text, and the script asks for it with
//! `say("name", { gaps })`. Tests hold both to this list.

mod en;
mod id;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lang::{Lang, texts};

texts! {
    /// The list.
    pub(super) list Texts;
    nouns { bytes flows frames lines processes segments threads values }
    words {
        decimal_mark thousands_mark
        time_axis view_of_axis zoom_in zoom_out earlier later all_flows axis_label how_to_read
        help_areas help_flows help_moving key_zoom key_pan key_step key_ladder no_script
        how_long flows_heading search search_hint worker thread state which all failed
        slowest_first only_shown clear table_of_flows pages_of_table first previous next last
        close_it made_of_run too_old not_whole valid bad_answer no_answer answered or_more
        no_flow thinned_client thinned_server legend_flow legend_exchange legend_thread
        client_not_counted server_not_counted client_not_known server_not_known no_flow_seen
        not_captured handshakes answers none_seen not_on_wire flow client client_thread accepted_by
        served_by begins handshake answer after close note request first_requests server
        first_answer whole_flow client_sent server_sent sent_again seen_in_part time since
        wire
        // Several runs.
        no_charts over_time tasks_help whole_axis cdf_help made_of_several read_at
    }
    minutes(minutes, seconds); hours(hours, minutes); other_version(version);
    cannot_be_shown(error); flow_title(flow); flow_is(flow); worker_is(worker);
    thread_is(tid); process_is(pid); client_thread_is(tid); server_thread_is(tid);
    is_shown(from, to, n, flows); is_chosen(flow); zero_is(zero); rounded(unit);
    is_sample(every, n, flows); left_out(lines); client_up_to(threads);
    server_up_to(threads); client_at(time); server_at(time);
    thread_known(flows, from, to); works_on(flow); flow_threads(tid, accepted, served);
    flow_times(begins, handshake, answer); flow_became(answer, state, meaning);
    values_are(values, least, quantiles, greatest); histogram_of(title, words);
    on_log_scale(words); column_is(from, to, n); no_rows(all); rows_of(from, to, all);
    rows_matching(from, to, matching, all); page_of(page, pages); ladder_of(flow);
    syn_again(n); answer_is(answer); is_valid(what); is_not_valid(what); one_of(n, all);
    not_all_rungs(lines, requests); rounded_here(unit); not_seen(what);
    client_is(end, worker, tid); server_is(end, accepted, served, sent);
    answer_after(time, answer); state_is(state, meaning, history);
    was_sent(frames, bytes);
    // Several runs.
    axis_from_to(from, to); cdf_of(title); done_after(time, shares); share_is(name, share); methods_left_out(shown, n); no_charts_because(error);
}

/// Those of a language.
const fn of(lang: Lang) -> &'static Texts {
    match lang {
        Lang::En => &en::TEXTS,
        Lang::Id => &id::TEXTS,
    }
}

/// All of them by their names; of a noun, the words for one and for several.
pub(super) fn all(lang: Lang) -> BTreeMap<&'static str, Value> {
    let mut all: BTreeMap<&'static str, Value> = BTreeMap::new();
    for (name, text, _) in of(lang).all() {
        let text = Value::from(text);
        let both = all
            .remove(name)
            .map(|one| Value::from(vec![one, text.clone()]));
        all.insert(name, both.unwrap_or(text));
    }
    all
}
