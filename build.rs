//! Says in one line that libpcap is missing, before the linker does in many.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where distributions keep libraries, `*` being the machine's triplet.
const FOLDERS: [&str; 7] = [
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/opt/homebrew/lib",
    "/usr/lib/*",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBPCAP_LIBDIR");
    if env::var_os("CARGO_CFG_TARGET_OS").is_none_or(|os| os != "linux") {
        return;
    }
    if found() {
        return;
    }
    if let Some(folder) = unpacked() {
        let path = folder.display();
        println!("cargo::rerun-if-changed={path}");
        println!("cargo::rustc-link-search=native={path}");
        // Where it holds the libraries themselves, and not only a name for the linker, the
        // program looks for them there, and so does libpcap for those that it needs.
        if has_others(&folder) {
            println!("cargo::rustc-link-arg=-Wl,--disable-new-dtags,-rpath,{path}");
        }
    } else {
        println!(
            "cargo::error=libpcap's development files are missing: install libpcap-dev (Debian, Ubuntu), libpcap-devel (Fedora) or libpcap (Arch); `make setup` does it"
        );
    }
}

fn found() -> bool {
    // The environment variable is the `pcap` crate's own.
    if let Some(folder) = env::var_os("LIBPCAP_LIBDIR") {
        return has_libpcap(Path::new(&folder));
    }
    let by_pkg_config = Command::new("pkg-config")
        .args(["--exists", "libpcap"])
        .status()
        .is_ok_and(|status| status.success());
    by_pkg_config || FOLDERS.iter().any(|folder| folder_has(folder))
}

/// `target/libpcap/lib`, which `.ci/setup` makes for who is not root. `OUT_DIR` lies in
/// the folder `target`, three or four levels below.
fn unpacked() -> Option<PathBuf> {
    let out = PathBuf::from(env::var_os("OUT_DIR")?);
    let mut folders = out
        .ancestors()
        .skip(1)
        .map(|above| above.join("libpcap/lib"));
    folders.find(|folder| has_libpcap(folder))
}

fn has_others(folder: &Path) -> bool {
    folder.read_dir().is_ok_and(|mut all| {
        all.any(|entry| entry.is_ok_and(|entry| entry.file_name() != "libpcap.so"))
    })
}

fn folder_has(folder: &str) -> bool {
    match folder.strip_suffix("/*") {
        None => has_libpcap(Path::new(folder)),
        Some(parent) => Path::new(parent)
            .read_dir()
            .is_ok_and(|mut all| all.any(|e| e.is_ok_and(|e| has_libpcap(&e.path())))),
    }
}

fn has_libpcap(folder: &Path) -> bool {
    folder.join("libpcap.so").exists() || folder.join("libpcap.a").exists()
}
