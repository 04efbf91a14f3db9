//! `answers_off_the_clock`: valid in form, and not the time of day.
//!
//! The protocol asks for a time of day and not for a time zone, so an answer is
//! compared with the local time of this machine and with UTC, and the nearer one
//! counts. Why a clock is off, no capture can tell.

use chrono::{DateTime, FixedOffset};

use crate::findings::FindingsInput;
use crate::findings::evidence::clock_was_set;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Nanos, Phrase, Severity, TimeOfDay, Timestamp};
use crate::wording::answers_off_the_clock;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Answers that are not the time of day",
        severities: &[Severity::Warning, Severity::Info],
        means: "An answer JAM hh:mm:ss is valid in form, and names another time of day than \
             this machine's clock had when it came. It was compared with local time and \
             with UTC. Where the difference is a whole number of quarter hours, a server in \
             another time zone would answer so, and it is only information.",
        look_at: "The answers in flows.jsonl; the server: where does it take the time from, \
             and in which time zone?",
        to_do: "Let the server answer the time of its clock at each request. If its machine \
             has another clock or time zone, nothing.",
        filter: Some(r#"tcp.srcport == {port} && tcp.payload contains "JAM ""#),
        evidence: &[
            ("answers", "valid answers that came"),
            ("off", "those that name another time of day"),
            ("answer", "the first of these"),
            ("local_time", "the local time at which it came"),
            (
                "difference_s",
                "the answer minus that time, in seconds, from -43,200 to 43,200",
            ),
            ("distinct_answers", "how many different times of day came"),
        ],
    },
    judge: Judge::Once(judge),
};

const DAY: i64 = 24 * 3600;

/// How far an answer may be off: a clock on another machine is not exact, and
/// seconds are cut.
const TOLERANCE: i64 = 5;

/// An answer, and when it came.
#[derive(Clone, Copy)]
struct Answer {
    says: TimeOfDay,
    asked: Timestamp,
    came: Timestamp,
}

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    if clock_was_set(input) {
        return None;
    }
    let began: DateTime<FixedOffset> = DateTime::parse_from_rfc3339(&input.run.started).ok()?;
    let offset = i64::from(began.offset().local_minus_utc());
    let owned = input.run.correlation.client_owned.is_some();
    let flows = input.flows.iter();
    let own = flows.filter(|flow| !owned || flow.client_owner.is_some());
    let answers: Vec<Answer> = own
        .flat_map(|flow| &flow.exchanges)
        .filter(|e| e.valid == Some(true))
        .filter_map(|e| {
            Some(Answer {
                says: e.answer?,
                asked: e.request_ns,
                came: e.response_ns?,
            })
        })
        .collect();
    let is_off = |answer: &&Answer| [offset, 0].iter().all(|&zone| off(answer, zone) != 0);
    let all_off: Vec<&Answer> = answers.iter().filter(is_off).collect();
    let first = *all_off.first()?;
    let distinct: std::collections::BTreeSet<TimeOfDay> = answers.iter().map(|a| a.says).collect();
    let difference = apart(first.says, first.came, offset);
    let zones = all_off.iter().all(|answer| {
        let quarter = apart(answer.says, answer.came, offset).rem_euclid(900);
        quarter.min(900 - quarter) <= TOLERANCE
    });
    let local = local_time(first.came, offset);
    // Within a second or two, all answers of a clock that goes are the same.
    let came = || answers.iter().map(|answer| answer.came);
    let lasted = came()
        .max()
        .zip(came().min())
        .map(|(last, first)| last.since(first));
    let alike = distinct.len() == 1 && lasted > Some(Nanos::new(2_000_000_000));
    let sentence = answers_off_the_clock::off(
        all_off.len() as u64,
        answers.len() as u64,
        &first.says.to_string(),
        &local,
        Nanos::new(difference.abs() * 1_000_000_000),
        difference < 0,
        zones,
    );
    let alike = alike.then(answers_off_the_clock::alike);
    let sentences: Vec<Phrase> = std::iter::once(sentence).chain(alike).collect();
    let severity = if zones {
        Severity::Info
    } else {
        Severity::Warning
    };
    Some(
        says(sentences)
            .at(severity)
            .with("answers", answers.len())
            .with("off", all_off.len())
            .with("answer", first.says.to_string())
            .with("local_time", local)
            .with("difference_s", difference)
            .with("distinct_answers", distinct.len()),
    )
}

/// The second of the day of a moment, so many seconds east of UTC.
fn second_of_day(at: Timestamp, offset: i64) -> i64 {
    (at.as_nanos().div_euclid(1_000_000_000) + offset).rem_euclid(DAY)
}

/// How far a time of day is after that of a moment, the short way round the clock.
fn apart(says: TimeOfDay, at: Timestamp, offset: i64) -> i64 {
    let (h, m, s) = says.parts();
    let said = i64::from(h) * 3600 + i64::from(m) * 60 + i64::from(s);
    (said - second_of_day(at, offset) + DAY / 2).rem_euclid(DAY) - DAY / 2
}

/// How far an answer is off, in a time zone; 0 where it may have been right at any
/// moment from its request on.
fn off(answer: &Answer, offset: i64) -> i64 {
    let (after, before) = (
        apart(answer.says, answer.came, offset),
        apart(answer.says, answer.asked.min(answer.came), offset),
    );
    if after > TOLERANCE {
        after
    } else if before < -TOLERANCE {
        before
    } else {
        0
    }
}

fn local_time(at: Timestamp, offset: i64) -> String {
    let second = second_of_day(at, offset);
    format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(says: (u8, u8, u8), asked: i64, came: i64) -> Answer {
        let at = |s: i64| Timestamp::from_nanos(s * 1_000_000_000);
        Answer {
            says: TimeOfDay::new(says.0, says.1, says.2).unwrap(),
            asked: at(asked),
            came: at(came),
        }
    }

    #[test]
    fn the_short_way_round_the_clock() {
        // A second before midnight, answered after it.
        assert_eq!(off(&answer((0, 0, 1), DAY - 1, DAY - 1), 0), 0);
        assert_eq!(off(&answer((23, 59, 59), DAY, DAY + 1), 0), 0);
        assert_eq!(off(&answer((10, 0, 0), 9 * 3600, 9 * 3600), 0), 3600);
        assert_eq!(off(&answer((23, 0, 0), 0, 0), 0), -3600);
        assert_eq!(off(&answer((7, 0, 0), 0, 0), 7 * 3600), 0);
    }

    #[test]
    fn an_answer_that_came_late_was_right_when_it_was_made() {
        assert_eq!(off(&answer((0, 0, 0), 0, 100), 0), 0);
        assert_eq!(off(&answer((0, 0, 50), 0, 100), 0), 0);
        assert_eq!(off(&answer((0, 2, 0), 0, 100), 0), 20);
        assert_eq!(off(&answer((23, 59, 0), 0, 100), 0), -60);
    }
}
