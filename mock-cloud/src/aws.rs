//! AWS as a program on an EC2 instance meets it.
//!
//! ```text
//! AwsWorld ─▶ Sessions ─▶ metadata service shows a role's key
//!                    └──▶ STS knows whose key signed a request
//! ```
//!
//! Nothing is canned: the keys are drawn at start, expire on the kit's clock, and STS accepts what they signed and
//! nothing else.
//!
//! # Layout
//!
//! - [`world`]: account, instance, roles and identity providers, set-up of the metadata service
//! - `session`: the roles, and the keys of their sessions, drawn and renewed
//! - `trust_policy`: who may assume a role, by the rules of IAM
//! - `imds`: the instance metadata service, `/latest/...`
//! - `sts`: `GetCallerIdentity`, `AssumeRole` and `AssumeRoleWithWebIdentity` at `/` and `/sts/REGION/`
//! - `signature`: SigV4 and SigV4A verified, as pure functions
//! - [`secrets_manager`], [`cognito`]: secrets, and user pools that give tokens; `ecr`: passwords of registries; `json`:
//!   the protocol of all three
//! - [`pod_identity`]: the EKS Pod Identity agent of the node, `/v1/credentials`
//! - `region`: partitions, endpoints; `timestamp`: how AWS writes a time

pub mod cognito;
pub(crate) mod ecr;
mod imds;
mod json;
pub mod pod_identity;
pub(crate) mod region;
pub mod secrets_manager;
mod session;
mod signature;
mod sts;
mod timestamp;
mod trust_policy;
pub mod world;

use std::sync::Arc;

use axum::Router;
use mock_kit::{Clock, Kit};
use time::OffsetDateTime;

use self::imds::tokens::SessionTokens;
pub(crate) use self::json::Api;
use self::session::{Sessions, unique_id};
pub use self::world::AwsWorld;

/// The AWS side of one world; clones share it.
#[derive(Clone)]
pub struct Aws(Arc<Facts>);

/// What both services know.
struct Facts {
    world: AwsWorld,
    clock: Clock,
    sessions: Sessions,
    tokens: SessionTokens,
    /// The unique id of the instance profile, `AIPA...`.
    profile_id: String,
    started: OffsetDateTime,
}

impl Aws {
    /// Draws the keys of a world, which live on the kit's clock.
    #[must_use]
    pub fn new(world: &AwsWorld, kit: &Kit) -> Self {
        let now = kit.clock.now();
        Self(Arc::new(Facts {
            world: world.clone(),
            clock: kit.clock.clone(),
            sessions: Sessions::new(world, now),
            tokens: SessionTokens::default(),
            profile_id: unique_id("AIPA", 21),
            started: now,
        }))
    }

    /// Serves the instance metadata service, at `/latest/...` and at its dated versions.
    pub fn imds_router(&self) -> Router {
        imds::router(Arc::clone(&self.0))
    }

    /// Serves STS at `/`, and at `/sts/REGION/` for any region.
    pub fn api_router(&self) -> Router {
        sts::router(Arc::clone(&self.0))
    }

    /// Every secret handed out so far: secret access keys, session tokens of roles and of the metadata service.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.0.sessions.secrets();
        secrets.extend(self.0.tokens.all());
        secrets
    }
}
