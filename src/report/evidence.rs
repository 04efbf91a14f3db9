//! The files that a report makes of a run, for people and for other programs.

use strum::{Display, EnumMessage, IntoStaticStr, VariantArray};

/// One of them. What is said of each is its help text, too.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumMessage, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Evidence {
    /// The report to hand in, of all folders together: report.md.
    Md,
    /// The page for a browser: report.html.
    Html,
    /// The capture with owners written on the frames, for Wireshark: capture.pcapng.
    Pcapng,
    /// The timeline of threads and flows, for Perfetto (ui.perfetto.dev): trace.pftrace.
    Pftrace,
    /// The same timeline for Chrome's tracing page: trace.json, made only when named here.
    TraceJson,
    /// A flow a row, for a spreadsheet: flows.csv.
    Csv,
}

impl Evidence {
    /// Every one, in the order in which they are made.
    pub const ALL: &'static [Self] = <Self as VariantArray>::VARIANTS;

    /// Its file in the run's folder.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Md => "report.md",
            Self::Html => "report.html",
            Self::Pcapng => "capture.pcapng",
            Self::Pftrace => "trace.pftrace",
            Self::TraceJson => "trace.json",
            Self::Csv => "flows.csv",
        }
    }

    /// Whether it is made where none is named.
    #[must_use]
    pub const fn by_default(self) -> bool {
        // It tells what the one for Perfetto tells, in ten times the space.
        !matches!(self, Self::TraceJson)
    }
}
