//! The page in Indonesian.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate.
pub(super) const TEXTS: Texts = Texts {
    cpus: ["CPU", "CPU"],
    yes: "ya", no: "tidak", to_do: "lakukan", interfaces: "antarmuka", limits: "batas",
    unlimited: "tidak terbatas atau tidak diketahui", none: "tidak ada",
    ready: "Semua yang diperlukan `threadtap run` ada di sini.",
    missing: "Ada yang diperlukan `threadtap run` dan tidak ada di sini: lihat \"lakukan\" di atas.",
    root: "root", ordinary_user: "pengguna biasa",
    no_libpcap: "libpcap yang versinya tidak diketahui",
    no_tshark: "tanpa tshark",
    memory: ", memori {bytes}",
    tool_on: "{tool} sebagai {user} di {kernel} ({architecture}){system}",
};
