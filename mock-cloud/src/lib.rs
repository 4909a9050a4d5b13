//! Placeholder.
pub mod aws;
pub mod world;

use std::collections::BTreeMap;
use std::io;

use mock_kit::{Authority, Kit};

pub use world::World;

/// A cloud that is being served; dropping it ends it.
pub struct MockCloud {
    kit: Kit,
    authority: Authority,
}

impl MockCloud {
    /// Serves a world on free ports of the loopback interface.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    #[expect(clippy::unused_async, reason = "to come")]
    pub async fn start(_world: World) -> io::Result<Self> {
        Ok(Self {
            kit: Kit::new(),
            authority: Authority::generate(),
        })
    }

    /// Answers the plain URL.
    #[must_use]
    pub fn url(&self) -> String {
        String::new()
    }

    /// Answers the TLS URL.
    #[must_use]
    pub fn tls_url(&self) -> String {
        String::new()
    }

    /// Answers the variables.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Answers the kit.
    #[must_use]
    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Answers the authority.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}
