//! The suite as a program: reports, filters, exit codes, and plugins that are wrong on purpose.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends where it is not as expected")]

mod command;
mod elements;
mod page;
mod report;
mod wrong;
