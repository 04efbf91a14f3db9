//! Which file a program's name means, as execvp(3) looks for it.
//!
//! The search is split in two: the names to be tried are made before the fork,
//! where memory may be allocated and the environment be read; the child tries
//! one after the other and makes system calls only.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use libc::{c_char, c_int};

/// Where programs are without a `PATH` (`_CS_PATH` of confstr(3)).
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// What runs a file that is executable and in no format of the kernel's: a
/// script without a first line `#!`.
const SHELL: &std::ffi::CStr = c"/bin/sh";

/// A program, its arguments and its environment, ready for execve(2).
#[derive(Debug)]
pub(super) struct Executable {
    /// The files to be tried, in this order.
    files: Vec<CString>,
    words: Vec<CString>,
    environment: Vec<CString>,
}

/// Pointers to all of it, for the child.
pub(super) struct Prepared<'a> {
    files: Vec<*const c_char>,
    words: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    /// The words with the shell before them: the second is the file's place.
    by_shell: Vec<*const c_char>,
    /// What they point to.
    _of: &'a Executable,
}

impl Executable {
    /// Looks where `path`, the value of `PATH`, says; the environment is this
    /// process's own.
    ///
    /// # Errors
    /// When there is no word, or one holds a NUL.
    pub(super) fn find(words: &[OsString], path: Option<&OsStr>) -> io::Result<Self> {
        let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why);
        let texts = |all: Vec<Vec<u8>>| all.into_iter().map(CString::new).collect();
        let texts = |all| -> io::Result<Vec<CString>> {
            let made: Result<_, std::ffi::NulError> = texts(all);
            made.map_err(|_| invalid("it contains a NUL byte"))
        };
        let name = words.first().ok_or_else(|| invalid("it is empty"))?;
        let path = path.map_or(DEFAULT_PATH, OsStrExt::as_bytes);
        let variables = env::vars_os().map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            name.into_vec()
        });
        Ok(Self {
            files: texts(candidates(name.as_bytes(), path))?,
            words: texts(words.iter().map(|w| w.as_bytes().to_vec()).collect())?,
            environment: texts(variables.collect())?,
        })
    }

    pub(super) fn prepare(&self) -> Prepared<'_> {
        let pointers = |all: &[CString]| all.iter().map(|text| text.as_ptr()).collect::<Vec<_>>();
        let ended = |all: &[CString]| {
            let mut all = pointers(all);
            all.push(std::ptr::null());
            all
        };
        let words = ended(&self.words);
        let mut by_shell = vec![SHELL.as_ptr()];
        by_shell.extend(&words);
        Prepared {
            files: pointers(&self.files),
            words,
            environment: ended(&self.environment),
            by_shell,
            _of: self,
        }
    }
}

/// The files that a name may mean. One with a slash means itself; an empty
/// element of the path means the current folder.
fn candidates(name: &[u8], path: &[u8]) -> Vec<Vec<u8>> {
    // The empty name is no file's, wherever it is looked for.
    if name.is_empty() || name.contains(&b'/') {
        return vec![name.to_vec()];
    }
    let longest = usize::try_from(libc::PATH_MAX).unwrap_or(usize::MAX);
    let folders = path.split(|b| *b == b':');
    let folders = folders.filter(|folder| folder.len() < longest);
    folders
        .map(|folder| match folder {
            [] => name.to_vec(),
            folder => [folder, b"/", name].concat(),
        })
        .collect()
}

impl Prepared<'_> {
    /// Executes the first file that can be. Returns why none was.
    ///
    /// # Safety
    /// To be called in a process that has just been forked: it makes system
    /// calls alone, and changes nothing that another thread may see.
    pub(super) unsafe fn execute(&mut self) -> c_int {
        let (words, environment) = (self.words.as_ptr(), self.environment.as_ptr());
        let mut denied = false;
        let mut errno = libc::ENOENT;
        for &file in &self.files {
            // SAFETY: all are texts and arrays that end with a null, and live as
            // long as `self`.
            errno = unsafe { refused(file, words, environment) };
            // SAFETY: a text that ends with a null.
            let binary = errno == libc::ENOEXEC && unsafe { is_binary(file) };
            if errno == libc::ENOEXEC
                && !binary
                && let Some(place) = self.by_shell.get_mut(1)
            {
                *place = file;
                // SAFETY: as above.
                errno = unsafe { refused(SHELL.as_ptr(), self.by_shell.as_ptr(), environment) };
            }
            match errno {
                // There may be another, but this one is what is told of.
                libc::EACCES => denied = true,
                // There is no such file here, or no such place.
                libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT => {}
                _ => return errno,
            }
        }
        if denied { libc::EACCES } else { errno }
    }
}

/// Whether a file is a binary and no script, as bash(1) tells them apart: a shell
/// would take its bytes for commands.
///
/// # Safety
/// A text that ends with a null; makes system calls only.
unsafe fn is_binary(file: *const c_char) -> bool {
    const ELF: [u8; 4] = *b"\x7fELF";
    let mut bytes = [0u8; 80];
    // SAFETY: the caller's; the buffer is as long as is said.
    let read = unsafe {
        let fd = libc::open(file, libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK);
        if fd == -1 {
            return false;
        }
        let read = libc::read(fd, bytes.as_mut_ptr().cast(), bytes.len());
        libc::close(fd);
        read
    };
    let bytes = bytes
        .get(..usize::try_from(read).unwrap_or(0))
        .unwrap_or(&[]);
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or(&[]);
    bytes.starts_with(&ELF) || line.contains(&0)
}

/// execve(2), which returns only when it is refused.
///
/// # Safety
/// As execve(2): a text, and two arrays of texts that end with a null.
unsafe fn refused(
    file: *const c_char,
    words: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        libc::execve(file, words, environment);
        *libc::__errno_location()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, path: &str) -> Vec<String> {
        let all = candidates(name.as_bytes(), path.as_bytes());
        all.into_iter()
            .map(|n| String::from_utf8(n).unwrap())
            .collect()
    }

    #[test]
    fn a_name_is_looked_for_in_every_folder() {
        assert_eq!(names("ls", "/bin:/usr/bin"), ["/bin/ls", "/usr/bin/ls"]);
        assert_eq!(names("ls", "/bin/"), ["/bin//ls"]);
    }

    #[test]
    fn an_empty_element_is_the_current_folder() {
        assert_eq!(names("ls", ""), ["ls"]);
        assert_eq!(names("ls", ":/bin"), ["ls", "/bin/ls"]);
        assert_eq!(names("ls", "/bin:"), ["/bin/ls", "ls"]);
        assert_eq!(names("ls", "/a::/b"), ["/a/ls", "ls", "/b/ls"]);
    }

    #[test]
    fn a_name_with_a_slash_is_taken_as_it_is() {
        for name in ["/bin/ls", "./ls", "a/b", "ls/", ""] {
            assert_eq!(names(name, "/bin"), [name]);
        }
    }

    #[test]
    fn a_folder_that_no_path_can_name_is_passed_over() {
        let long = "x".repeat(5000);
        assert_eq!(names("ls", &format!("{long}:/bin")), ["/bin/ls"]);
        assert!(names("ls", &long).is_empty());
    }

    #[test]
    fn what_is_no_text_of_c_is_refused() {
        let find = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            Executable::find(&words, None).map_err(|e| e.to_string())
        };
        assert!(find(&["a\0b"]).unwrap_err().contains("NUL"));
        assert!(find(&["a", "\0"]).unwrap_err().contains("NUL"));
        assert!(find(&[]).is_err());
        let found = find(&["ls", "-l"]).unwrap();
        assert_eq!(
            found.files,
            [c"/bin/ls".to_owned(), c"/usr/bin/ls".to_owned()]
        );
        assert_eq!(found.environment.len(), env::vars_os().count());
    }
}
