//! `address_fallback`: an attempt failed at one address of a name, and was made
//! again at another one.

use crate::activity::fallback::fallbacks;
use crate::activity::outcomes::Wire;
use crate::findings::FindingsInput;
use crate::findings::evidence::traced;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::Side;
use crate::wording::address_fallback;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client tried a second address of the server",
        severities: &[Severity::Info],
        means: "A name can have several addresses: `localhost` is ::1 and 127.0.0.1 on most \
             machines. The client tried one address, nobody answered there, and it went \
             on with the next one, as it should. No request failed because of it.",
        look_at: "The flows that were refused: their server address is the one in the message.",
        to_do: "Nothing has to be done. To avoid the extra attempts, let the server listen \
             on all of its addresses, or give the client an address instead of a name.",
        filter: Some(
            "tcp.flags.reset == 1 && tcp.srcport == {port} && tcp.window_size_value == 0 && tcp.len == 0",
        ),
        evidence: &[
            ("attempts", "how many attempts were made again"),
            ("first_target", "the address and port of the first of them"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let client = traced(&input.seen?, Side::Client)?;
    // Without a capture, what connect(2) returned is all that is known.
    let again = fallbacks(&Wire::new(input.flows, Some(client)), client);
    let first = client.sockets.made.get(*again.iter().min()?)?;
    let n = again.len() as u64;
    let target = first.target.to_string();
    let sentences = vec![
        address_fallback::again(n, &target),
        address_fallback::normal(),
        address_fallback::more(n),
    ];
    Some(
        says(sentences)
            .with("attempts", n)
            .with("first_target", target),
    )
}
