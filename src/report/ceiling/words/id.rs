//! Ceilings in Indonesian.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate; words of one kind beside each other.
pub(super) const TEXTS: Texts = Texts {
    threads: "thread", processes: "proses", connections: "koneksi",
    there_can_be: "yang mungkin",
    title: "Jumlah maksimum {kinds} di sini",
    list: "{first} dan {last}",
    no_reserve_told: "tanpa cadangan",
    at_most: " · paling banyak {n}",
    isolated: "dalam jaringan miliknya sendiri",
    reserve: "cadangan: {percent}% dari memori yang bebas dan dari batas seluruh sistem yang bebas",

    ceilings: "Jumlah maksimum", no_reserve: "tanpa cadangan", predicted: "perkiraan",
    reached: "tercapai", stopped_by: "dihentikan oleh", time: "waktu", left: "tersisa",
    columns_mean: "tanpa cadangan: yang diizinkan batas; perkiraan: itu dikurangi cadangan; waktu: untuk membuatnya; tersisa: masih ada sesudahnya",
    out_of_memory: "kehabisan memori", killed: "dimatikan", interrupted: "diinterupsi",
    by_reserve: "cadangan", refused: "ditolak",

    reached_first: "Batas yang lebih dulu tercapai",
    unknown: "tidak diketahui",
    not_known: "tidak diketahui",
    no_limit: "tidak ada batas yang dapat dibaca di sini",
    probably: "mungkin ",
    at_least: "sekurang-kurangnya ",
    binds: "{limit} bernilai {value}",
    used: " ({amount} terpakai sebelum pencarian)",
    of_group: " dari {path}",
    raise: ". Untuk menaikkannya: {command}",
    raise_or: ". Untuk menaikkannya: {command} (atau {advice})",
    only: ". Tidak ada perintah yang menaikkannya; {advice}",

    limits_of_threads: "Batas untuk thread", limits_of_processes: "Batas untuk proses",
    limits_of_connections: "Batas untuk koneksi", limit: "batas", value: "nilai",
    in_use: "terpakai", each: "tiap satu", allows: "mengizinkan", applies_to: "berlaku bagi",
    the_process: "proses itu", the_client: "klien", the_server: "server",
    the_user: "pengguna", the_cgroup: "cgroup", the_address: "alamat",
    the_system: "sistem",
    stack_size: "Ukuran stack: {bytes}.",
    columns_of_limits: "Kolom: tiap satu = yang dipakai satu lagi, mengizinkan = berapa lagi yang muat.",
    dash_means: "— berarti tidak ada batas, atau tidak dapat dibaca di sini.",
    empty_groups: "Cgroup tanpa batas tidak ditampilkan.",
    estimate_means: "≈ menandai perkiraan.",
};
