//! Where a measurement was made.

use std::process::Command;

/// Processor, cores, kernel, C library and compiler, in one line.
pub(crate) fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = first_line(&read("/proc/sys/kernel/osrelease")).split('-').next().unwrap_or_default().to_owned();
    let (library, compiler) = (said_by("getconf", "GNU_LIBC_VERSION"), said_by("rustc", "--version"));
    format!("{}, {cores} cores, Linux {kernel}, {library}, {compiler}", processor())
}

fn processor() -> String {
    let text = read("/proc/cpuinfo");
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown processor", |(_, name)| name).to_owned()
}

fn said_by(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    output.map_or_else(|_| format!("unknown {program}"), |output| first_line(&String::from_utf8_lossy(&output.stdout)))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
