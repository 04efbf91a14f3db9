//! `sockets_refused`: the system refused the tracer a look at a program's sockets.

use crate::activity::LookRefused;
use crate::findings::FindingsInput;
use crate::findings::evidence::traced;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Phrase, Severity, Side};
use crate::wording::sockets_refused;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The system refused a look at a program's sockets",
        severities: &[Severity::Warning, Severity::Info],
        means: "threadtap traces the program, and asks the kernel at each connect(2) and \
             accept(2) which socket it is (pidfd_open(2), pidfd_getfd(2)) and which address \
             was given (process_vm_readv(2)). The system refused one of these. It is only \
             information where the sockets were found in another way: by their inode, which \
             /proc/PID/fd names. Otherwise it is not known what the program did with its \
             connections, and the figures that need it are null.",
        look_at: "The name of the call and the error in the message; the seccomp profile of \
             the container.",
        to_do: "In a container, start it with --cap-add=SYS_PTRACE (Docker's default profile \
             refuses these calls without). pidfd_getfd(2) needs Linux 5.6. A program that is \
             not dumpable (prctl(2), PR_SET_DUMPABLE) can be looked at by root only.",
        filter: None,
        evidence: &[
            ("side", "`client` or `server`"),
            ("call", "the system call that was refused"),
            ("errno", "the number of the error"),
            (
                "found",
                "whether the sockets were found by their inode instead",
            ),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let of_side = |side| {
        let refused = &traced(&seen, side)?.refused;
        // What was not found at all is worse.
        let worst = refused.iter().min_by_key(|refused| refused.found)?;
        Some(conclusion(side, worst))
    };
    [Side::Client, Side::Server]
        .into_iter()
        .filter_map(of_side)
        .collect()
}

fn conclusion(side: Side, refused: &LookRefused) -> Conclusion {
    let call = &refused.call;
    let error = std::io::Error::from_raw_os_error(refused.errno);
    let error = error.to_string();
    let (severity, sentence) = if refused.found {
        (Severity::Info, sockets_refused::found(call, &error, side))
    } else {
        let sentence = sockets_refused::unseen(side, call, &error, remedy(refused));
        (Severity::Warning, sentence)
    };
    says(sentence)
        .at(severity)
        .with("side", side.to_string())
        .with("call", call.clone())
        .with("errno", refused.errno)
        .with("found", refused.found)
}

/// What would allow it, as a part of a sentence.
fn remedy(refused: &LookRefused) -> Option<Phrase> {
    match refused.errno {
        libc::ENOSYS => Some(sockets_refused::linux_5_6()),
        libc::EPERM | libc::EACCES if refused.of_all => Some(sockets_refused::container()),
        libc::EPERM | libc::EACCES => Some(sockets_refused::not_dumpable()),
        libc::EMFILE | libc::ENFILE => Some(sockets_refused::open_files()),
        _ => None,
    }
}
