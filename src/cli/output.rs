//! Writing to the terminal.

use std::io::{self, IsTerminal, Write};

/// Writes to standard output; a closed pipe comes back as an error.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Whether standard output is a terminal and nobody asked for no colour (`NO_COLOR`).
pub fn wants_colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// The error and its causes, on standard error.
pub fn report_error(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    // Nothing can be done when even standard error is closed.
    let _ = writeln!(io::stderr(), "error: {}", causes.join(": "));
}
