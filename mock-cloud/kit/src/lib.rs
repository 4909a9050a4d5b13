//! Server, journal, faults, clock and TLS that the mocks share.
//!
//! A mock is an [`axum::Router`] and a [`Kit`]; [`Server`] joins the two:
//!
//! ```text
//!              ┌────────────────────────── Server ──────────────────────────┐
//!  connection ─┤ TLS? ─▶ Journal ─▶ Faults ─▶ the mock's Router ─▶ Journal  │
//!              │            ▲          ▲             ▲                      │
//!              │            └──────────┴── Clock ────┘   all under /__mock/ │
//!              └────────────────────────────────────────────────────────────┘
//! ```
//!
//! Whatever a mock serves is recorded, can be made to misbehave and lives on a clock that tests
//! advance, without a line of it in the mock itself. Programs in other languages reach the same
//! three under `/__mock/` (see [`control`]).
//!
//! # Layout
//!
//! - [`server`]: the listener; owns the accept loop, so that a fault can reset a connection
//! - [`journal`]: what was asked, and with which status it was answered
//! - [`fault`]: how the answer misbehaves
//! - [`clock`]: the world's time: real time plus an offset
//! - [`trace`]: what a mock adds to the trace of its client
//! - [`collector`]: who is told the spans
//! - [`control`]: journal, faults and clock over HTTP
//! - [`tls`]: what a TLS server shows, and whom it lets in
//! - [`authority`]: the world's certificate authority
//! - [`proxy`]: an HTTP proxy, with the same journal and faults
//! - [`signing_key`]: RSA keys that sign JSON Web Tokens
//! - [`program`]: the ready line and the end of a mock that runs as a program
//! - `platform`: what differs between operating systems
//!
//! # Why an accept loop of its own
//!
//! A connection that is reset before an answer, or that dies within a body, cannot be expressed by
//! a router, and `axum::serve` keeps the socket to itself. Both faults are what a node meets when a
//! metadata proxy restarts, so they must be testable.

pub mod authority;
pub mod clock;
pub mod collector;
pub mod control;
pub mod fault;
pub mod journal;
mod platform;
pub mod program;
pub mod proxy;
pub mod server;
pub mod signing_key;
pub mod tls;
pub mod trace;

pub use authority::{Authority, Leaf, TlsIdentity, Validity};
pub use clock::Clock;
pub use collector::{CollectedSpan, MockCollector};
pub use fault::{Behaviour, Fault, Faults};
pub use journal::{Journal, Recorded};
pub use proxy::{MockProxy, ProxyOptions};
pub use server::{Bound, Listen, Server};
pub use signing_key::SigningKey;
pub use tls::{Clients, Handshake, Holder, TlsServer, Versions};
pub use trace::Tracing;

/// What every mock shares: one clock, one journal and one list of faults.
///
/// Clones are handles to the same three, so several servers can share a world.
#[derive(Clone, Debug, Default)]
pub struct Kit {
    /// The world's time.
    pub clock: Clock,
    /// The requests that were received.
    pub journal: Journal,
    /// The misbehaviour that is in force.
    pub faults: Faults,
    /// Where spans go; nowhere until it is told.
    pub trace: Tracing,
}

impl Kit {
    /// Makes a kit at the present, with an empty journal and no faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
