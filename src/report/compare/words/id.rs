//! Comparisons in Indonesian.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate; words of one kind beside each other.
pub(super) const TEXTS: Texts = Texts {
    requests: ["request", "request"], rows: ["baris", "baris"], runs: ["run", "run"],
    warmups: ["run pemanasan", "run pemanasan"],

    duration: "Lama", tasks: "Thread dan proses", wire: "Di jaringan", cost: "Biaya",
    differences: "Perbedaan", growth: "Pertumbuhan", over_time: "Jumlah thread dari waktu ke waktu",

    median: "median", min: "min", max: "maks", times_fastest: "× tercepat", runs_column: "run",
    client_threads: "thread k", client_processes: "proses k", server_threads: "thread s",
    server_processes: "proses s", system: "sistem", open: "terbuka", handshake_p50: "hs p50",
    handshake_p99: "hs p99", answer_p50: "jwb p50", answer_p95: "jwb p95", answer_p99: "jwb p99",
    again: "SYN ulang", failed: "gagal", client_cpu: "CPU klien", server_cpu: "CPU server",
    client_memory: "memori k, terbesar", server_memory: "memori s, terbesar", takes: "memerlukan",
    the_time_of: "waktu dari", p: "p (Holm)", duration_column: "lama",
    short_client_cpu: "CPU k", short_server_cpu: "CPU s", short_client_memory: "memori k, terbesar",
    short_server_memory: "memori s, terbesar", client: "klien", server: "server",

    significant: "signifikan", not_significant: "tidak signifikan",
    mark_means: "! tidak lengkap: ada request yang gagal atau tidak dibuat, sehingga baris ini tidak diperingkat dan tidak dibandingkan",

    isolated: "setiap run dalam jaringan miliknya sendiri",

    some_requests: "{numbers} request",
    title: "{rows} dibandingkan: {requests}, masing-masing {runs}",
    after_warmup: " sesudah masing-masing {runs}",
    of_runs: "{made} dari {wanted} run",
    embedded: "server bawaan ({models})",
    server_of: "server {name}: `{command}`",
    options: "opsi setiap run: {options}",

    whole_time: "dari saat klien dimulai (exec) sampai berakhir",
    medians: "median dari semua run; memori adalah milik proses yang terbesar",
    middle_run: "run dengan lama median",
    middle_run_of_even: "run dengan lama median (yang lebih cepat dari dua run di tengah)",
    growth_means: "menjadi berapa kali tiap angka bila request menjadi sepuluh kali: × 10 tumbuh sebanding dengan n, × 1 tidak tumbuh (pangkat dari n yang paling cocok); k: klien, s: server; terbuka: flow yang terbuka pada saat yang sama; jwb: jawaban; memori: milik proses yang terbesar",
    counts_of: "sebelum → puncak → sesudah, dari {run}; k: klien, s: server, sistem: thread seluruh sistem",
    ranges: "; rentang puncak dari semua run: {list}",
    open_of: "terbuka: flow terbanyak pada saat yang sama (median dari semua run); hs: handshake, jwb: jawaban, dari {run}; SYN ulang: pengiriman ulang SYN, dan request yang gagal: jumlah dari semua run",
    not_the_sum: ", bukan jumlah semua proses: {list}",
    had: "{name} mempunyai {sides}",
    client_processes_at_once: "{n} proses klien pada saat yang sama",
    server_processes_at_once: "{n} proses server pada saat yang sama",
    both: "{one} dan {other}",
    tested: "{test}, atas lamanya; signifikan (real di compare.json) berarti p < {p}",
    not_tested: "Tidak dibandingkan, karena ada request yang gagal atau tidak dibuat: {rows}.",
    too_few: "Dengan masing-masing {runs} tidak ada perbedaan yang dapat signifikan, sebesar apa pun: pakai --repeat {n} atau lebih.",
    none_of: "Dari {pairs} pasangan tidak satu pun berbeda secara signifikan.",
    all_of: "Semua {pairs} pasangan berbeda secara signifikan.",
    one_of: "1 dari {pairs} pasangan berbeda secara signifikan; tanpa perbedaan signifikan: {same}.",
    some_of: "{n} dari {pairs} pasangan berbeda secara signifikan; tanpa perbedaan signifikan: {same}.",
    chart_of: "dari {run}; sumbu kedua grafik sama; skala thread logaritmik",
    first_of: "{n} baris pertama dari {all}, {rest}",
    of_server: ", server {server}",
};
