//! What one start of the credential provider costs, measured on the whole process.
//!
//! ```text
//! Subject ──▶ start ──▶ Cost          wall, processor, memory: many starts in turns
//!        └──▶ tool  ──▶ a count       instructions (callgrind), system calls (strace)
//! ```
//!
//! # Layout
//!
//! - `command_line`: the arguments.
//! - `programs`: builds what is measured, and where it lies.
//! - `site`: the mocks, in processes of their own.
//! - `subject`: the programs that are started, with what they are given and must answer.
//! - `start`: one start and its cost.
//! - `rounds`: all subjects in turns, so that a ratio compares neighbours in time.
//! - `series`: the least, the median and the 95th percentile.
//! - `tool`: the counting tools, and what is said where one is missing.
//! - `pull`: the report. `telemetry`: the same of what a trace adds. `budget`: the gate. `table`: Markdown. `machine`: where it was measured.
//!
//! # Why
//!
//! - **Why is there no absolute time in the gate?** It changes with the machine and its load. Counts and ratios do not.
//! - **Why are the mocks other processes?** Their work would count as the provider's, and the mocks' memory would be the
//!   floor of every child's: a process starts with the peak of the one that started it.

mod budget;
mod command_line;
mod machine;
mod programs;
mod pull;
mod rounds;
mod series;
mod site;
mod start;
mod subject;
mod table;
mod telemetry;
mod tool;

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use command_line::Command;
use programs::Programs;
use tool::Tools;

/// Why there is no measurement.
type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| {
        let _ = writeln!(io::stderr(), "error: {failure}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Failure> {
    let out = &mut io::stdout();
    let own = std::env::current_exe()?;
    let (cargo, tools) = (variable("CARGO").map(PathBuf::from), Tools::on_path(&variable("PATH").unwrap_or_default()));
    match Command::parse(std::env::args_os().skip(1))? {
        Command::Print(text) => out.write_all(text.as_bytes())?,
        Command::Pull { profile, plan } => {
            let programs = Programs::of(&own, cargo.as_deref(), profile)?;
            let without_sdk = programs.without_sdk(cargo.as_deref())?;
            pull::report(&programs, &without_sdk, plan, &tools, out)?;
        }
        Command::Telemetry { profile, plan } => {
            telemetry::report(&Programs::of(&own, cargo.as_deref(), profile)?, plan, out)?;
        }
        Command::Budget { profile, mode } => {
            return budget::run(&Programs::of(&own, cargo.as_deref(), profile)?, mode, &tools, out);
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "main reads the environment here")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
