//! Why a program could not be executed, in words: was it mistyped, or is the
//! program's file itself the matter?
//!
//! What execve(2) returned and the file that was meant come in; out goes what to
//! say. The difference decides the exit status (docs/decisions/0040).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such program: the command was mistyped. Why, and what to do.
    Mistyped(String),
    /// The file is there, and is no program that can run here. What to do about
    /// it, as the end of a sentence; empty where nothing is known.
    Broken(String),
    /// The system had no room for it.
    System,
}

/// Explains the refusal of a program of this name, which was to run in `folder`.
pub fn explain(name: &OsStr, folder: Option<&Path>, error: &io::Error) -> Refused {
    let errno = error.raw_os_error();
    match errno {
        Some(libc::E2BIG) => {
            return Refused::Mistyped(
                "its arguments are too long; give it fewer (getconf ARG_MAX)".to_owned(),
            );
        }
        Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE) => return Refused::System,
        _ => {}
    }
    let here = folder.unwrap_or(Path::new(""));
    let shown = |path: &Path| path.display().to_string();
    let file = match meant(name, here) {
        Ok(Some(file)) => file,
        Ok(None) if name.is_empty() => {
            return Refused::Mistyped("its name is empty".to_owned());
        }
        Ok(None) if name.as_bytes().contains(&b'/') => {
            let folder = folder.map_or_else(String::new, |f| format!(" in {}", shown(f)));
            return Refused::Mistyped(format!(
                "there is no such file{folder}; check the name, and the folder that you are in"
            ));
        }
        Ok(None) => {
            let own = here.join(name).is_file();
            return Refused::Mistyped(if own {
                format!(
                    "it is not in PATH; to run the file in this folder write ./{}",
                    name.to_string_lossy()
                )
            } else {
                "there is no such program in PATH; check the name".to_owned()
            });
        }
        Err(e) => return Refused::Mistyped(format!("its file cannot be looked at: {e}")),
    };
    if file.is_dir() {
        return Refused::Mistyped(format!(
            "{} is a folder; name the program in it",
            shown(&file)
        ));
    }
    Refused::Broken(match errno {
        Some(libc::EACCES) => not_permitted(&file),
        Some(libc::ENOENT) => no_interpreter(&file),
        Some(libc::ENOEXEC) => format!(
            "; it is no program for this machine: `file {}` tells what it is",
            shown(&file)
        ),
        Some(libc::ETXTBSY) => "; it is open for writing: is it still being compiled?".to_owned(),
        _ => String::new(),
    })
}

/// The file that a name means; `None` where there is none.
fn meant(name: &OsStr, here: &Path) -> io::Result<Option<PathBuf>> {
    if name.is_empty() {
        return Ok(None);
    }
    if name.as_bytes().contains(&b'/') {
        let file = here.join(name);
        return match fs::metadata(&file) {
            Ok(_) => Ok(Some(file)),
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Err(e),
            Err(_) => Ok(None),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|f| here.join(f).join(name));
    Ok(files.find(|file| file.is_file()))
}

/// What lets a file be executed that must not be.
fn not_permitted(file: &Path) -> String {
    let shown = file.display();
    let Ok(found) = fs::metadata(file) else {
        return String::new();
    };
    if found.permissions().mode() & 0o111 == 0 {
        let by_interpreter = interpreter_of(file).map_or_else(String::new, |interpreter| {
            format!(", or start it with its interpreter: {interpreter} {shown}")
        });
        return format!("; it is not executable: chmod +x {shown}{by_interpreter}");
    }
    if access(file, Access::EXEC_OK).is_err() {
        return format!(
            "; its mode {:o} and its owner (uid {}) do not let you execute it: chmod a+rx {shown}",
            found.permissions().mode() & 0o7777,
            found.uid()
        );
    }
    match first_line(file).interpreter {
        Some(interpreter) if access(Path::new(&interpreter), Access::EXEC_OK).is_err() => {
            format!("; its interpreter {interpreter} is not executable")
        }
        _ => format!("; is it on a file system that is mounted noexec? See findmnt -T {shown}"),
    }
}

/// Of a file that is there, ENOENT speaks of what is to run it.
fn no_interpreter(file: &Path) -> String {
    let shown = file.display();
    let line = first_line(file);
    match line.interpreter {
        Some(interpreter) if interpreter.ends_with('\r') => format!(
            "; its first line ends with a carriage return, as Windows writes lines, so that the \
             interpreter is not found: sed -i 's/\\r$//' {shown}"
        ),
        Some(interpreter) => format!(
            "; its first line names the interpreter {interpreter}, and there is no such file"
        ),
        None if line.is_elf => format!(
            "; the loader that it needs is not on this system (`file {shown}` names it): compile \
             it here"
        ),
        None => String::new(),
    }
}

/// What the beginning of a file tells.
struct FirstLine {
    interpreter: Option<String>,
    is_elf: bool,
}

fn first_line(file: &Path) -> FirstLine {
    /// As much as the kernel looks at (`BINPRM_BUF_SIZE`).
    const MOST: u64 = 256;
    let mut bytes = Vec::new();
    // A FIFO is no file that could be executed, and would be waited for.
    if file.is_file()
        && let Ok(opened) = File::open(file)
    {
        let _ = opened.take(MOST).read_to_end(&mut bytes);
    }
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let after = line.strip_prefix(b"#!").map(|rest| {
        let text = String::from_utf8_lossy(rest);
        let text = text.trim_start_matches([' ', '\t']);
        let end = text.find([' ', '\t']).unwrap_or(text.len());
        text[..end].to_owned()
    });
    FirstLine {
        interpreter: after.filter(|i| !i.is_empty()),
        is_elf: bytes.starts_with(b"\x7fELF"),
    }
}

/// What runs such a file, by its name's ending.
fn interpreter_of(file: &Path) -> Option<&'static str> {
    Some(match file.extension()?.to_str()? {
        "py" => "python3",
        "js" | "mjs" => "node",
        "rb" => "ruby",
        "pl" => "perl",
        "sh" => "sh",
        "lua" => "lua",
        "php" => "php",
        "java" => "java",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::recorded;

    fn file(folder: &Path, name: &str, text: &[u8], mode: u32) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn explained(name: &str, folder: &Path, errno: i32) -> Refused {
        let error = io::Error::from_raw_os_error(errno);
        explain(OsStr::new(name), Some(folder), &error)
    }

    #[test]
    fn what_is_not_there_was_mistyped() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        file(here, "client", b"#!/bin/sh\n", 0o755);
        for (name, said) in [
            ("./clinet", "there is no such file in "),
            ("client", "write ./client"),
            ("no-such-program-anywhere", "in PATH"),
            ("", "empty"),
        ] {
            match explained(name, here, libc::ENOENT) {
                Refused::Mistyped(why) => assert!(why.contains(said), "{name}: {why}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        fs::create_dir(here.join("s01")).unwrap();
        let Refused::Mistyped(why) = explained("./s01", here, libc::EACCES) else {
            panic!("a folder");
        };
        assert!(why.contains("is a folder"), "{why}");
        assert!(matches!(
            explained("./client", here, libc::E2BIG),
            Refused::Mistyped(_)
        ));
    }

    #[test]
    fn a_file_that_is_there_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        file(here, "plain.py", b"print()\n", 0o644);
        file(here, "crlf", b"#!/bin/sh\r\necho\r\n", 0o755);
        file(here, "typo", b"#! /usr/bin/pyhton3 -u\n", 0o755);
        file(here, "elf", b"\x7fELF\x02\x01", 0o755);
        for (name, errno, said) in [
            ("./plain.py", libc::EACCES, "chmod +x "),
            (
                "./plain.py",
                libc::EACCES,
                "plain.py, or start it with its interpreter: python3 ",
            ),
            ("./crlf", libc::ENOENT, "carriage return"),
            (
                "./typo",
                libc::ENOENT,
                "the interpreter /usr/bin/pyhton3, and",
            ),
            ("./elf", libc::ENOENT, "loader"),
            ("./elf", libc::ENOEXEC, "no program for this machine"),
            ("./elf", libc::ETXTBSY, "being compiled"),
            ("./elf", libc::EIO, ""),
        ] {
            match explained(name, here, errno) {
                Refused::Broken(remedy) => {
                    assert!(remedy.contains(said), "{name}: {remedy}");
                    assert!(remedy.is_empty() || remedy.starts_with("; "), "{remedy}");
                    // Other languages have words for it.
                    let known = recorded(&remedy).key != "recorded.as_it_is";
                    assert!(known || remedy.is_empty(), "{remedy}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_full_system_is_neither() {
        let folder = tempfile::tempdir().unwrap();
        for errno in [libc::EAGAIN, libc::ENOMEM, libc::EMFILE] {
            assert_eq!(explained("./x", folder.path(), errno), Refused::System);
        }
    }
}
