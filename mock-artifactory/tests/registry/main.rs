//! The registry, asked as clients ask it: every yes has its no.
#![expect(clippy::unwrap_used, reason = "a step that fails ends its test")]

mod blob;
mod challenge;
mod cloud;
mod layout;
mod network;
mod permission;
mod pull;
mod server;
mod tags;
mod token;
