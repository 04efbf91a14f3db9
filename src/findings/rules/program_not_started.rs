//! `program_not_started`: a program whose file is there, and that the system refuses
//! to execute. A name that means no file is a mistake of the command line, and no run.

use crate::findings::FindingsInput;
use crate::findings::evidence::command_of;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::{program_not_started, recorded};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A program could not be started",
        severities: &[Severity::Error],
        means: "The file of the program is there, but the system refused to execute it \
             (execve(2)): it is not executable, its first line names an interpreter that does \
             not exist, or it is no program for this machine. No client ran, so that no \
             request was made.",
        look_at: "The error in the message; ls -l and file of the program; its first line.",
        to_do: "Do what the message recommends, then run it again.",
        filter: None,
        evidence: &[
            ("side", "whose program"),
            ("error", "the error of the system"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let of = |trouble: &Trouble| match trouble {
        Trouble::NotStarted {
            side,
            error,
            remedy,
        } => {
            let program = command_of(input, *side);
            let sentences = vec![
                program_not_started::error(program, error, recorded(remedy)),
                program_not_started::no_request(),
            ];
            Some(
                says(sentences)
                    .with("side", side.to_string())
                    .with("error", error.clone()),
            )
        }
        _ => None,
    };
    seen.observation.troubles.iter().filter_map(of).collect()
}
