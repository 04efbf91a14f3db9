//! Tables in Indonesian.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate; words of one kind beside each other.
pub(super) const TEXTS: Texts = Texts {
    cpus: ["CPU", "CPU"], requests: ["request", "request"], frames: ["frame", "frame"],
    flows: ["flow", "flow"], workers: ["worker", "worker"],
    threads: ["thread", "thread"], helper_processes: ["proses pembantu", "proses pembantu"],
    other_processes: ["proses lain", "proses lain"], tracer_stops: ["kali dihentikan pelacak", "kali dihentikan pelacak"],
    captures: ["tangkapan", "tangkapan"],

    // Headings.
    interactions: "Interaksi", census: "Cacah", requests_heading: "Request",
    connections_heading: "Koneksi", failures: "Kegagalan", latency: "Latensi", programs: "Program",
    observation: "Pengamatan", findings: "Temuan", flows_heading: "Flow", summary: "Ringkasan",
    not_read: "Tidak terbaca seluruhnya", segments: "Segmen",

    // Columns and rows.
    client: "klien", frame: "frame", flows_label: "flow", server: "server", client_tid: "tid klien", server_tid: "tid server",
    handshake: "handshake", answer: "jawaban", response: "respons (dari jadwal)",
    service: "layanan (dari mulai)", start_delay: "terlambat mulai", time: "waktu", closed: "ditutup", frames_column: "frame",
    history: "riwayat", flow: "flow", worker: "worker", worker_time: "waktu worker", before: "sebelum",
    peak: "puncak", after: "sesudah", created: "dibuat", counted: "cara menghitung",
    client_threads: "thread klien", client_processes: "proses klien",
    server_threads: "thread server", server_processes: "proses server",
    system_threads: "thread sistem", system_processes: "proses sistem", submitted: "diserahkan",
    attempted: "dicoba", on_wire: "di jaringan", handshakes: "handshake", answered: "dijawab",
    valid: "sah", failed: "gagal", unknown: "tidak diketahui", requests_column: "request",
    reason: "alasan", what_it_means: "artinya", min: "min", max: "maks", number: "jumlah",
    established: "terbentuk", refused: "ditolak", neither: "bukan keduanya", reset: "di-reset",
    without_request: "tanpa request", exchanges: "pertukaran", unanswered: "tidak dijawab",
    file: "file", state: "status", payload: "data", bytes_column: "byte", slowest: "terlama",
    retransmissions: "kirim ulang", duration: "lama", note_column: "catatan", since: "selang",
    direction: "klien server", flags: "flag", length: "len", window: "window", payload_text: "data",

    // Cells.
    none: "tidak ada", bad: "tidak sah", answered_cell: "dijawab", valid_cell: "sah", closed_fin: "fin",
    closed_rst: "rst", closed_open: "terbuka", still_open: "masih terbuka", error: "kesalahan", warning: "peringatan",
    note: "catatan",

    // Labels.
    capture: "tangkapan", the_tracer: "pelacak", the_kernel_programs: "pengamat (eBPF)", owners: "pemilik", cost: "biaya", closes: "ditutup",
    segments_label: "segmen", states: "status", skipped: "dilewati", filter: "filter",
    evicted: "dilepas awal", not_exact: "tidak tepat", damaged: "rusak",

    // What stands below a table.
    no_requests: "tidak ada request yang terlihat",
    no_tcp_flows: "tidak ada flow TCP",
    answers_not_judged: "isi jawaban tidak dinilai: pesan kesalahan pun sebuah jawaban",
    not_all_answers: "jawaban: tidak dari semua pertukaran",
    census_columns: "sebelum: ketika sisi itu siap (program Anda sendiri: saat dimulai); puncak: jumlah tertinggi pada suatu saat; sesudah: ketika pekerjaan selesai (program Anda sendiri: ketika proses pertamanya berakhir); dibuat: yang muncul sesudah yang pertama",
    instrumented: "program itu sendiri melaporkan setiap thread dan proses",
    traced: "kernel melaporkan setiap thread dan proses",
    sampled: "/proc dibaca tiap 2 sampai 10 ms (watch: paling lama 50 ms), dan yang berumur lebih pendek dapat terlewat",

    // What was done.
    a_client: "sebuah klien",
    who_connects: "semua yang terhubung",
    some_requests: "request",
    no_server: "tidak ada server yang mendengarkan",
    gate: ", semuanya dilepas bersamaan",
    no_join: ", tanpa join",
    embedded: "server bawaan",
    started_server: "server yang dijalankan dengan perintah",
    existing_server: "server yang sudah berjalan",
    isolated: "dalam jaringan milik run ini",
    client_thread: "{requests}, satu thread untuk tiap request",
    client_process: "{requests}, satu proses untuk tiap request",
    client_async: "{requests} oleh satu event loop",
    client_iterative: "{requests}, satu demi satu",
    client_pool: "{requests} oleh sebuah pool thread",
    client_pool_of: "{requests} oleh pool dengan {threads}",
    at_rate: ", {rate} per detik",
    in_flight: ", paling banyak {n} sekaligus",
    server_of: "server: {command}",

    // How a program is built, and how it ended.
    thread_each: "satu thread untuk tiap koneksi", process_each: "satu proses untuk tiap koneksi",
    a_pool: "sebuah pool", one_for_several: "satu thread, beberapa koneksi sekaligus",
    one_after_another: "koneksi demi koneksi",
    pool_of: "sebuah pool dengan {n} worker",
    exit_status: "status keluar {code}",
    ended_by: "diakhiri oleh {signal}",
    when_asked: " ketika diminta berakhir",
    running: "masih berjalan",
    without_connections: "tanpa koneksi",
    of_unknown_use: "yang tidak diketahui apakah memakai koneksi",
    beside: "{processes} {what}: {names}",
    code: "KODE",
    explained: "Artinya: {command}",

    // How it was watched.
    killed_capture: "jumlahnya tidak diketahui: run ini dimatikan sebelum menuliskannya",
    noted_instead: "tidak ada: waktu dan jawaban dicatat oleh klien sendiri (instrumented); handshake: sampai connect(2) berhasil",
    calls_instead: "tidak ada: waktu dan jawaban berasal dari system call klien (traced); handshake: sampai klien tahu bahwa ia terhubung; jawaban: dari mengirim sampai menerima, termasuk jeda oleh pelacak",
    no_capture: "tidak ada: angka yang memerlukan tangkapan tidak diukur",
    drained: "semua flow ditutup",
    timeout_no_flow: "tidak ada flow sampai waktu tunggu (--linger) habis",
    timeout: "ada flow yang masih terbuka ketika waktu tunggu (--linger) habis",
    interrupted: "dihentikan",
    left: "sampai pengamatan berakhir",
    fault: "berakhir karena kesalahan",
    captured: "{frames} ({bytes}) di {interface}; {drops}; {end}",
    no_drops: "tidak ada frame yang hilang",
    drops_unknown: "tidak diketahui apakah ada frame yang hilang",
    dropped: "frame yang hilang: {kernel} oleh kernel, {interface} oleh antarmuka",
    lost: "FRAME HILANG: {kernel} oleh kernel, {interface} oleh antarmuka",
    unknown_number: "tidak diketahui berapa",
    no_flow: "tidak ada flow yang tertangkap",
    not_known: "tidak diketahui",
    known_for_all: "diketahui untuk semua",
    known_for: "diketahui untuk {n}",
    a_thread: "thread",
    accepting_thread: "thread penerima",
    owned: "{flows}; worker klien {client}, {thread} server {server}",
    cpu: "{who} {time} CPU",
    cpu_share: "{who} {time} CPU, {share} dari waktu klien",
    client_ran: "klien berjalan {time}",

    // Below the tables of interactions and of flows.
    accept_and_serve: "{accept}→{serve}: thread {accept} menerima koneksi, thread {serve} melayaninya",
    only_accept: "{accept}→?: thread {accept} menerima koneksi; thread mana yang melayaninya tidak terlihat",
    only_serve: "?→{serve}: thread {serve} melayani koneksi; thread mana yang menerimanya tidak terlihat",
    all_in: "{what}: semuanya ada di {file}",
    more_in: "… dan {n} lagi: semuanya ada di {file}",
    more_than_kept: "… dan {n} lagi: flows.jsonl memuat {kept} dari {seen} (--flows {rule}), semuanya ada di file tangkapan",
    more_rows: "… dan {n} lagi: naikkan --rows untuk melihatnya",
    more_flows: "… dan {n} lagi: --rows 0 menunjukkan semua flow, --format jsonl atau csv semua kolom",

    // What is wrong on a flow.
    no_reply: "SYN tidak dijawab",
    reply_not_seen: "jawaban atas SYN tidak ada dalam tangkapan",
    flow_refused: "koneksi ditolak",
    reset_by_client: "di-reset oleh klien, tidak ada request yang terlihat",
    reset_by_server: "di-reset oleh server, tidak ada request yang terlihat",
    no_answer: "tidak dijawab",
    not_valid: "jawabannya tidak sah",
    syn_sent: "SYN dikirim {n} kali",
    request_of: "request {at} dari {all}: {problem}",

    // Why a figure is not known exactly.
    f_requests: "request", f_answered: "dijawab", f_valid: "sah", f_invalid: "tidak sah",
    f_latency: "waktu sampai jawaban",
    reason_of: "{figures}: {reason} ({flows})",

    // Captures.
    s_unsupported_link: "link type tidak didukung", s_not_ip: "bukan IP", s_not_tcp: "bukan TCP",
    s_later_fragment: "fragmen lanjutan", s_tunnel: "dalam tunnel", s_encrypted: "terenkripsi",
    s_truncated: "terpotong", s_malformed: "header tidak sah",
    nothing: "tidak ada",
    as_one_timeline: ", sebagai satu garis waktu",
    look_into_tunnels: "; --tunnels melihat ke dalam tunnel",
    frames_of: "{n} dari {frames} ({bytes})",
    frames_read: "{frames} ({bytes})",
    whole_handshakes: "{flows}; {n} dengan handshake lengkap",
    segments_of: "{n}: {again} dikirim ulang, {disorder} tidak berurutan, {acks} ACK ganda, {windows} window nol, {syn} pengiriman ulang SYN",
    at_least: "sekurang-kurangnya {n}",
    exchanges_of: "{requests}: {answered} dijawab; protokol TIME: {valid} sah, {invalid} tidak sah atau tanpa jawaban",
    link_type: "; link type {number}{name}: {frames}",
    only_matching: "hanya flow dengan frame yang cocok: {filter}",
    evicted_early: "{flows} dilaporkan ketika masih terbuka, karena flow lebih banyak daripada --max-flows: sebuah flow mungkin dilaporkan dalam beberapa bagian",

    // One flow.
    flow_title: "Flow {flow}: {client} → {server}",
    closed_by: "ditutup dengan {how}",
    flow_took: "{frames} dalam {time}",
    more_segments: "… dan {n} segmen lagi",
};
