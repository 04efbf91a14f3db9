//! Which switch of the system forbids a network of one's own.

use std::fs;

use rustix::io::Errno;

use super::Step;

/// What the system says of its switches; `None`: this kernel has no such switch, or it
/// cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Readings {
    /// `user.max_user_namespaces` (namespaces(7)).
    pub max_user: Option<u64>,
    /// `user.max_net_namespaces`.
    pub max_net: Option<u64>,
    /// `kernel.unprivileged_userns_clone`, of Debian's and Arch's kernels.
    pub clone: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns`, of Ubuntu since 23.10.
    pub apparmor: Option<u64>,
    /// `Seccomp:` of `/proc/self/status` (proc(5)): 0 without a filter.
    pub seccomp: Option<u64>,
}

impl Readings {
    pub(super) fn now() -> Self {
        let number = |file: &str| fs::read_to_string(file).ok()?.trim().parse().ok();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let seccomp = status.lines().find_map(|l| l.strip_prefix("Seccomp:"));
        Self {
            max_user: number("/proc/sys/user/max_user_namespaces"),
            max_net: number("/proc/sys/user/max_net_namespaces"),
            clone: number("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            seccomp: seccomp.and_then(|n| n.trim().parse().ok()),
        }
    }
}

const APPARMOR: &str = "kernel.apparmor_restrict_unprivileged_userns";
const FILTERED: &str = "a seccomp filter is in force here (Seccomp: in /proc/self/status), as in \
     a container; start the container with --cap-add=NET_RAW, or with a profile that allows \
     unshare(2)";

/// What forbids a step that was refused with this error, and what would let it. A
/// switch is named only where it is set so.
pub(super) fn why(step: Step, errno: Errno, readings: &Readings) -> String {
    let spent = |name: &str, value: Option<u64>| match value {
        Some(0) => format!("{name} is 0; an administrator raises it: sudo sysctl {name}=10000"),
        Some(n) => format!(
            "a limit is reached: {name} ({n} here, and less may be allowed outside of this \
             container), or 32 levels of them (user_namespaces(7))"
        ),
        None => format!("a limit is reached ({name})"),
    };
    let filtered = readings.seccomp.is_some_and(|mode| mode > 0);
    match (step, errno) {
        (Step::User, Errno::NOSPC) => spent("user.max_user_namespaces", readings.max_user),
        (Step::Net, Errno::NOSPC) => spent("user.max_net_namespaces", readings.max_net),
        (_, Errno::NOSYS) if filtered => {
            "a seccomp filter is in force here (Seccomp: in /proc/self/status), as in a container, \
             or this kernel has no such namespaces; start the container with --cap-add=NET_RAW, or \
             with a profile that allows unshare(2)"
                .to_owned()
        }
        (_, Errno::INVAL | Errno::NOSYS) => "this kernel has no such namespaces".to_owned(),
        (Step::User, Errno::PERM) if readings.clone == Some(0) => {
            "kernel.unprivileged_userns_clone is 0; an administrator allows it: sudo sysctl \
             kernel.unprivileged_userns_clone=1"
                .to_owned()
        }
        // Refused outright: AppArmor grants the namespace, and takes what it gives.
        (Step::User, Errno::PERM | Errno::ACCESS) if filtered => FILTERED.to_owned(),
        (Step::User, Errno::PERM | Errno::ACCESS) if readings.apparmor == Some(1) => format!(
            "not allowed here, as for example in a chroot (unshare(2)); or perhaps by AppArmor \
             ({APPARMOR} is 1): the profile that `threadtap doctor --apparmor-profile` prints \
             would allow it then"
        ),
        (Step::User, Errno::PERM) => {
            "not allowed here, as for example in a chroot (unshare(2))".to_owned()
        }
        (_, Errno::PERM | Errno::ACCESS) if readings.apparmor == Some(1) => format!(
            "AppArmor takes the rights away ({APPARMOR} is 1); an administrator allows it with \
             the profile that `threadtap doctor --apparmor-profile` prints, or for all: sudo \
             sysctl {APPARMOR}=0"
        ),
        (_, Errno::PERM | Errno::ACCESS) if filtered => FILTERED.to_owned(),
        _ => "not allowed here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(step: Step, errno: Errno, readings: &Readings, word: &str) {
        let why = why(step, errno, readings);
        assert!(why.contains(word), "{step:?} {errno}: {why}");
    }

    #[test]
    fn each_step_and_error_names_its_switch() {
        let none = Readings::default();
        let zero = Readings {
            max_user: Some(0),
            max_net: Some(0),
            clone: Some(0),
            ..none.clone()
        };
        says(
            Step::User,
            Errno::NOSPC,
            &zero,
            "sysctl user.max_user_namespaces=",
        );
        says(
            Step::Net,
            Errno::NOSPC,
            &zero,
            "sysctl user.max_net_namespaces=",
        );
        says(
            Step::User,
            Errno::PERM,
            &zero,
            "kernel.unprivileged_userns_clone=1",
        );
        let some = Readings {
            max_user: Some(7),
            ..none.clone()
        };
        says(
            Step::User,
            Errno::NOSPC,
            &some,
            "user.max_user_namespaces (7 here",
        );
        says(Step::User, Errno::NOSPC, &none, "user.max_user_namespaces");
        let apparmor = Readings {
            apparmor: Some(1),
            seccomp: Some(2),
            ..none.clone()
        };
        for step in [Step::Map, Step::Net, Step::Loopback, Step::Rights] {
            for errno in [Errno::PERM, Errno::ACCESS] {
                says(
                    step,
                    errno,
                    &apparmor,
                    "apparmor_restrict_unprivileged_userns",
                );
                says(step, errno, &apparmor, "doctor --apparmor-profile");
            }
        }
        // A namespace that is refused altogether is not AppArmor's doing where another
        // cause is evident, and only perhaps where none is.
        let said = |readings: &Readings| why(Step::User, Errno::PERM, readings);
        assert!(!said(&apparmor).contains("AppArmor"), "{}", said(&apparmor));
        says(Step::User, Errno::PERM, &apparmor, "a seccomp filter");
        let no_filter = Readings {
            seccomp: Some(0),
            ..apparmor.clone()
        };
        let perhaps = said(&no_filter);
        let (chroot, named) = (perhaps.find("chroot"), perhaps.find("perhaps by AppArmor"));
        assert!(chroot.is_some() && chroot < named, "{perhaps}");
        let container = Readings {
            seccomp: Some(2),
            apparmor: Some(0),
            clone: Some(1),
            ..none.clone()
        };
        says(Step::User, Errno::PERM, &container, "--cap-add=NET_RAW");
        // A filter may answer so, too.
        says(Step::User, Errno::NOSYS, &container, "a seccomp filter");
        says(Step::User, Errno::NOSYS, &none, "this kernel");
        // What is not set so is not named.
        says(Step::User, Errno::PERM, &none, "chroot");
        says(Step::Net, Errno::PERM, &none, "not allowed here");
        says(Step::User, Errno::INVAL, &none, "this kernel");
    }
}
