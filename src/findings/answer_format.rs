//! What exactly is wrong with an answer that is not `JAM hh:mm:ss` and CR LF.
//!
//! In comes what the record of a flow says of an exchange, in which the bytes of the
//! answer stand in quotes, with escapes. Out go the faults, as parts of a sentence.

use super::FindingsInput;
use crate::model::{Exchange, Phrase};
use crate::wording::{answer_format, requests_failed};

/// What a right answer has before CR LF.
const PREFIX: &[u8] = b"JAM ";
/// How long a right answer is, in bytes.
const LENGTH: u64 = 14;

/// What exactly is wrong with the first wrong answer that the wire shows whole; as an
/// example where others are there that are not the same.
pub(super) fn wrong_answer(input: &FindingsInput<'_>) -> Option<Phrase> {
    let owned = input.run.correlation.client_owned.is_some();
    let flows = input.flows.iter();
    let own = flows.filter(|f| f.incomplete.is_empty() && (!owned || f.client_owner.is_some()));
    let mut wrong = own
        .flat_map(|flow| &flow.exchanges)
        .filter(|e| e.valid == Some(false))
        .filter_map(|e| told(e.problem.as_deref()?));
    let (answer, faults) = wrong.clone().find(|(_, faults)| !faults.is_empty())?;
    let others = wrong.any(|(other, _)| other != answer);
    Some(requests_failed::answer(others, answer, faults))
}

/// What had come of an answer that has no line end, in quotes; `None` where nothing had
/// come, or something that ends.
pub(super) fn begun(exchange: &Exchange) -> Option<&str> {
    let (answer, _) = told(exchange.problem.as_deref()?)?;
    let ends = bytes(&answer[1..answer.len() - 1]).is_none_or(|bytes| bytes.ends_with(b"\n"));
    (exchange.valid == Some(false) && !ends).then_some(answer)
}

/// A wrong answer as it is told, in quotes, and its faults; `None` where there was no
/// answer.
fn told(problem: &str) -> Option<(&str, Vec<Phrase>)> {
    // Other problems quote what is not the whole of an answer.
    let is_answer = ["answer is not ", "answer does not end "];
    let from = problem.find(": \"")? + 2;
    if !is_answer.iter().any(|start| problem.starts_with(start)) {
        return None;
    }
    let told = &problem[from..];
    let to = told.rfind('"').filter(|to| *to > 0)?;
    let faults = if to + 1 == told.len() {
        faults(&told[1..to])
    } else {
        // Only its beginning is told.
        let begins_right = told[1..].starts_with("JAM ");
        let faults = (!begins_right).then(answer_format::no_prefix);
        let length = answer_format::longer(LENGTH);
        [length].into_iter().chain(faults).collect()
    };
    Some((&told[..=to], faults))
}

/// The faults of an answer that is told whole; empty where none is found.
fn faults(told: &str) -> Vec<Phrase> {
    let Some(bytes) = bytes(told) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    if bytes.len() as u64 != LENGTH {
        faults.push(answer_format::length(bytes.len() as u64, LENGTH));
    }
    if !bytes.starts_with(PREFIX) {
        faults.push(answer_format::no_prefix());
    }
    let end = match bytes.as_slice() {
        [.., b'\r', b'\n'] => None,
        [.., b'\n'] => Some(answer_format::no_cr()),
        [.., b'\r'] => Some(answer_format::no_lf()),
        _ => Some(answer_format::no_end()),
    };
    faults.extend(end);
    let time = bytes.strip_prefix(PREFIX).map(<[u8]>::trim_ascii_end);
    if let Some(time) = time
        && crate::model::TimeOfDay::from_bytes(time).is_none()
    {
        faults.push(answer_format::no_time());
    }
    faults
}

/// The bytes of an answer with escapes; `None` where these are none.
fn bytes(told: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(told.len());
    let mut rest = told.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(Some(byte).filter(u8::is_ascii)?);
            continue;
        }
        let escaped = rest.next()?;
        bytes.push(match escaped {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'0' => 0,
            b'x' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                u8::from_str_radix(digits, 16).ok()?
            }
            b'\\' | b'"' | b'\'' => escaped,
            _ => return None,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::english;

    #[test]
    fn each_fault_is_named() {
        let of = |told: &str| {
            let faults = faults(told).into_iter();
            let told: Vec<String> = faults.map(|fault| english(&[fault])).collect();
            told.join("; ")
        };
        assert_eq!(of("JAM 10:00:00\\r\\n"), "");
        assert_eq!(
            of("JAM 10:00:00\\n"),
            "it has 13 bytes instead of 14; it ends with LF alone, without CR"
        );
        assert_eq!(
            of("JAM 10:00:00"),
            "it has 12 bytes instead of 14; it has no CR LF at its end"
        );
        assert_eq!(of("jam 10:00:00\\r\\n"), "it does not begin with “JAM ”");
        assert_eq!(
            of("JAM 25:00:00\\r\\n"),
            "what follows “JAM ” is not a time hh:mm:ss"
        );
        assert_eq!(
            of("JAM 1:2:3\\r\\n"),
            "it has 11 bytes instead of 14; what follows “JAM ” is not a time hh:mm:ss"
        );
        assert_eq!(
            of("\\x00"),
            "it has 1 byte instead of 14; it does not begin with “JAM ”; it has no CR LF at its end"
        );
        assert_eq!(
            of("JAM 10:00:00\\r"),
            "it has 13 bytes instead of 14; it ends with CR alone, without LF"
        );
    }

    #[test]
    fn what_is_no_text_with_escapes_is_not_judged() {
        for part in ["a\\", "a\\x1", "a\\xzz", "a\\q", "é"] {
            assert!(faults(part).is_empty(), "{part}");
        }
    }

    #[test]
    fn the_answer_stands_in_quotes() {
        let (answer, faults) =
            told("answer is not JAM hh:mm:ss\\r\\n: \"a\\\"b: \\r\\n\"").unwrap();
        assert_eq!(answer, "\"a\\\"b: \\r\\n\"");
        assert_eq!(english(&faults[..1]), "it has 7 bytes instead of 14");
        let (answer, faults) = told("answer is not JAM: \"JAM xxxx\"... (99 bytes)").unwrap();
        assert_eq!(answer, "\"JAM xxxx\"");
        assert_eq!(english(&faults), "it is longer than 14 bytes");
        assert_eq!(told("no answer"), None);
        assert_eq!(told("extra bytes after the answer: \"X\""), None);
        assert_eq!(told("answer not captured completely: \"JAM\""), None);
        assert_eq!(told(": \""), None);
    }
}
