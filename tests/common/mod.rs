//! What the integration tests share: what they need, the program under test,
//! and what it leaves behind.

pub mod group;
pub mod need;
pub mod peers;
mod ran;
pub mod tshark;

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use self::ran::{Ran, assert_failed, findings, lines};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_threadtap");

/// Far more than any run here takes: only a hang lasts longer.
pub const HANG: Duration = Duration::from_secs(90);

/// Marks every process that a test starts, and what these start.
const MARK: &str = "THREADTAP_TEST_MARK";

/// A folder of one's own, and a mark for all processes started in it.
pub struct Lab {
    folder: Rc<TempDir>,
    mark: String,
}

/// What is looked through for programs, this one among them.
fn path_with_the_program() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(PROGRAM).parent().map(Path::to_path_buf);
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))).unwrap()
}

impl Lab {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            folder: Rc::new(TempDir::new().unwrap()),
            mark: format!("{}-{number}", std::process::id()),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The run directory.
    pub fn out(&self) -> PathBuf {
        self.path().join("out")
    }

    /// A copy of a golden run as the lab's run directory, which may be changed.
    pub fn golden_run(&self, name: &str) -> PathBuf {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("captures/golden-runs")
            .join(name);
        fs::create_dir(self.out()).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), self.out().join(file.file_name())).unwrap();
        }
        self.out()
    }

    /// A command that runs in the lab's folder and bears its mark.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env(MARK, &self.mark)
            .env_remove("NO_COLOR")
            .env_remove("THREADTAP_LOG")
            .env_remove("COLUMNS")
            // Whoever runs the tests may read another language.
            .env("LC_ALL", "C.UTF-8")
            // As where it is installed.
            .env("PATH", path_with_the_program())
            .stdin(Stdio::null());
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
            // Whoever runs the tests in the background may have them ignored.
            // SAFETY: signal(2) is async-signal-safe, and nothing else is called.
            unsafe {
                command.pre_exec(move || {
                    libc::signal(signal, libc::SIG_DFL);
                    Ok(())
                });
            }
        }
        command
    }

    /// `threadtap`, behind other commands (`setpriv …`, `prlimit …`) if any.
    pub fn threadtap(&self, behind: &[&str]) -> Command {
        match behind {
            [] => self.command(PROGRAM),
            [first, rest @ ..] => {
                let mut command = self.command(first);
                command.args(rest).arg(PROGRAM);
                command
            }
        }
    }

    /// `threadtap run` with the lab's run directory, to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_behind(&[], arguments)
    }

    /// The same behind other commands.
    pub fn run_behind(&self, behind: &[&str], arguments: &[&str]) -> Ran {
        let mut command = self.threadtap(behind);
        command
            .arg("run")
            .args(arguments)
            .arg("--out")
            .arg(self.out());
        self.finish(&mut command)
    }

    /// Any command, to its end; then nothing of it may be left.
    pub fn finish(&self, command: &mut Command) -> Ran {
        let ran = self.end(start(command));
        assert_eq!(self.left(), Vec::<String>::new(), "left behind: {ran:?}");
        ran
    }

    /// Waits for what [`start`] started.
    pub fn end(&self, started: Started) -> Ran {
        let Started { mut child, reader } = started;
        let status = wait(&mut child);
        let (stdout, stderr) = reader.join().unwrap();
        Ran {
            status,
            stdout,
            stderr,
            out: self.out(),
            _folder: Rc::clone(&self.folder),
        }
    }

    /// The processes that bear the mark, as `pid command`.
    pub fn left(&self) -> Vec<String> {
        let wanted = format!("{MARK}={}", self.mark);
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| {
                environment(*pid)
                    .is_some_and(|all| all.split(|b| *b == 0).any(|v| v == wanted.as_bytes()))
            })
            .map(|pid| {
                let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                format!("{pid} {}", line.replace('\0', " "))
            })
            .collect()
    }

    /// What kind of file system a folder of the lab lies on, as stat(1) calls it.
    pub fn file_system(&self, folder: &str) -> String {
        let kind = Command::new("stat")
            .args(["-f", "-c", "%T", folder])
            .current_dir(self.path())
            .output();
        let kind = String::from_utf8(kind.unwrap().stdout).unwrap();
        kind.trim().to_owned()
    }

    /// Waits until nothing of the lab's is left, after a death that nobody
    /// could clean up behind.
    pub fn until_nothing_is_left(&self) {
        until("every process of the run has ended", || {
            self.left().is_empty()
        });
    }

    /// The one process of the lab's whose command line holds `word`.
    pub fn find(&self, word: &str) -> i32 {
        let mut found = None;
        until(word, || {
            let all = self.left();
            let line = all.iter().find(|line| line.contains(word));
            found = line.and_then(|l| l.split(' ').next()?.parse().ok());
            found.is_some()
        });
        found.unwrap()
    }
}

/// A command that runs, with what it prints.
pub struct Started {
    pub child: Child,
    reader: std::thread::JoinHandle<(String, String)>,
}

impl Started {
    pub fn signal(&self, signal: rustix::process::Signal) {
        signal_to(self.child.id().cast_signed(), signal);
    }
}

/// Starts a command and reads along what it prints.
pub fn start(command: &mut Command) -> Started {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut err = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let errors = std::thread::spawn(move || text(&mut err));
        (text(&mut out), errors.join().unwrap())
    });
    Started { child, reader }
}

fn text(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for a child; one that hangs is killed and the test fails.
pub fn wait(child: &mut Child) -> Option<i32> {
    let until = Instant::now() + HANG;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            panic!("it hangs: pid {}", child.id());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn signal_to(pid: i32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// The environment of a process. In the middle of execve(2) it has a program, and nothing is
/// in its environment yet.
fn environment(pid: u32) -> Option<Vec<u8>> {
    let executes = || fs::read_link(format!("/proc/{pid}/exe")).is_ok();
    for _ in 0..50 {
        match fs::read(format!("/proc/{pid}/environ")) {
            Ok(all) if all.is_empty() && executes() => {
                std::thread::sleep(Duration::from_millis(2));
            }
            read => return read.ok(),
        }
    }
    None
}

/// Waits until something holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + HANG;
    while !holds() {
        assert!(Instant::now() < limit, "never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A copy of the program that any user may execute.
pub fn public_copy() -> &'static str {
    static COPY: OnceLock<(TempDir, String)> = OnceLock::new();
    let (_, path) = COPY.get_or_init(|| {
        use std::os::unix::fs::PermissionsExt;
        let everybody = fs::Permissions::from_mode(0o755);
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), everybody.clone()).unwrap();
        let path = folder.path().join("threadtap");
        fs::copy(PROGRAM, &path).unwrap();
        fs::set_permissions(&path, everybody).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (folder, path)
    });
    path
}
