//! Every fault that is injected, and what is promised of it: the table of
//! `docs/reliability.md`.

/// A fault.
pub struct Row {
    /// The name of its case.
    pub key: &'static str,
    /// Where it strikes.
    pub group: &'static str,
    /// What happens.
    pub fault: &'static str,
    /// What is held against the promise, besides what is promised of all.
    pub promised: &'static str,
}

const fn row(
    key: &'static str,
    group: &'static str,
    fault: &'static str,
    promised: &'static str,
) -> Row {
    Row {
        key,
        group,
        fault,
        promised,
    }
}

const COORDINATOR: &str = "threadtap itself is killed (SIGKILL), at ten moments";
const SERVER: &str = "The server";
const CLIENT: &str = "The client";
const SCARCE: &str = "Something is short";
const DISK: &str = "Disk, folder, interface";
const SIGNALS: &str = "Signals to threadtap";
const STREAMS: &str = "Output and terminal";
const AROUND: &str = "Time zone, locale, clock";
const TOGETHER: &str = "Two runs at once";
const REFUSED: &str = "A system call is refused (seccomp)";
const ROOTLESS: &str = "An ordinary user may not have a network of the run's own";
const SERVE: &str = "`threadtap serve` alone, each model";

const READABLE: &str = "what was captured until then is read by `analyze`, the run by `show`";
const INTERRUPTED: &str = "130; saved and counted, `interrupted`";
const FAILED: &str = "1; every request is counted under its reason, with each strategy";
const SWITCH: &str = "2, one line that names step, switch and what does without (`run`, `compare`, `ceiling`); `--no-capture` works";
const REFUSED_LINE: &str = "2, one line that says what to do; no folder is made";

/// The rows, in the order of the table.
pub const ROWS: &[Row] = &[
    row(
        "killed-thread",
        COORDINATOR,
        "`--strategy thread`",
        READABLE,
    ),
    row("killed-pool", COORDINATOR, "`--strategy pool`", READABLE),
    row(
        "killed-process",
        COORDINATOR,
        "`--strategy process`, a server with processes",
        READABLE,
    ),
    row(
        "killed-async",
        COORDINATOR,
        "`--strategy async`, a server with an event loop",
        READABLE,
    ),
    row(
        "killed-gate",
        COORDINATOR,
        "`--gate`: threads that wait for each other",
        READABLE,
    ),
    row(
        "killed-open-loop",
        COORDINATOR,
        "`--rate`, `--duration 1h`, `--rotate`, `--compress`, `--flows`",
        READABLE,
    ),
    row(
        "killed-traced",
        COORDINATOR,
        "a program that leaves daemons, traced",
        READABLE,
    ),
    row(
        "killed-sampled",
        COORDINATOR,
        "a program that leaves daemons, `--observe sampled`",
        READABLE,
    ),
    row(
        "killed-unobserved",
        COORDINATOR,
        "a program that leaves daemons, `--observe off`",
        READABLE,
    ),
    row(
        "killed-programs",
        COORDINATOR,
        "client and server are programs of one's own, traced, and with `--observe ptrace`",
        READABLE,
    ),
    row(
        "killed-uncaptured",
        COORDINATOR,
        "`--no-capture`, built-in client and program",
        "the run is read by `show`",
    ),
    row(
        "killed-isolated",
        COORDINATOR,
        "`--isolate always`",
        READABLE,
    ),
    row(
        "killed-existing",
        COORDINATOR,
        "`--connect`",
        "the same; the server goes on",
    ),
    row(
        "killed-attached",
        COORDINATOR,
        "`--server-pid`",
        "the same; the server goes on, and is not traced any more",
    ),
    row(
        "killed-watch",
        COORDINATOR,
        "`watch`",
        "the same; server and client go on, and are not traced",
    ),
    row(
        "killed-compare",
        COORDINATOR,
        "`compare`",
        "nothing is left",
    ),
    row(
        "killed-ceiling",
        COORDINATOR,
        "`ceiling`, of threads, of processes and of connections",
        "nothing is left",
    ),
    row(
        "killed-serve",
        COORDINATOR,
        "`serve`, each model, while clients talk",
        "nothing is left",
    ),
    row(
        "killed-analyze",
        COORDINATOR,
        "`analyze`, of a file and of a pipe",
        "what it printed until then is whole lines of the same report, or a part of its last one",
    ),
    row(
        "killed-report",
        COORDINATOR,
        "`report`",
        "each file is whole or not there; `report` again makes all, and nothing else is left",
    ),
    row(
        "server-killed",
        SERVER,
        "killed in mid-run",
        "1; `server_died`, all requests counted",
    ),
    row(
        "server-stopped",
        SERVER,
        "stopped in mid-run (SIGSTOP)",
        "1; timeouts, all requests counted",
    ),
    row(
        "server-resets",
        SERVER,
        "answers twenty, then resets",
        "1; 20 valid, 30 reset",
    ),
    row("server-never-accepts", SERVER, "never accepts", FAILED),
    row("server-never-answers", SERVER, "never answers", FAILED),
    row("server-drips", SERVER, "answers a byte a second", FAILED),
    row(
        "server-gigabyte",
        SERVER,
        "answers without an end",
        "a gigabyte is read and counted, in less than 400 MB of memory",
    ),
    row(
        "server-escapes",
        SERVER,
        "answers with terminal escapes",
        "1; no control character is printed, in any format",
    ),
    row(
        "server-utf8",
        SERVER,
        "answers with invalid UTF-8 and NUL",
        "1; the same",
    ),
    row("server-closes", SERVER, "closes at once", FAILED),
    row("server-half-closes", SERVER, "half-closes at once", FAILED),
    row("client-missing", CLIENT, "is missing", REFUSED_LINE),
    row(
        "client-not-executable",
        CLIENT,
        "is not executable",
        "it says `chmod`",
    ),
    row("client-exits-3", CLIENT, "exits 3", "1; `client_exit`"),
    row(
        "client-dumps-core",
        CLIENT,
        "dumps core",
        "1; `client_signal`",
    ),
    row(
        "client-daemonises",
        CLIENT,
        "makes itself a daemon that ignores SIGTERM",
        "`left_behind`; the daemon is ended",
    ),
    row(
        "client-orphans",
        CLIENT,
        "leaves orphans",
        "`left_behind`; they are ended",
    ),
    row(
        "client-closes-output",
        CLIENT,
        "closes its standard output and error",
        "0; its connection is counted",
    ),
    row(
        "client-changes-uid",
        CLIENT,
        "changes its user",
        "0; its connection is counted",
    ),
    row(
        "client-kills-group",
        CLIENT,
        "kills its process group (`kill -9 0`)",
        "1; `client_signal`; threadtap goes on",
    ),
    row(
        "client-for-ever",
        CLIENT,
        "runs for ever and ignores signals",
        "1 with `--time-limit`, 130 by Ctrl-C; it is ended",
    ),
    row(
        "no-descriptors",
        SCARCE,
        "descriptors (`ulimit -n 40`; 4 to 11)",
        "1; those without are `no_descriptor`; too few to start is one line",
    ),
    row(
        "no-threads",
        SCARCE,
        "threads (`pids.max`)",
        "1; those without are `no_thread`",
    ),
    row(
        "no-processes",
        SCARCE,
        "processes (`pids.max`)",
        "1; those without are `no_process`",
    ),
    row(
        "no-numbers",
        SCARCE,
        "process numbers (`kernel.pid_max` 1000)",
        "1; `reserve_kept`: a bystander can start programs all the while",
    ),
    row(
        "no-memory",
        SCARCE,
        "memory (a control group of 60 MB)",
        "1; `reserve_kept`: nobody is killed",
    ),
    row(
        "memory-killer",
        SCARCE,
        "memory, `--reserve 0`",
        "1; a side is killed, threadtap tells it",
    ),
    row(
        "no-ports",
        SCARCE,
        "ephemeral ports",
        "1; those without are `no_port`",
    ),
    row(
        "disk-full",
        DISK,
        "the disk is full, while each file is written",
        "1; each file is whole, or named as cut",
    ),
    row(
        "disk-full-logs",
        DISK,
        "the disk is full, while client.log and server.log are written",
        "1; `log_not_saved`; each log is the beginning of what was printed, the programs notice nothing",
    ),
    row(
        "disk-full-compressed",
        DISK,
        "the disk is full, with `--rotate`, and while files are compressed",
        "each file is compressed, or as it was, or named as cut",
    ),
    row(
        "disk-full-runs",
        DISK,
        "the disk is full, while a comparison is saved",
        "1 or 2; the line names what was not saved",
    ),
    row(
        "disk-full-memory",
        DISK,
        "the disk is full, while what a long run gathers lies on it",
        "1; every request is counted and owned",
    ),
    row(
        "disk-full-made",
        DISK,
        "the disk is full, while report.html, report.md, capture.pcapng, trace.pftrace and flows.csv are made",
        "the run is saved; each of them is whole, or a line says that it was not made, and `report` ends with 1",
    ),
    row(
        "disk-full-at-start",
        DISK,
        "the disk is full before",
        REFUSED_LINE,
    ),
    row(
        "file-too-large",
        DISK,
        "files may not grow (`ulimit -f`)",
        "each file is whole, or named as cut",
    ),
    row(
        "folder-removed",
        DISK,
        "the folder is removed in mid-run",
        "the run is told on the terminal",
    ),
    row(
        "folder-replaced",
        DISK,
        "the folder is replaced in mid-run",
        "nothing in the new one is touched",
    ),
    row(
        "interface-down",
        DISK,
        "the interface goes down in mid-run",
        "1; `capture_failed` says so; what was captured until then is counted",
    ),
    row(
        "signal-interrupts",
        SIGNALS,
        "SIGINT, SIGTERM, SIGHUP, SIGQUIT once",
        INTERRUPTED,
    ),
    row(
        "signal-twice",
        SIGNALS,
        "two of them, one after the other",
        INTERRUPTED,
    ),
    row(
        "signal-early",
        SIGNALS,
        "SIGINT, SIGTERM, SIGHUP, SIGQUIT while it starts, at sixteen moments",
        "it ends by the signal and has made nothing; or 130 and one line, nothing was run; or \
         130, saved and counted",
    ),
    row(
        "signal-stops",
        SIGNALS,
        "SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, then SIGCONT; once and twice",
        "0; the run goes on",
    ),
    row(
        "signal-harmless",
        SIGNALS,
        "SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGPIPE, SIGXFSZ, once and twice",
        "0; the run goes on",
    ),
    row(
        "signal-kills",
        SIGNALS,
        "all 17 others, and three real-time signals; once and twice",
        "what was captured until then is read by `analyze`, the run by `show`; of one SIGSEGV or SIGBUS it takes no notice",
    ),
    row("stdout-closed", STREAMS, "standard output closed", "saved"),
    row(
        "stderr-closed",
        STREAMS,
        "standard error closed",
        "0; saved",
    ),
    row("both-closed", STREAMS, "all three closed", "saved"),
    row("stdout-full", STREAMS, "standard output full", "1; saved"),
    row("stderr-full", STREAMS, "standard error full", "0; saved"),
    row(
        "output-blocked",
        STREAMS,
        "a pipe that nobody reads",
        "saved; a signal ends it",
    ),
    row("no-terminal", STREAMS, "no terminal", "0; saved"),
    row(
        "tiny-terminal",
        STREAMS,
        "a terminal of 1 × 1, 3 × 2 and 0 × 0",
        "0; saved",
    ),
    row(
        "terminal-resized",
        STREAMS,
        "a terminal resized 40 times",
        "0; saved",
    ),
    row(
        "odd-time-zone",
        AROUND,
        "odd `TZ`",
        "0; the moments are right",
    ),
    row(
        "odd-locale",
        AROUND,
        "odd locales, and one that is no text",
        "0; the moments are right",
    ),
    row(
        "clock-stepped",
        AROUND,
        "the clock of a capture is stepped by hours",
        "0; every flow is told, no duration is negative",
    ),
    row(
        "boot-clock",
        AROUND,
        "other boot and monotonic clocks (a time namespace)",
        "0; the moments are right",
    ),
    row(
        "one-folder",
        TOGETHER,
        "in one folder, also with `--force`",
        "2, one line; the first loses nothing",
    ),
    row(
        "one-port",
        TOGETHER,
        "on one port",
        "2, one line that names who holds it; the first loses nothing",
    ),
    row(
        "both-at-once",
        TOGETHER,
        "on ports of their own",
        "0; each counts its own, all owned",
    ),
    row(
        "no-ptrace",
        REFUSED,
        "ptrace",
        "0; sampled, and said so; no owner is invented",
    ),
    row(
        "no-pidfd_getfd",
        REFUSED,
        "pidfd_getfd",
        "0; threads and connections are counted",
    ),
    row("no-memfd_create", REFUSED, "memfd_create", REFUSED_LINE),
    row(
        "no-bpf",
        REFUSED,
        "bpf",
        "0; threads and connections are counted",
    ),
    row(
        "no-more-namespaces",
        ROOTLESS,
        "`user.max_user_namespaces`, `user.max_net_namespaces` are 0",
        SWITCH,
    ),
    row(
        "nested-namespaces",
        ROOTLESS,
        "32 user namespaces, one in the other",
        SWITCH,
    ),
    row("chroot", ROOTLESS, "a chroot", SWITCH),
    row(
        "no-unshare",
        ROOTLESS,
        "unshare(2) is refused by seccomp, as in a container",
        SWITCH,
    ),
    row(
        "low-port",
        ROOTLESS,
        "a server on port 80",
        "0 in such a network (a program: with `--isolate-as root`); 2 and one line outside",
    ),
    row(
        "serve-idle",
        SERVE,
        "10,000 idle connections (`process`: 1,000; `pool`: 400, `iterative`: 100)",
        "others are answered (`pool`, `iterative`: after `--idle-timeout` for each that holds a worker); threads and memory come back",
    ),
    row(
        "serve-slow-loris",
        SERVE,
        "a crowd that sends a byte now and then",
        "others are answered meanwhile (`pool`, `iterative`: once a line is full); threads and memory come back",
    ),
    row(
        "serve-random-bytes",
        SERVE,
        "random bytes",
        "others are answered; threads and memory come back",
    ),
    row(
        "serve-reset-storm",
        SERVE,
        "connections and resets at full speed",
        "others are answered meanwhile; threads and memory come back",
    ),
    row(
        "serve-pipelines",
        SERVE,
        "clients that ask and never read, then SIGTERM",
        "0 within its grace of 2 s",
    ),
];

const BEGIN: &str = "<!-- The table is made by `make faults`. -->\n";
const END: &str = "<!-- The end of the table. -->\n";

/// The page with this table in it.
pub fn page(now: &str) -> String {
    let (before, rest) = now.split_once(BEGIN).unwrap_or((now, ""));
    let after = rest.split_once(END).map_or("", |(_, after)| after);
    let mut page = format!("{before}{BEGIN}");
    let mut group = "";
    for row in ROWS {
        if row.group != group {
            group = row.group;
            let head = [
                "\n### ",
                group,
                "\n\n| fault | what holds |\n| --- | --- |\n",
            ];
            page.push_str(&head.concat());
        }
        page.push_str(&["| ", row.fault, " | ", row.promised, " |\n"].concat());
    }
    page.push('\n');
    page.push_str(END);
    page.push_str(after);
    page
}
