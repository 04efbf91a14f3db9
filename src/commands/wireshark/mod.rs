//! `threadtap wireshark`.

mod files;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::files::{PLUGIN, PLUGIN_NAME, Personal, columns};
use super::browser;
use super::output::printed;
use super::report::{Made, annotated};
use super::saved::{Folder, Saved, tell};
use crate::cli::WiresharkArgs;
use crate::report::Evidence;
use crate::session::run::SavedDir;
use crate::sys::process::stderr;
use crate::text::command::as_word;

/// Opens a run, or installs what Wireshark needs.
pub fn wireshark(args: &WiresharkArgs) -> anyhow::Result<u8> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let config = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let personal = Personal::find(home, config);
    let Some(dir) = &args.dir else {
        let done = personal?.install()?;
        return Ok(printed(writeln!(
            io::stdout().lock(),
            "{}",
            done.join("\n")
        )));
    };
    let installed = personal.is_ok_and(|p| p.is_installed());
    let arguments = prepare(dir, installed)?;
    let why = if args.print {
        None
    } else if !browser::display() {
        Some("there is no display".to_owned())
    } else {
        // Returns only where it could not be executed.
        let error = Command::new("wireshark").args(&arguments).exec();
        Some(match error.kind() {
            io::ErrorKind::NotFound => "Wireshark is not installed here".to_owned(),
            _ => format!("wireshark could not be started: {error}"),
        })
    };
    if let Some(why) = why {
        stderr::tell(format_args!(
            "threadtap: {why}; the command that opens the run:"
        ));
    }
    let words = std::iter::once("wireshark".into()).chain(arguments);
    let line: Vec<String> = words
        .map(|w: OsString| as_word(&w.to_string_lossy()))
        .collect();
    Ok(printed(writeln!(io::stdout().lock(), "{}", line.join(" "))))
}

/// Makes what is opened, and gives the arguments that open it.
fn prepare(dir: &Path, installed: bool) -> anyhow::Result<Vec<OsString>> {
    let folder = Folder::open(dir)?;
    let saved = Saved::read(&folder)?;
    saved.tell_notes(&folder);
    let made = SavedDir::open(dir)?;
    match annotated(&folder, &saved, &made)? {
        Made::Whole => {}
        Made::UpTo(damage) => tell(&folder, &damage),
        Made::Nothing(why) => anyhow::bail!("there is nothing to open: {why}"),
    }
    let mut arguments: Vec<OsString> = Vec::new();
    if installed {
        arguments.extend(["-C".into(), "threadtap".into()]);
    } else {
        made.write(PLUGIN_NAME, &mut |out| out.write_all(PLUGIN.as_bytes()))?;
        let mut script = OsString::from("lua_script:");
        script.push(dir.join(PLUGIN_NAME));
        arguments.extend(["-X".into(), script, "-o".into(), columns().into()]);
    }
    if let Some(port) = other_port(&saved) {
        arguments.extend(["-d".into(), format!("tcp.port=={port},time_lab").into()]);
    }
    arguments.extend(["-r".into(), dir.join(Evidence::Pcapng.file()).into()]);
    Ok(arguments)
}

/// The port of a server that talked TIME on another one than the lab's.
fn other_port(saved: &Saved) -> Option<u16> {
    let target: std::net::SocketAddr = saved.run.plan.target.parse().ok()?;
    let mut exchanges = saved.flows.iter().flat_map(|f| &f.exchanges);
    let time = exchanges.any(|e| e.valid.is_some());
    (time && target.port() != 45000).then_some(target.port())
}
