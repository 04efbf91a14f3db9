//! `nothing_captured`: connections were made, and the tap saw no frame.

use crate::findings::FindingsInput;
use crate::findings::evidence::made_beside_the_tap;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::wording::nothing_captured;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Connections were made, and none was captured",
        severities: &[Severity::Error],
        means: "The client connected to the server, and no frame passed the interface that \
             was captured. The connections go over another interface or through another \
             network namespace. Figures that need the capture are not known.",
        look_at: "`ip route get ADDRESS` for the server's address; `ip netns identify PID` \
             for the network namespaces of both programs.",
        to_do: "Capture the interface of the connections (-i NAME), or all of them (-i any). \
             If the programs run in another network namespace, run threadtap there.",
        filter: None,
        evidence: &[
            ("connections", "connections that were made"),
            ("interface", "the interface that was captured"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let (connections, capture) = made_beside_the_tap(input)?;
    let (target, interface) = (&input.run.plan.target, &capture.interface);
    let sentences = vec![
        nothing_captured::beside(connections, target, interface),
        nothing_captured::elsewhere(),
    ];
    Some(
        says(sentences)
            .with("connections", connections)
            .with("interface", interface.clone()),
    )
}
