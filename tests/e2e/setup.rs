//! `.ci/setup build` for who is not root, on systems that are not this one: programs of
//! the test's own stand for cc(1) and the package manager.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;

use super::common::need::Need::{Root, Tool};
use super::common::{Lab, Ran};
use crate::require;

/// Nobody else is that.
const USER: u32 = 61_982;

/// What the script needs of a system, beside what is made for the test.
const TOOLS: [&str; 18] = [
    "sh", "sed", "grep", "mkdir", "mktemp", "rm", "cp", "ln", "mv", "find", "id", "head", "sort",
    "dirname", "cat", "tar", "touch", "setpriv",
];

/// Links with libpcap only where somebody has put it.
const CC: &str = r#"#!/bin/sh
for word; do
    case $word in
    -L*) [ ! -f "${word#-L}/libpcap.so" ] || found=1 ;;
    -lpcap) [ -n "$found" ] || exit 1 ;;
    esac
done
exit 0
"#;

const CARGO: &str = r#"#!/bin/sh
case $1 in
--version) echo "cargo 1.99.0 (test)" ;;
metadata) echo "{\"target_directory\":\"$HERE/target\"}" ;;
esac
"#;

/// As dnf-download(8): what was asked for, and what it needs.
const DNF: &str = r#"#!/bin/sh
echo "dnf $*" >> "$HERE/asked"
[ ! -f "$HERE/offline" ] || { echo 'Error: Failed to download metadata' >&2; exit 1; }
while [ $# -gt 0 ]; do
    [ "$1" != --destdir ] || folder=$2
    shift
done
for name in libpcap libibverbs; do
    root=$(mktemp -d)
    mkdir -p "$root/usr/lib64"
    touch "$root/usr/lib64/$name.so.1.2.3"
    ln -s "$name.so.1.2.3" "$root/usr/lib64/$name.so.1"
    (cd "$root" && tar -c usr) > "$folder/$name-1.2.3-4.fc99.x86_64.rpm"
    rm -r "$root"
done
"#;

/// A system on which only these programs are.
fn system(programs: &[(&str, &str)]) -> Lab {
    let lab = Lab::new();
    let bin = lab.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for tool in TOOLS {
        let found = Command::new("sh")
            .args(["-c", "command -v \"$0\"", tool])
            .output();
        let found = String::from_utf8(found.unwrap().stdout).unwrap();
        symlink(found.trim(), bin.join(tool)).unwrap();
    }
    for (name, text) in programs {
        fs::write(bin.join(name), text).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    chown(lab.path(), Some(USER), Some(USER)).unwrap();
    lab
}

fn setup(lab: &Lab) -> Ran {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/setup");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    // The checkout may be where this user cannot read.
    let ci = lab.path().join(".ci");
    fs::create_dir_all(&ci).unwrap();
    fs::copy(script, ci.join("setup")).unwrap();
    fs::copy(manifest, lab.path().join("Cargo.toml")).unwrap();
    let mut command = lab.command("setpriv");
    command.args([format!("--reuid={USER}"), format!("--regid={USER}")]);
    command.args(["--clear-groups", "--inh-caps=-all", "/bin/sh"]);
    command.arg(ci.join("setup")).arg("build");
    command
        .env("PATH", lab.path().join("bin"))
        .env("HERE", lab.path())
        .env("TMPDIR", lab.path())
        .env_remove("CARGO")
        .env_remove("LIBPCAP_LIBDIR");
    lab.finish(&mut command)
}

const NOTHING: &str = "#!/bin/sh\n";
/// The stand-in's packages are archives of tar(1).
const UNPACK: &str = "#!/bin/sh\ncat \"$1\"\n";
const CPIO: &str = "#!/bin/sh\nexec tar -x\n";

const FEDORA: [(&str, &str); 6] = [
    ("cc", CC),
    ("cargo", CARGO),
    ("ldconfig", NOTHING),
    ("dnf", DNF),
    ("rpm2cpio", UNPACK),
    ("cpio", CPIO),
];

/// Fedora without root: libpcap is fetched and unpacked, and nothing is installed.
#[test]
fn fedora_without_root_links_with_what_was_unpacked() {
    require!(Root, Tool("setpriv"), Tool("tar"));
    let lab = system(&FEDORA);
    let ran = setup(&lab).exits(0);
    assert!(
        ran.stderr.contains("nothing is installed"),
        "{}",
        ran.stderr
    );
    let lib = lab.path().join("target/libpcap/lib");
    let link = fs::read_link(lib.join("libpcap.so")).unwrap();
    assert!(
        link.to_str().unwrap().starts_with("libpcap.so.1"),
        "{link:?}"
    );
    for file in ["libpcap.so.1", "libibverbs.so.1"] {
        assert!(lib.join(file).is_file(), "{file}");
    }
    let asked = fs::read_to_string(lab.path().join("asked")).unwrap();
    assert_eq!(asked.lines().count(), 1, "{asked}");
    assert!(asked.starts_with("dnf -q download --resolve "), "{asked}");
    // All is there now: nothing is fetched again.
    let again = setup(&lab).exits(0);
    assert_eq!(again.stderr, "");
    let asked = fs::read_to_string(lab.path().join("asked")).unwrap();
    assert_eq!(asked.lines().count(), 1, "{asked}");
}

/// The library is there, and only the name that the linker looks for is missing.
#[test]
fn fedora_with_the_library_needs_no_download() {
    require!(Root, Tool("setpriv"));
    let mut programs = FEDORA.to_vec();
    let ldconfig = "#!/bin/sh\necho \"\tlibpcap.so.1 (libc6,x86-64) => $HERE/bin/cc\"\n";
    programs[2] = ("ldconfig", ldconfig);
    let lab = system(&programs);
    let ran = setup(&lab).exits(0);
    assert!(
        ran.stderr.contains("without its development files"),
        "{}",
        ran.stderr
    );
    assert!(!lab.path().join("asked").exists());
}

/// Without a network, or without what unpacks packages, it says whom to ask for what.
#[test]
fn fedora_without_a_network_says_what_to_ask_for() {
    require!(Root, Tool("setpriv"));
    for missing in ["network", "cpio"] {
        let programs = FEDORA.into_iter().filter(|(name, _)| *name != missing);
        let lab = system(&programs.collect::<Vec<_>>());
        if missing == "network" {
            fs::write(lab.path().join("offline"), "").unwrap();
        }
        let ran = setup(&lab).exits(1);
        let said = &ran.stderr;
        assert!(
            said.contains("ask the administrator for") && said.contains("libpcap-devel"),
            "{said}"
        );
        assert!(said.contains("no sudo here"), "{said}");
        assert!(!lab.path().join("target/libpcap").exists());
    }
}
