//! `threadtap report`.

use std::collections::HashSet;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::browser::Opener;
use super::confined::confine;
use super::handout::{self, Place};
use super::language::language;
use super::saved::{Capture, Folder, Kept, Saved, tell};
use super::several;
use super::{DID_NOT_HOLD, OK};
use crate::cli::ReportArgs;
use crate::lang::Lang;
use crate::report::{
    Evidence, Format, Style, write_annotated, write_html, write_pftrace, write_run,
    write_trace_json,
};
use crate::session::run::SavedDir;
use crate::sys::confine::Needs;
use crate::sys::process::signals::end_tidily;
use crate::sys::process::stderr;

/// Makes the files of every run, and the report of all.
pub fn report(args: &ReportArgs) -> anyhow::Result<u8> {
    let wanted = |one: &Evidence| match args.only.as_slice() {
        [] => one.by_default(),
        only => only.contains(one),
    };
    let files = Evidence::ALL.iter().copied().filter(wanted);
    let files: Vec<Evidence> = files.filter(|file| *file != Evidence::Md).collect();
    let named = once(&args.dirs);
    let place = Place::of(args.out.as_deref(), &named)?;
    let opener = args
        .open
        .then(|| Opener::ready(pages(&named, &place)))
        .transpose()?;
    let mut made_in = Vec::new();
    if !files.is_empty() {
        made_in.extend(named.iter().map(PathBuf::as_path));
    }
    if wanted(&Evidence::Md) || wanted(&Evidence::Html) {
        made_in.push(place.folder());
    }
    confine(&Needs {
        folders: named.iter().map(PathBuf::as_path).collect(),
        made_in,
        ..Needs::default()
    });
    end_tidily();
    // A folder that holds nothing of ours is told before anything is made.
    let mut sources = Vec::new();
    let mut dirs = Vec::new();
    for dir in &named {
        let folder = Folder::open(dir)?;
        let kept = Kept::read(&folder)?;
        sources.push((folder, kept));
        dirs.push((dir.clone(), SavedDir::open(dir)?));
    }
    let lang = language(args.lang);
    let mut status = OK;
    for ((folder, kept), (_, dir)) in sources.iter().zip(&dirs) {
        if let Kept::Run(saved) = kept {
            status = status.max(of_run(
                &files,
                lang,
                folder,
                saved,
                dir,
                !args.only.is_empty(),
            ));
        }
    }
    // One run has its own page, and nothing beside it.
    let several = !matches!(&sources[..], [(_, Kept::Run(_))]);
    let mut of_all = false;
    if several && wanted(&Evidence::Html) {
        of_all = beside(&sources, &dirs, &place.page(), lang, args);
        if !of_all {
            status = DID_NOT_HOLD;
        }
    }
    if wanted(&Evidence::Md) {
        match handout::make(&sources, &dirs, &place, lang, args.rows, args.force) {
            Ok(()) => say(&place.name()),
            Err(e) => {
                stderr::tell(format_args!("threadtap: {e}"));
                status = DID_NOT_HOLD;
            }
        }
    }
    if let Some(opener) = opener {
        // That of all; else, of several runs, the first one's.
        let run = sources
            .iter()
            .position(|(_, kept)| matches!(kept, Kept::Run(_)));
        let run = run.filter(|run| page(&named[*run]).is_file());
        let which = if of_all { Some(named.len()) } else { run };
        opener.open(which);
        if which.is_none() {
            stderr::tell("threadtap: there is no page to open: none of these is a run with one");
            status = DID_NOT_HOLD;
        }
    }
    Ok(status)
}

/// The page of a run's folder.
fn page(dir: &Path) -> PathBuf {
    dir.join(Evidence::Html.file())
}

/// Those of the folders, and the one of all.
fn pages(dirs: &[PathBuf], place: &Place) -> Vec<PathBuf> {
    let of_all = place.page().path();
    dirs.iter().map(|dir| page(dir)).chain([of_all]).collect()
}

/// Makes the page of all, and says whether it is there.
fn beside(
    sources: &[(Folder, Kept)],
    dirs: &[(PathBuf, SavedDir)],
    place: &Place,
    lang: Lang,
    args: &ReportArgs,
) -> bool {
    match several::make(sources, dirs, place, lang, args.force) {
        Ok(several::Made::Whole) => {
            say(&place.name());
            return true;
        }
        Ok(several::Made::InTheWay) => stderr::tell(format_args!(
            "threadtap: the page of all was not made: {} is the page of a run; choose another place with --out",
            place.name()
        )),
        Err(e) => stderr::tell(format_args!("threadtap: {e}")),
    }
    false
}

/// The folders, each once, whatever it is called.
fn once(dirs: &[PathBuf]) -> Vec<PathBuf> {
    let mut seen = HashSet::new();
    let is_new =
        |dir: &&PathBuf| seen.insert(dir.canonicalize().unwrap_or_else(|_| (*dir).clone()));
    dirs.iter().filter(is_new).cloned().collect()
}

/// Makes these files of a run. `by_name`: they were asked for, one by one.
fn of_run(
    files: &[Evidence],
    lang: Lang,
    folder: &Folder,
    saved: &Saved,
    dir: &SavedDir,
    by_name: bool,
) -> u8 {
    saved.tell_notes(folder);
    let mut status = if saved.whole { OK } else { DID_NOT_HOLD };
    for file in files {
        match make(*file, lang, folder, saved, dir) {
            Ok(Made::Whole) => printed(folder, *file),
            Ok(Made::UpTo(damage)) => {
                printed(folder, *file);
                tell(folder, &damage);
                status = DID_NOT_HOLD;
            }
            // Only what was asked for by name has to be there.
            Ok(Made::Nothing(why)) => {
                tell(folder, &format!("{} was not made: {why}", file.file()));
                if by_name {
                    status = DID_NOT_HOLD;
                }
            }
            Err(e) => {
                stderr::tell(format_args!("threadtap: {e}"));
                status = DID_NOT_HOLD;
            }
        }
    }
    status
}

/// What became of a file.
pub(super) enum Made {
    /// All of it.
    Whole,
    /// It was made of what could be read.
    UpTo(String),
    /// There is nothing to make it of.
    Nothing(String),
}

fn make(
    file: Evidence,
    lang: Lang,
    folder: &Folder,
    saved: &Saved,
    dir: &SavedDir,
) -> anyhow::Result<Made> {
    let view = saved.view();
    let write: &dyn Fn(&mut dyn Write) -> io::Result<()> = match file {
        Evidence::Md => return Ok(Made::Nothing("it is made of all folders".to_owned())),
        Evidence::Pcapng => return annotated(folder, saved, dir),
        Evidence::Html => &|mut out| write_html(view, lang, &saved.notes, &mut out),
        Evidence::Pftrace => &|out| write_pftrace(view, out),
        Evidence::TraceJson => &|out| write_trace_json(view, out),
        Evidence::Csv => &|mut out| write_run(view, Format::Csv, Style::default(), &mut out),
    };
    dir.write(file.file(), &mut |out| write(out))?;
    Ok(Made::Whole)
}

/// The capture with notes on the frames.
pub(super) fn annotated(folder: &Folder, saved: &Saved, dir: &SavedDir) -> anyhow::Result<Made> {
    // Of a run that was killed the record has no totals, but its capture may be there.
    if saved.run.capture.is_none() && saved.whole {
        return Ok(Made::Nothing(
            "the run was made without a capture".to_owned(),
        ));
    }
    let told = saved.run.capture.as_ref().map(|c| c.files.as_slice());
    let capture = Capture::find(folder, told.unwrap_or_default())?;
    if !capture.is_there(folder)? {
        return Ok(Made::Nothing(format!("there is no {}", capture.name())));
    }
    let Ok(target) = saved.run.plan.target.parse::<SocketAddr>() else {
        return Ok(Made::Nothing(
            "the server's address is not known".to_owned(),
        ));
    };
    let mut reader = capture.open(folder)?;
    let mut damage = None;
    dir.write(Evidence::Pcapng.file(), &mut |mut out| {
        damage = write_annotated(saved.view(), target.port(), &mut reader, &mut out)?;
        Ok(())
    })?;
    Ok(damage.map_or(Made::Whole, |d| {
        Made::UpTo(format!(
            "{}: {d}; everything before it is in {}",
            capture.name(),
            Evidence::Pcapng.file()
        ))
    }))
}

/// Names a file that was made, on standard output.
fn printed(folder: &Folder, file: Evidence) {
    say(&format!("{}/{}", folder.name(), file.file()));
}

fn say(file: &str) {
    // A reader that has gone misses nothing that is not in the folder.
    let _ = writeln!(io::stdout().lock(), "{file}");
}
