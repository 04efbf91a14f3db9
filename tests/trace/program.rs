//! The programs of `tests/programs`: where they are, compiled on first use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");

/// The words that start a program: a name without an ending is a C program of
/// ours, one that ends with `.py` a Python program; everything else stays.
pub fn words(line: &[&str], port: u16) -> Vec<String> {
    let (first, rest) = line.split_first().unwrap();
    let mut words = if Path::new(first).extension().is_some_and(|e| e == "py") {
        vec![python().to_owned(), format!("{SOURCES}/{first}")]
    } else if Path::new(SOURCES).join(format!("{first}.c")).is_file() {
        vec![compiled(first).to_str().unwrap().to_owned()]
    } else {
        vec![(*first).to_owned()]
    };
    words.extend(rest.iter().map(|word| (*word).to_owned()));
    for word in &mut words {
        *word = word.replace("{port}", &port.to_string());
    }
    words
}

/// The Python interpreter itself, not a version manager's shim.
pub fn python() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let ask = "import os, sys; print(os.path.realpath(sys.executable))";
        let output = Command::new("python3").args(["-c", ask]).output().unwrap();
        assert!(output.status.success(), "python3 does not run");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

/// The C program of this name, compiled.
pub fn compiled(name: &str) -> PathBuf {
    static DONE: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = done.get(name) {
        return path.clone();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    fs::create_dir_all(&folder).unwrap();
    // Another test binary may run the file of this name at this moment.
    let fresh = folder.join(format!("{name}.{}", std::process::id()));
    // One of 32 bits, whose C library need not be there.
    let kind: &[&str] = if name.ends_with("_32") {
        &[
            "-m32",
            "-nostdlib",
            "-static",
            "-ffreestanding",
            "-fno-pie",
            "-no-pie",
        ]
    } else {
        &["-pthread"]
    };
    let output = Command::new("cc")
        .args(["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g"])
        .args(kind)
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&fresh)
        .arg(format!("{SOURCES}/{name}.c"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}.c: {said}");
    let path = folder.join(name);
    fs::rename(&fresh, &path).unwrap();
    done.insert(name.to_owned(), path.clone());
    path
}
