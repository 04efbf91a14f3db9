//! `exceptions_logged`: a program printed tracebacks. A thread may die of an
//! exception, and its program end with exit status 0 all the same.

use crate::findings::FindingsInput;
use crate::findings::ending::quoted;
use crate::findings::evidence::ended_program;
use crate::findings::limit_hit;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::observation::End;
use crate::model::{Exit, Severity, Side};
use crate::wording::exceptions_logged;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Exceptions in a program's log",
        severities: &[Severity::Warning],
        means: "The output of the program holds reports of exceptions: tracebacks of \
             Python, stack traces of Java, JavaScript or C#, panics of Go or Rust, and \
             the like. An exception that ends a thread does not end the program, and its \
             exit status may be 0. A program may also have caught it, and written it down.",
        look_at: "The log of that side in the run directory, from its first report on.",
        to_do: "Correct what the first one says; those after it are often the same, or \
             follow from it.",
        filter: None,
        evidence: &[
            ("side", "`client` or `server`"),
            ("exceptions", "how many reports there are"),
            (
                "first",
                "what the first one says; null: it was cut off before",
            ),
            (
                "exit_code",
                "the exit status; null: it did not end by itself",
            ),
        ],
    },
    judge: Judge::Each(judge),
};

/// What Python says of SIGINT.
const CTRL_C: &str = "KeyboardInterrupt";

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let sides = [Side::Client, Side::Server].into_iter();
    sides.filter_map(|side| of_side(input, side)).collect()
}

fn of_side(input: &FindingsInput<'_>, side: Side) -> Option<Conclusion> {
    let seen = input.seen?;
    let output = seen.observation.side(side).output.as_ref()?;
    let ended = ended_program(&seen, side).filter(|ended| !ended.asked_to_end);
    let exit = ended.and_then(|ended| ended.exit);
    let first = output.first.as_deref();
    // Ctrl-C reaches a program as it reaches threadtap: Python reports it like an
    // exception, others may follow from it, and its end may cut the report off.
    let interrupted = seen.observation.ended() == Some(End::Interrupted);
    let by_it = |f: &str| f.starts_with(CTRL_C) || CTRL_C.starts_with(f);
    if interrupted && first.is_none_or(by_it) {
        return None;
    }
    let sentence = exceptions_logged::shown(
        side,
        output.exceptions,
        side.log_file(),
        exit == Some(Exit::Code(0)),
        first.map(quoted).as_deref(),
        first.and_then(|first| limit_hit::of_exception(input, first)),
    );
    let code = match exit {
        Some(Exit::Code(code)) => Some(code),
        _ => None,
    };
    (output.exceptions > 0).then(|| {
        says(sentence)
            .with("side", side.to_string())
            .with("exceptions", output.exceptions)
            .with("first", first)
            .with("exit_code", code)
    })
}
