//! An instance whose services listen on free ports, and a program on it.

use std::net::SocketAddr;
use std::time::Duration;

use mock_cloud::aws::world::Imds;
use mock_cloud::aws::{Aws, AwsWorld};
use mock_kit::{Kit, Listen, Server};

use crate::wire::{Answer, send};

pub(crate) const TOKEN: &str = "X-aws-ec2-metadata-token";
pub(crate) const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
pub(crate) const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// One instance of a world.
pub(crate) struct Instance {
    pub(crate) kit: Kit,
    pub(crate) aws: Aws,
    imds: Server,
    api: Server,
}

impl Instance {
    /// Starts the services of a world.
    pub(crate) async fn start(world: AwsWorld) -> Self {
        let kit = Kit::new();
        let aws = Aws::new(&world, &kit);
        let free = || Listen::Plain(SocketAddr::from(([127, 0, 0, 1], 0)));
        let imds = Server::start(aws.imds_router(), &kit, free()).await.unwrap();
        let api = Server::start(aws.api_router(), &kit, free()).await.unwrap();
        Self { kit, aws, imds, api }
    }

    /// Starts the default world with another set-up of the metadata service.
    pub(crate) async fn with(imds: Imds) -> Self {
        let world = AwsWorld { imds, ..AwsWorld::default() };
        Self::start(world).await
    }

    pub(crate) fn imds(&self) -> SocketAddr {
        self.imds.address()
    }

    pub(crate) fn api(&self) -> SocketAddr {
        self.api.address()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.kit.clock.advance(Duration::from_secs(seconds));
    }

    /// A session token of IMDSv2 that lives for so long.
    pub(crate) fn token(&self, seconds: u32) -> String {
        let seconds = seconds.to_string();
        let answer = send(self.imds(), "PUT", "/latest/api/token", &[(TTL, &seconds)], b"");
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// A datum, in a session of its own.
    pub(crate) fn get(&self, path: &str) -> Answer {
        let token = self.token(60);
        send(self.imds(), "GET", path, &[(TOKEN, &token)], b"")
    }

    /// The credentials that the role of the default world has now.
    pub(crate) fn credentials(&self) -> serde_json::Value {
        let answer = self.get(&format!("{ROLES}artifactory-pull"));
        assert_eq!(answer.status, 200);
        serde_json::from_str(&answer.body).unwrap()
    }
}
