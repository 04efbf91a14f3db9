//! Words of the model in Indonesian. The English ones stand beside what they tell of.

use crate::model::{Incomplete, Outcome};

/// What became of a request.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Valid => "jawaban yang sah datang",
        Outcome::NotAttempted => "belum dimulai ketika klien berakhir",
        Outcome::NotSeen => "tidak ada yang terlihat di jaringan",
        Outcome::Abandoned => "sudah dimulai, tetapi klien berakhir sebelum membaca jawaban",
        Outcome::Refused => "koneksi ditolak",
        Outcome::Reset => "koneksi di-reset oleh server",
        Outcome::Closed => "koneksi ditutup sebelum jawaban datang",
        Outcome::Timeout => "tidak ada koneksi atau jawaban selama klien menunggu",
        Outcome::BadAnswer => "jawabannya bukan JAM hh:mm:ss",
        Outcome::NoThread => "sistem menolak membuat thread (EAGAIN)",
        Outcome::NoProcess => "sistem menolak membuat proses (EAGAIN atau ENOMEM)",
        Outcome::ReserveKept => {
            "thread atau prosesnya tidak dimulai, agar program lain punya ruang"
        }
        Outcome::NoDescriptor => "sistem menolak membuat file descriptor (EMFILE atau ENFILE)",
        Outcome::NoPort => "tidak ada lagi port sementara (EADDRNOTAVAIL)",
        Outcome::Unreachable => "server tidak dapat dijangkau",
        Outcome::Other => "kesalahan sistem yang lain",
    }
}

/// Why a figure is not known exactly.
pub(super) const fn incomplete(reason: Incomplete) -> &'static str {
    match reason {
        Incomplete::AnswerCut => "sebuah jawaban terpotong oleh snapshot length",
        Incomplete::MoreAnswersCut => {
            "mungkin ada jawaban lain yang terpotong oleh snapshot length"
        }
        Incomplete::MoreRequestsCut => {
            "mungkin ada request lain yang terpotong oleh snapshot length"
        }
        Incomplete::FirstBytesCut => {
            "byte pertama klien, yang menunjukkan bahwa protokolnya TIME, terpotong oleh snapshot length"
        }
        Incomplete::AnswersLost => "frame dengan jawaban tidak ada dalam tangkapan",
        Incomplete::RequestsLost => "frame dengan request tidak ada dalam tangkapan",
        Incomplete::FirstBytesLost => {
            "frame dengan byte pertama klien, yang menunjukkan bahwa protokolnya TIME, tidak ada dalam tangkapan"
        }
        Incomplete::DisorderBound => {
            "segmen datang terlalu jauh dari urutannya untuk dapat diurutkan"
        }
        Incomplete::ExchangesBound => "pertukarannya lebih banyak daripada yang disimpan",
        Incomplete::HolesBound => "celah di dalam stream lebih banyak daripada yang diikuti",
        Incomplete::Evicted => "dilaporkan ketika masih terbuka, karena flow terlalu banyak",
    }
}
