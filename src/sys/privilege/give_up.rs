//! Giving capabilities up for good (capabilities(7)).
//!
//! They are a thread's, and so is `no_new_privs`: whoever makes a thread gives it its
//! own, and each thread gives up what it has. What is given up here goes out of every
//! set, also of the one that bounds what an executed file may give.

use std::path::Path;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    configure_capability_in_ambient_set, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs,
};

/// None of them.
pub const NOTHING: CapabilitySet = CapabilitySet::empty();

/// What the calling thread may do now.
#[must_use]
pub fn held() -> CapabilitySet {
    capabilities(None).map_or(NOTHING, |sets| sets.permitted)
}

/// The calling thread keeps, of what it has, `keep` and no more, and can get nothing
/// back: no capability is left in its bounding set where it may take them out
/// (`CAP_SETPCAP`), and it gets none by executing a file (`no_new_privs`, prctl(2)).
pub fn for_good(keep: CapabilitySet) {
    empty_bounding_set();
    keep_only(keep);
    // Kernels have it since 3.5.
    let _ = set_no_new_privs(true);
}

/// The calling thread keeps, of what it has, `keep` and no more. What it executes gets
/// nothing from it, and gets from files and from the number of its user what it would get
/// anyway.
pub fn keep_only(keep: CapabilitySet) {
    // Capabilities may only be taken away so; nothing can refuse that.
    let keep = held() & keep;
    let _ = clear_ambient_capability_set();
    let _ = set_capabilities(
        None,
        CapabilitySets {
            effective: keep,
            permitted: keep,
            inheritable: NOTHING,
        },
    );
}

/// In a child before its exec(2): the program will have, of what the child has, `keep`
/// and no more, whoever its user is and whatever its file says, and can get nothing.
/// `file_has_some`: the file has capabilities of its own. With an empty bounding set it
/// could not be executed (capabilities(7), "capability-dumb binary"); it gets none all the
/// same, and takes the rest out of that set by itself where it may ([`for_good`]).
/// Async-signal-safe: system calls only.
pub fn hand_on(keep: CapabilitySet, file_has_some: bool) {
    let held = held();
    let mut keep = held & keep;
    if file_has_some {
        keep |= held & CapabilitySet::SETPCAP;
    }
    let _ = clear_ambient_capability_set();
    let set = |all: CapabilitySet| {
        let sets = CapabilitySets {
            effective: all,
            permitted: all,
            inheritable: keep,
        };
        let _ = set_capabilities(None, sets);
    };
    // What is not in the bounding set cannot be made inheritable (capset(2)).
    set(held);
    for capability in keep {
        let _ = configure_capability_in_ambient_set(capability, true);
    }
    if !file_has_some {
        empty_bounding_set();
    }
    // With `no_new_privs` an exec gives nothing that was not permitted before it.
    set(keep);
    let _ = set_no_new_privs(true);
}

/// Whether a file has capabilities of its own (capabilities(7), "File capabilities").
#[must_use]
pub fn has_capabilities(file: &Path) -> bool {
    // A structure of 24 bytes at most (`linux/capability.h`).
    rustix::fs::getxattr(file, "security.capability", &mut [0u8; 64][..]).is_ok()
}

/// Takes every capability out of the bounding set of the calling thread. It needs
/// `CAP_SETPCAP`; who has not got it can be given nothing under `no_new_privs` either.
fn empty_bounding_set() {
    if !held().contains(CapabilitySet::SETPCAP) {
        return;
    }
    for number in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        // EINVAL: this kernel knows no more of them.
        if remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The five sets of the calling thread, and whether it has `no_new_privs`
    /// (proc(5)).
    fn sets() -> Vec<u64> {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let number = |name: &str| {
            let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
        };
        [
            "CapInh",
            "CapPrm",
            "CapEff",
            "CapAmb",
            "CapBnd",
            "NoNewPrivs",
        ]
        .map(number)
        .to_vec()
    }

    /// In a thread of its own, for it is given up for good.
    fn after(act: fn()) -> Vec<u64> {
        let thread = std::thread::spawn(move || {
            act();
            sets()
        });
        thread.join().unwrap()
    }

    #[test]
    fn nothing_is_left_and_nothing_comes_back() {
        let before = sets();
        let after_all = after(|| for_good(NOTHING));
        assert_eq!(after_all[..4], [0; 4]);
        assert_eq!(after_all[5], 1);
        if before[1] & CapabilitySet::SETPCAP.bits() != 0 {
            assert_eq!(after_all[4], 0);
        }
        // The other threads keep theirs.
        assert_eq!(sets(), before);
    }

    #[test]
    fn what_is_kept_is_kept_and_no_more() {
        let ptrace = CapabilitySet::SYS_PTRACE;
        let had = sets()[1] & ptrace.bits();
        let kept = after(|| keep_only(CapabilitySet::SYS_PTRACE));
        assert_eq!(kept[..4], [0, had, had, 0]);
        assert_eq!(
            kept[4..],
            sets()[4..],
            "what it executes is not its own affair"
        );
        // What was not there cannot be kept.
        let twice = after(|| {
            keep_only(NOTHING);
            keep_only(CapabilitySet::SYS_PTRACE);
        });
        assert_eq!(twice[..4], [0; 4]);
    }
}
