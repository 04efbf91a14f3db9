//! What a test needs of the machine. Where it is not there the test is skipped,
//! and says so; with `THREADTAP_REQUIRE_ALL=1` it fails instead.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// One thing that a test needs.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// The privilege to open packet sockets.
    Capture,
    /// The user root, with the right to become others.
    Root,
    /// The privilege to load programs into the kernel, and a kernel that has what they
    /// need (eBPF).
    #[allow(dead_code, reason = "of the tracer's tests only")]
    Ebpf,
    /// A program.
    Tool(&'static str),
    /// setcap(8), which gives capabilities to files.
    #[allow(dead_code, reason = "of the tracer's tests only")]
    FileCapabilities,
    /// Network and mount namespaces of one's own.
    Namespaces,
    /// User namespaces for ordinary users.
    UserNamespaces,
    /// An IPv6 loopback.
    Ipv6,
    /// Landlock, with all that a process can be refused of files (Linux 6.2).
    #[allow(dead_code, reason = "of some tests only")]
    Landlock,
    /// A file system in a file (loop devices).
    #[allow(dead_code, reason = "of the faults only")]
    Loop,
    /// Control groups of one's own with this controller.
    Groups(&'static str),
    /// A pid namespace whose `pid_max` is its own (Linux 6.14): before, writing
    /// it would change the whole system's.
    OwnPidMax,
}

impl Need {
    /// Why it is not there.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Capture => (!has_capability(13)).then(|| "needs CAP_NET_RAW".to_owned()),
            Self::Root => (!rustix::process::geteuid().is_root() || !has_capability(7))
                .then(|| "needs root".to_owned()),
            Self::Ebpf => {
                // CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN; BTF, and Linux 6.3.
                let may = has_capability(21) || has_capability(38) && has_capability(39);
                let types = fs::read("/sys/kernel/btf/vmlinux").unwrap_or_default();
                let name = b"btf_trace_sock_send_length\0";
                let known = types.windows(name.len()).any(|w| w == name);
                (!may || !known).then(|| "needs eBPF (CAP_BPF, CAP_PERFMON, Linux 6.3)".to_owned())
            }
            Self::Tool(name) => (!is_in_path(name)).then(|| format!("needs {name}")),
            Self::FileCapabilities => (!runs("setcap", &["-h"])).then(|| "needs setcap".to_owned()),
            Self::Namespaces => (!runs("unshare", &["-n", "-m", "true"]))
                .then(|| "needs namespaces (unshare -n -m)".to_owned()),
            Self::Ipv6 => std::net::TcpListener::bind("[::1]:0")
                .is_err()
                .then(|| "needs an IPv6 loopback".to_owned()),
            Self::UserNamespaces => {
                let ordinary = ["--reuid=61991", "--clear-groups", "unshare", "-Ur", "true"];
                (!runs("setpriv", &ordinary)).then(|| "needs user namespaces".to_owned())
            }
            Self::Landlock => {
                // LANDLOCK_CREATE_RULESET_VERSION: the call makes nothing, and answers with
                // the version (landlock_create_ruleset(2)).
                // SAFETY: with this flag nothing is read.
                let version = unsafe { libc::syscall(444, 0usize, 0usize, 1u32) };
                (version < 3).then(|| "needs Landlock, version 3".to_owned())
            }
            Self::Loop => (!runs("losetup", &["-f"])).then(|| "needs loop devices".to_owned()),
            Self::Groups(controller) => {
                let probe = super::group::root(controller)
                    .map(|root| root.join(format!("threadtap-probe-{}", std::process::id())));
                let made = probe.is_some_and(|p| match fs::create_dir(&p) {
                    Ok(()) => fs::remove_dir(p).is_ok(),
                    Err(e) => e.kind() == std::io::ErrorKind::AlreadyExists,
                });
                (!made).then(|| format!("needs control groups of its own ({controller})"))
            }
            Self::OwnPidMax => {
                let uname = rustix::system::uname();
                let release = uname.release().to_string_lossy().into_owned();
                let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
                let version = numbers.next().zip(numbers.next());
                let new = matches!(version, Some((Ok(a), Ok(b))) if (a, b) >= (6, 14));
                (!new || !runs("unshare", &["-pf", "--mount-proc", "true"]))
                    .then(|| "needs a pid namespace with its own pid_max".to_owned())
            }
        }
    }
}

fn has_capability(bit: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|l| l.strip_prefix("CapEff:"));
    set.and_then(|s| u64::from_str_radix(s.trim(), 16).ok())
        .is_some_and(|s| s >> bit & 1 == 1)
}

/// Not every program knows `--version`: sh(1) and ip(8) do not.
fn is_in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| {
        let found = fs::metadata(folder.join(program));
        found.is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    })
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Tells that a test was skipped.
pub fn skip(test: &str, reason: &str) {
    let test = test.trim_end_matches("::here");
    assert!(
        std::env::var_os("THREADTAP_REQUIRE_ALL").is_none_or(|v| v != "1"),
        "{test} {reason}, and THREADTAP_REQUIRE_ALL is set"
    );
    let line = format!("SKIPPED: {test}: {reason}\n");
    // Not the macro: what it prints is kept from whoever runs the tests.
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(list) = std::env::var_os("THREADTAP_SKIPPED") {
        let mut list = File::options()
            .create(true)
            .append(true)
            .open(list)
            .unwrap();
        list.write_all(line.as_bytes()).unwrap();
    }
}

/// Returns from the test, and says so, unless everything is there.
#[macro_export]
macro_rules! require {
    ($($need:expr),+ $(,)?) => {
        fn here() {}
        $(
            if let Some(reason) = $crate::common::need::Need::missing($need) {
                $crate::common::need::skip(std::any::type_name_of_val(&here), &reason);
                return;
            }
        )+
    };
}
