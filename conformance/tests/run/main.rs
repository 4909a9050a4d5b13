//! The suite as a program: reports, filters, exit codes, and plugins that are wrong on purpose.

#![cfg(unix)]

mod command;
mod report;
mod wrong;
