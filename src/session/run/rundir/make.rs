//! The way to a folder: made where it is missing, and opened.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, open, openat, statat};
use rustix::io::Errno;
use rustix::process::Uid;

use super::folder::Access;

/// Where runs are saved that are given no folder.
pub const PARENT: &str = "captures/runs";

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// What a folder on the way may be: the umask decides.
const ON_THE_WAY: Mode = Mode::from_bits_retain(0o755);

/// Opens the folder that somebody named, which may be made for it. What was made
/// is added to `made`, the outermost first.
pub fn named(path: &Path, access: Access, made: &mut Vec<PathBuf>) -> io::Result<OwnedFd> {
    if path.exists() {
        return match open(path, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Err(Errno::NOTDIR) => Err(Errno::EXIST.into()),
            opened => Ok(opened?),
        };
    }
    let mut way = missing(path);
    let last = way.pop();
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let at = on_the_way(parent, &way, access, made)?;
    let last = last.ok_or(Errno::NOENT)?;
    match mkdirat(&at, last_name(&last), access.folder()) {
        // Somebody, another run perhaps, has made it since it was looked for.
        Err(Errno::EXIST) => {
            let flags = FOLDER | OFlags::NOFOLLOW;
            match openat(&at, last_name(&last), flags, Mode::empty()) {
                Err(Errno::NOTDIR | Errno::LOOP) => Err(Errno::EXIST.into()),
                opened => Ok(opened?),
            }
        }
        made_it => {
            made_it?;
            claimed(&at, &last, access, made)
        }
    }
}

/// Makes a new folder under [`PARENT`], and opens it.
pub fn fresh(
    started: DateTime<FixedOffset>,
    name: &str,
    access: Access,
    made: &mut Vec<PathBuf>,
) -> io::Result<(PathBuf, OwnedFd)> {
    let parent = Path::new(PARENT);
    no_link_of_others(parent, access)?;
    let at = on_the_way(parent, &missing(parent), access, made)?;
    let stem = format!("{}-{name}", started.format("%Y-%m-%dT%H-%M-%S"));
    for attempt in 1u32.. {
        let path = match attempt {
            1 => parent.join(&stem),
            n => parent.join(format!("{stem}-{n}")),
        };
        match mkdirat(&at, last_name(&path), access.folder()) {
            Err(Errno::EXIST) => {}
            Err(e) => return Err(e.into()),
            Ok(()) => {
                let fd = claimed(&at, &path, access, made)?;
                return Ok((path, fd));
            }
        }
    }
    Err(Errno::EXIST.into())
}

/// A link that another user has put into a folder that both may write to does not say
/// where a run goes that was given no folder.
fn no_link_of_others(path: &Path, access: Access) -> io::Result<()> {
    for part in path.ancestors().filter(|p| !p.as_os_str().is_empty()) {
        match statat(CWD, part, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found)
                if FileType::from_raw_mode(found.st_mode) == FileType::Symlink
                    && !access.trusts(Uid::from_raw(found.st_uid)) =>
            {
                return Err(io::Error::other(format!(
                    "{} is a symbolic link of another user (uid {})",
                    part.display(),
                    found.st_uid
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Opens what was made just now.
fn claimed(
    at: &OwnedFd,
    path: &Path,
    access: Access,
    made: &mut Vec<PathBuf>,
) -> io::Result<OwnedFd> {
    made.push(path.to_owned());
    let flags = FOLDER | OFlags::NOFOLLOW;
    let fd = openat(at, last_name(path), flags, Mode::empty())?;
    access.claim(&fd, access.folder())?;
    Ok(fd)
}

/// Opens the folder `parent`, of which the last folders, `way`, are missing.
fn on_the_way(
    parent: &Path,
    way: &[PathBuf],
    access: Access,
    made: &mut Vec<PathBuf>,
) -> io::Result<OwnedFd> {
    let base = match way.first().map(|first| first.parent()) {
        None => parent,
        Some(Some(base)) if !base.as_os_str().is_empty() => base,
        Some(_) => Path::new("."),
    };
    // A folder on the way need not be readable.
    let mut at = openat(CWD, base, FOLDER | OFlags::PATH, Mode::empty())?;
    for folder in way {
        let new = match mkdirat(&at, last_name(folder), ON_THE_WAY) {
            Err(Errno::EXIST) => false,
            done => done.map(|()| true)?,
        };
        let flags = FOLDER | OFlags::NOFOLLOW;
        if new {
            made.push(folder.clone());
            at = openat(&at, last_name(folder), flags, Mode::empty())?;
            access.claim(&at, ON_THE_WAY)?;
        } else {
            at = openat(&at, last_name(folder), flags | OFlags::PATH, Mode::empty())?;
        }
    }
    Ok(at)
}

/// The last word of a path, also where that is `..`.
fn last_name(path: &Path) -> &Path {
    path.components()
        .next_back()
        .map_or(path, |last| Path::new(last.as_os_str()))
}

/// The folders on the way to `path`, itself included, that do not exist, the
/// outermost first.
fn missing(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    folders.reverse();
    folders
}
