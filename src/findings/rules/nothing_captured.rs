//! `nothing_captured`: connections were made, and the tap saw no frame of them.

use crate::findings::FindingsInput;
use crate::findings::beside::made_beside_the_tap;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::nothing_captured;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Connections were made, and not captured",
        severities: &[Severity::Error, Severity::Warning],
        means: "Connections were made to the server, and no frame of them passed the \
             interface that was captured: of all of them, or of some. They go over another \
             interface or through another network namespace. Figures that need the capture \
             are not known, or are those of the captured connections only. It is a warning \
             where only the server is known to have had the connections and some were \
             captured: the others may be those of other clients.",
        look_at: "`ip route get ADDRESS` for the server's address; `ip netns identify PID` \
             for the network namespaces of both programs.",
        to_do: "Capture the interface of the connections (-i NAME), or all of them (-i any). \
             If the programs run in another network namespace, run threadtap there.",
        filter: None,
        evidence: &[
            ("connections", "connections that were made and not captured"),
            ("made", "all connections that were made"),
            (
                "side",
                "the side that was seen to have them: `client` or `server`",
            ),
            ("interface", "the interface that was captured"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let (beside, capture) = made_beside_the_tap(input)?;
    let (target, interface) = (&input.run.plan.target, &capture.interface);
    let (made, unseen) = (beside.made, beside.unseen);
    let sentence = match beside.told_by {
        _ if input.flows.is_empty() => nothing_captured::beside(unseen, target, interface),
        Side::Client => nothing_captured::of_client(unseen, made, interface),
        Side::Server => nothing_captured::of_server(unseen, made, interface),
    };
    let others = beside.told_by == Side::Server && !input.flows.is_empty();
    let severity = if others {
        Severity::Warning
    } else {
        Severity::Error
    };
    Some(
        says(vec![sentence, nothing_captured::elsewhere()])
            .at(severity)
            .with("connections", unseen)
            .with("made", made)
            .with("side", beside.told_by.to_string())
            .with("interface", interface.clone()),
    )
}
