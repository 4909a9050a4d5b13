//! Artifactory as a credential provider meets it: token exchanges, their administration, and a
//! registry to pull from.
//!
//! ```text
//!  ID token ────────────▶ oidc ─▶ issuer's keys ─▶ identity mapping ─┐
//!  signed GetCallerIdentity ▶ aws ─▶ STS ─▶ role ─▶ user ────────────┤
//!                                                                    ▼
//!  pull with a password or token ─▶ registry ─▶ access ◀────────── token
//!                                                 ▲                  ▲
//!  set-up script ─▶ admin ─▶ directory            └───── world ──────┘
//! ```
//!
//! Nothing is a canned reply: signatures, times, audiences, mappings and permissions hold or fail
//! for real, on the mock's own clock.
//!
//! # Layout
//!
//! - [`start`]: the running mock
//! - [`world`]: what exists at the start, from a YAML file
//! - [`state`]: the world as it is now; [`directory`] is the part that administrators change
//! - [`trust`]: the mock-cloud whose issuers, STS and certificate authority are trusted
//! - [`oidc`]: the exchange of an ID token: providers, keys, subject tokens, identity mappings
//! - [`aws`]: the exchange of a signed caller identity: STS, IAM roles
//! - [`token`]: access tokens and reference tokens, issued and revoked
//! - [`scope`], [`wildcard`]: what tokens and patterns say
//! - [`mod@jwt`] reads and verifies signatures
//! - [`access`]: who is asking, and what they may read
//! - `admin`: the REST API of administrators
//! - `system`: pings and version; `root_certificate`: the key of the tokens
//! - [`registry`]: the Docker API
//! - [`service_error`]: the three shapes of an error; `json_body` is what requests hold

pub mod access;
mod admin;
pub mod aws;
pub mod directory;
mod json_body;
pub mod jwt;
pub mod oidc;
pub mod registry;
mod root_certificate;
pub mod scope;
pub mod service_error;
pub mod start;
pub mod state;
mod system;
pub mod token;
pub mod trust;
pub mod wildcard;
pub mod world;

pub use access::{Principal, Refusal};
pub use start::{MockArtifactory, Options, Transport};
pub use state::State;
pub use world::World;
