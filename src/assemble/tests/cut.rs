//! Logs that end before the run did: what is missing is absent, and never 0.

use super::story::*;
use crate::model::observation::*;
use crate::model::*;

#[test]
fn a_header_alone_makes_a_record() {
    let mut story = Story::built_in(Strategy::Thread, 7);
    story.seen = Observation::new(story.seen.header);
    let told = story.told();
    assert_eq!(told.run.plan.requests, Some(7));
    assert_eq!(told.run.requests.submitted, Some(7));
    assert_eq!(told.run.requests.attempted, None);
    assert_eq!(told.run.requests.on_wire, None);
    assert_eq!(told.run.census.client, SideCensus::absent());
    assert_eq!(told.run.census.server, SideCensus::absent());
    assert_eq!(told.run.census.system, SystemCensus::default());
    assert_eq!(told.run.correlation, Correlation::default());
    assert_eq!(told.run.observer, Observer::default());
    assert_eq!(told.run.sides, SideCosts::default());
    assert_eq!(told.run.capture, None);
}

#[test]
fn what_built_in_sides_noted_is_nothing_until_they_have_told_all() {
    let mut story = super::two_threads();
    story.seen.client.totals = None;
    story.seen.server.totals = None;
    story.seen.wire = None;
    let run = story.told().run;
    assert_eq!(run.requests.attempted, None);
    assert_eq!(run.requests.on_wire, Some(2), "the wire shows them");
    assert_eq!(run.requests.failed, [].into());
    assert_eq!(run.correlation.flows, Some(2));
    assert_eq!(run.correlation.client_owned, None);
    assert_eq!(run.census.client, SideCensus::absent());
}

#[test]
fn moments_are_those_of_the_last_facts() {
    let mut story = Story::traced_pair();
    story.did(Side::Client, 10, 11, 30, thread());
    story.connects(11, 50_000, 40, 0);
    story.flow(50_000, 40, Some(70));
    let run = story.told().run;
    assert_eq!(run.duration_ns, ms(70), "the last frame is a fact, too");
    assert_eq!(
        run.observer.client_duration_ns, None,
        "its end is not known"
    );
    story.ends(Side::Client, 80, Exit::Code(0));
    let run = story.told().run;
    assert_eq!(run.duration_ns, ms(80));
    assert_eq!(run.observer.client_duration_ns, Some(ms(80)));
    let sample = Sample {
        at: at(95),
        threads: Some(1),
        processes: Some(1),
    };
    let of = Counted::System;
    story.seen.add(Fact::Sample { of, sample });
    let run = story.told().run;
    assert_eq!(run.duration_ns, ms(95), "and so is a sample");
}

#[test]
fn of_a_side_whose_end_is_missing_the_beginning_is_told() {
    let mut story = Story::traced_pair();
    story.seen.header.asked.client = AskedClient::Program { requests: Some(5) };
    story.did(Side::Client, 10, 11, 30, thread());
    story.connects(11, 50_000, 40, 0);
    for (when, threads) in [(0, 100), (9, 120)] {
        let sample = Sample {
            at: at(when),
            threads: Some(threads),
            processes: Some(threads - 60),
        };
        let of = Counted::System;
        story.seen.add(Fact::Sample { of, sample });
    }
    let run = story.told().run;
    let before = Counts {
        before: Some(1),
        ..Counts::default()
    };
    assert_eq!(run.census.client.threads, before);
    assert_eq!(run.census.client.processes, before);
    assert_eq!(run.census.client.provenance, Some(Provenance::Traced));
    assert_eq!(run.census.client.timeline.len(), 2);
    let system = run.census.system.threads;
    assert_eq!(
        (system.before, system.peak, system.after),
        (Some(100), None, None)
    );
    let system = run.census.system.processes;
    assert_eq!((system.before, system.peak), (Some(40), None));
    assert_eq!(run.requests.attempted, None);
    assert_eq!(
        run.requests.failed,
        [].into(),
        "those to come may have been made"
    );
    // With its end all that it did is known, whatever came after.
    story.did(Side::Client, 10, 11, 50, Change::Ended(Exit::Code(0)));
    story.did(Side::Client, 10, 10, 60, Change::ExitBegun);
    story.did(Side::Client, 10, 10, 60, Change::Ended(Exit::Code(0)));
    story.ends(Side::Client, 60, Exit::Code(0));
    let run = story.told().run;
    assert_eq!(run.census.client.threads.peak, Some(2));
    assert_eq!(run.requests.attempted, Some(1));
    assert_eq!(run.requests.failed["not_attempted"], 4);
}

#[test]
fn the_server_s_count_at_rest_needs_the_moment() {
    let mut story = super::two_threads();
    let cut = story.told().run;
    assert_eq!(cut.census.server.threads.created, Some(2));
    assert_eq!(cut.census.server.threads.after, None);
    story.over(End::Complete);
    assert_eq!(story.told().run.census.server.threads.after, Some(1));
}
