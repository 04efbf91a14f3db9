//! The arguments of `threadtap wireshark`.

use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Makes capture.pcapng in the folder, as `threadtap report --only pcapng` does, and opens it with
the columns worker, client thread and serving thread, and with a dissector for the TIME protocol.
Where there is no display or no Wireshark, the command that opens it is printed.

Exit status: that of wireshark; 2 if it could not begin.

Examples:
  threadtap wireshark my-run                  open a run in Wireshark
  threadtap wireshark --print my-run          print the command instead
  threadtap wireshark --install               put the dissector and the profile \"threadtap\" into
                                              your own Wireshark folders
  tshark -C threadtap -r my-run/capture.pcapng -Y 'threadtap.worker == 17'
                                              when they are installed: one worker's frames";

/// `threadtap wireshark`: a saved run in Wireshark.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct WiresharkArgs {
    /// Folder of the run
    #[arg(
        value_name = "RUN_DIR",
        required_unless_present = "install",
        conflicts_with = "install"
    )]
    pub dir: Option<PathBuf>,
    /// Print the command that opens it, and do not run it
    #[arg(long, conflicts_with = "install")]
    pub print: bool,
    /// Put the dissector and the profile into your own Wireshark folders
    #[arg(long)]
    pub install: bool,
}
