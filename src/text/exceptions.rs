//! Reports of exceptions in what a program printed.
//!
//! A program may end with exit status 0 although a thread of it died of an
//! exception, and its log may be long. It is read in pieces, as it comes; what is
//! kept has a bound. The forms are those that the languages' runtimes print.

/// How the line begins that threadtap writes at the end of a log that it has cut.
pub const LOG_ENDS: &str = "threadtap: the log ends here";

/// The most that is kept of a line, in bytes.
const MOST: usize = 400;

/// A printed text that is read in pieces.
#[derive(Debug, Default)]
pub struct ExceptionReader {
    line: Vec<u8>,
    /// The line before, and the last one that holds anything.
    before: String,
    last: Option<String>,
    count: u64,
    first: Option<String>,
    state: State,
}

/// What the next lines may add to a report that has begun.
#[derive(Debug, Default, PartialEq)]
enum State {
    #[default]
    Outside,
    /// In a traceback of Python's: its last line says what it was.
    Traceback,
    /// The message stands on the next line.
    Message,
    /// Go says "panic", and proves it by the stacks of its goroutines.
    Panic { what: String, lines: u8 },
}

/// How many lines after "panic: …" the first goroutine's stack begins at most.
const PANIC_LINES: u8 = 20;

/// What Python prints between an exception and the one that it led to: together
/// they are one report.
const LED_TO: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

impl ExceptionReader {
    /// The next piece of the text.
    pub fn read(&mut self, mut piece: &[u8]) {
        while let Some(end) = piece.iter().position(|b| *b == b'\n') {
            self.keep(&piece[..end]);
            self.end_of_line();
            piece = &piece[end + 1..];
        }
        self.keep(piece);
    }

    /// The text is over: how many reports there were, what the first says (`None`, too,
    /// where it was cut off before it said so), and the last line that holds anything.
    #[must_use]
    pub fn finish(mut self) -> (u64, Option<String>, Option<String>) {
        if !self.line.is_empty() {
            self.end_of_line();
        }
        (self.count, self.first, self.last)
    }

    fn keep(&mut self, part: &[u8]) {
        let room = MOST.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn end_of_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        self.line.clear();
        if line.is_empty() {
            return;
        }
        if line.starts_with(LOG_ENDS) {
            // What the program printed last is not in it.
            self.last = None;
            return;
        }
        self.look_at(&line);
        self.last = Some(line.clone());
        self.before = line;
    }

    fn look_at(&mut self, line: &str) {
        let indented = line.starts_with([' ', '\t']);
        let tracebacks = line.matches("Traceback (most recent call last):").count() as u64;
        if tracebacks > 0 {
            // Threads may print theirs over one another.
            let goes_on = LED_TO.contains(&self.before.as_str());
            self.count += tracebacks - u64::from(goes_on);
            self.state = if goes_on && self.first.is_some() {
                State::Outside
            } else {
                State::Traceback
            };
            return;
        }
        match std::mem::take(&mut self.state) {
            State::Traceback => {
                if indented || line.starts_with("Exception in thread ") {
                    self.state = State::Traceback;
                } else {
                    self.says(line);
                }
                return;
            }
            State::Message => {
                self.says(line.trim_start());
                return;
            }
            State::Panic { what, lines } => {
                if line.starts_with("goroutine ") && line.contains('[') {
                    self.begins(Some(&what));
                } else if lines > 0 {
                    let lines = lines - 1;
                    self.state = State::Panic { what, lines };
                }
                if self.state != State::Outside {
                    return;
                }
            }
            State::Outside => {}
        }
        self.outside(line, indented);
    }

    /// A line that belongs to no report that has begun.
    fn outside(&mut self, line: &str, indented: bool) {
        let begins = |with: &str| line.starts_with(with);
        if is_frame(line) && !is_frame(&self.before) {
            let before = self.before.clone();
            let named = ["Error", "Exception", "Throwable"];
            let is_cause = before.starts_with("Caused by: ") || before.starts_with([' ', '\t']);
            // What "Exception in thread" began is counted.
            let told = before.starts_with(JAVA);
            if !is_cause && !told && named.iter().any(|n| before.contains(n)) {
                self.begins(Some(&before));
            }
        } else if begins(JAVA) {
            let what = line.splitn(3, '"').nth(2).unwrap_or(line).trim_start();
            self.begins(Some(what));
        } else if begins("thread '") && line.contains(" panicked at ") {
            // Rust: where, and what on the next line; before 1.73 all in one.
            let alone = line.ends_with(':');
            self.begins((!alone).then_some(line));
            if alone {
                self.state = State::Message;
            }
        } else if begins("terminate called ") {
            // C++: what() may be on the next line.
            self.begins(Some(line));
        } else if begins("(Use `node --trace-uncaught ") {
            // Something was thrown that is no Error.
            let before = self.before.clone();
            self.begins(Some(&before));
        } else if line.contains("terminated with exception (report_on_exception is true)") {
            self.begins(None);
            self.state = State::Message;
        } else if line.contains("Fatal error: ") && line.contains("Uncaught ")
            || line.contains("ERROR: AddressSanitizer")
        {
            self.begins(Some(line));
        } else if !indented && (begins("panic: ") || begins("fatal error: "))
            || line.contains("panic serving ")
        {
            let (what, lines) = (line.to_owned(), PANIC_LINES);
            self.state = State::Panic { what, lines };
        }
    }

    /// One more report; what it says, where that is known at once.
    fn begins(&mut self, what: Option<&str>) {
        self.count += 1;
        if let Some(what) = what {
            self.says(what);
        }
    }

    fn says(&mut self, what: &str) {
        self.first.get_or_insert_with(|| what.to_owned());
    }
}

/// What the Java virtual machine prints before an exception that nobody caught.
/// Python's line has no quotation mark.
const JAVA: &str = "Exception in thread \"";

/// Whether a line is a frame of a stack as Java, JavaScript and C# print it.
fn is_frame(line: &str) -> bool {
    let inner = line.trim_start();
    let at = inner.strip_prefix("at ").unwrap_or_default();
    inner.len() < line.len() && at.contains(['(', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (u64, Option<String>, Option<String>) {
        let whole = {
            let mut reader = ExceptionReader::default();
            reader.read(text.as_bytes());
            reader.finish()
        };
        // In pieces it is the same.
        let mut reader = ExceptionReader::default();
        for piece in text.as_bytes().chunks(3) {
            reader.read(piece);
        }
        assert_eq!(reader.finish(), whole);
        whole
    }

    fn says(text: &str, count: u64, first: &str) {
        let (n, said, _) = read(text);
        assert_eq!((n, said.as_deref()), (count, Some(first)), "{text}");
    }

    const ONE: &str = "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    \
                       int('x')\n    ~~~^^^^^\nValueError: no int\n";

    #[test]
    fn what_was_printed_last_is_not_in_a_log_that_was_cut() {
        assert_eq!(read("one\ntwo\n\n").2.as_deref(), Some("two"));
        let cut = format!("one\ntwo\n{LOG_ENDS}, at its limit of 1 kB (--log-limit)\n");
        assert_eq!(read(&cut).2, None);
    }

    #[test]
    fn python_s_tracebacks() {
        says(ONE, 1, "ValueError: no int");
        says(&ONE.repeat(1000), 1000, "ValueError: no int");
        let thread = format!("Exception in thread Thread-1 (f):\n{ONE}");
        says(&thread, 1, "ValueError: no int");
        let logging =
            format!("--- Logging error ---\n{ONE}Call stack:\n  File \"b.py\"\nMessage: 'a'\n");
        says(&logging.repeat(3), 3, "ValueError: no int");
        for led in LED_TO {
            let chain = format!("{ONE}\n{led}\n\n{}", ONE.replace("Value", "Key"));
            says(&chain, 1, "ValueError: no int");
            says(&format!("{chain}{ONE}"), 2, "ValueError: no int");
        }
        // Two threads at once.
        let mixed = "Exception in thread Exception in thread Thread-1 (f):\nThread-2 (f):\n\
                     Traceback (most recent call last):\nTraceback (most recent call last):\n  \
                     File \"a\"\nOSError: one\n  File \"a\"\nOSError: two\n";
        says(mixed, 2, "OSError: one");
        // Cut off.
        for cut in ["", "  File \"a\"", "  File \"a\", line 3, in f\n"] {
            let (n, first, _) = read(&format!("Traceback (most recent call last):\n{cut}"));
            assert_eq!((n, first), (1, None), "{cut}");
        }
    }

    #[test]
    fn other_languages() {
        let java = "Exception in thread \"main\" java.lang.RuntimeException: boom\n\tat A.b(A.java:3)\n\
                    Caused by: java.io.IOException: x\n\tat C.d(C.java:4)\n\t... 3 more\n";
        says(java, 1, "java.lang.RuntimeException: boom");
        let caught = "java.net.ConnectException: refused\n\tat A.b(A.java:3)\n\tat A.c(A.java:4)\n";
        says(&caught.repeat(2), 2, "java.net.ConnectException: refused");
        let node = "/a.js:2\n  throw new Error('boom');\n  ^\n\nError: boom\n    at f (/a.js:2:9)\n    at \
                    node:internal/main:1:2\n\nNode.js v18.19.0\n";
        says(node, 1, "Error: boom");
        let thrown = "/a.js:1\nthrow 'x';\n^\nx\n(Use `node --trace-uncaught ...` to show where)\n";
        says(thrown, 1, "x");
        let go =
            "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:3 +0x1\nexit status 2\n";
        says(go, 1, "panic: boom");
        let asleep =
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\n";
        says(
            asleep,
            1,
            "fatal error: all goroutines are asleep - deadlock!",
        );
        let rust = "thread 'main' panicked at src/main.rs:2:5:\nboom\nnote: run with …\n";
        says(rust, 1, "boom");
        let old = "thread '<unnamed>' panicked at 'boom', src/main.rs:2:5\n";
        says(old, 1, old.trim_end());
        let numbered = "thread 'main' (4711) panicked at src/main.rs:2:5:\nboom\n";
        says(numbered, 1, "boom");
        let sharp = "Unhandled exception. System.Exception: boom\n   at P.Main() in /p.cs:line 3\n";
        says(sharp, 1, "Unhandled exception. System.Exception: boom");
        let cpp =
            "terminate called after throwing an instance of 'std::runtime_error'\n  what():  x\n";
        says(cpp, 1, cpp.lines().next().unwrap());
        let ruby = "#<Thread:0x01 a.rb:1 run> terminated with exception (report_on_exception is true):\n\
                    a.rb:1:in `f': boom (RuntimeError)\n";
        says(ruby, 1, "a.rb:1:in `f': boom (RuntimeError)");
    }

    #[test]
    fn ordinary_lines_are_none() {
        let text = "INFO:root:connecting\npanic: a joke\nan Error happened\n  at noon\nlooking at a(b)\n\
                    Exception: none\nthread 'a' began\n";
        let (n, first, last) = read(text);
        assert_eq!((n, first), (0, None));
        assert_eq!(last.as_deref(), Some("thread 'a' began"));
        assert_eq!(read(""), (0, None, None));
        assert_eq!(read("\n \n"), (0, None, None));
        // A panic that is not Go's is forgotten.
        let late = format!(
            "panic: a joke\n{}goroutine 1 [running]:\n",
            "x\n".repeat(30)
        );
        assert_eq!(read(&late).0, 0);
    }

    #[test]
    fn a_line_without_end_is_kept_up_to_a_bound() {
        let mut reader = ExceptionReader::default();
        for _ in 0..1000 {
            reader.read(&[b'x'; 4096]);
        }
        assert!(reader.line.len() <= MOST);
        assert_eq!(reader.finish().2.map(|l| l.len()), Some(MOST));
    }
}
