//! The role sessions of the world: who holds which key, and until when.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand::Rng;
use time::OffsetDateTime;

use super::world::{AwsWorld, Renewal, Trust};

/// The credentials of one role for a while.
#[derive(Clone)]
pub(crate) struct RoleSession {
    /// The name of the role.
    pub(crate) role: String,
    /// The unique id of the role, `AROA...`.
    pub(crate) role_id: String,
    /// 20 characters, `ASIA...`.
    pub(crate) access_key_id: String,
    /// 40 characters.
    pub(crate) secret_access_key: String,
    /// The session token.
    pub(crate) token: String,
    /// When it was drawn.
    pub(crate) last_updated: OffsetDateTime,
    /// When it stops being valid.
    pub(crate) expiration: OffsetDateTime,
}

/// All role sessions that were ever drawn in one world.
pub(crate) struct Sessions {
    role_ids: BTreeMap<String, String>,
    lifetime: Duration,
    renewal: Renewal,
    drawn: Mutex<Vec<RoleSession>>,
}

impl Sessions {
    /// Draws one session for each role that EC2 may assume.
    pub(crate) fn new(world: &AwsWorld, now: OffsetDateTime) -> Self {
        let trusted = world.roles.iter().filter(|role| role.trust == Trust::Ec2);
        let sessions = Self {
            role_ids: trusted.map(|role| (role.name.clone(), unique_id("AROA", 21))).collect(),
            lifetime: Duration::from_secs(world.credentials_lifetime_seconds.into()),
            renewal: world.renewal,
            drawn: Mutex::default(),
        };
        for role in sessions.role_ids.keys() {
            sessions.current(role, now);
        }
        sessions
    }

    /// The session that the metadata service shows for a role now, `None` for a role that EC2 may not assume.
    pub(crate) fn current(&self, role: &str, now: OffsetDateTime) -> Option<RoleSession> {
        let role_id = self.role_ids.get(role)?;
        let mut drawn = self.lock();
        let last = drawn.iter().rfind(|session| session.role == role);
        if let Some(last) = last.filter(|last| !self.is_due(last, now)) {
            return Some(last.clone());
        }
        let session = RoleSession::draw(role, role_id, now, self.lifetime);
        drawn.push(session.clone());
        Some(session)
    }

    /// The session that an access key id belongs to, expired or not.
    pub(crate) fn with_access_key_id(&self, access_key_id: &str) -> Option<RoleSession> {
        let drawn = self.lock();
        let found = drawn.iter().find(|one| one.access_key_id == access_key_id);
        found.cloned()
    }

    /// Every secret access key and session token drawn so far.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let drawn = self.lock();
        let secrets = drawn.iter().flat_map(|session| [session.secret_access_key.clone(), session.token.clone()]);
        secrets.collect()
    }

    // "We make new credentials available at least five minutes before the expiration of the old credentials":
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html.
    // Sessions shorter than ten minutes are renewed at half time, so that those seen are not all new.
    fn is_due(&self, session: &RoleSession, now: OffsetDateTime) -> bool {
        let margin = Duration::from_mins(5).min(self.lifetime / 2);
        self.renewal == Renewal::BeforeExpiry && session.expiration - margin <= now
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RoleSession>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RoleSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("RoleSession");
        debug.field("access_key_id", &self.access_key_id);
        debug.finish_non_exhaustive()
    }
}

impl RoleSession {
    fn draw(role: &str, role_id: &str, now: OffsetDateTime, lifetime: Duration) -> Self {
        let now = now.truncate_to_second();
        Self {
            role: role.into(),
            role_id: role_id.into(),
            access_key_id: unique_id("ASIA", 20),
            secret_access_key: BASE64_STANDARD.encode(random_bytes(30)),
            token: session_token(),
            last_updated: now,
            expiration: now + lifetime,
        }
    }
}

/// An AWS unique id of `length` characters: a prefix, then base 32.
///
/// [IAM user guide, IAM identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
pub(crate) fn unique_id(prefix: &str, length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letter = |_| char::from(ALPHABET[rand::thread_rng().gen_range(0..32)]);
    let random = (prefix.len()..length).map(letter);
    prefix.chars().chain(random).collect()
}

/// Bytes from the operating system's generator.
pub(crate) fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    rand::thread_rng().fill(bytes.as_mut_slice());
    bytes
}

// Tokens of today begin with the base 64 of these bytes, `IQoJb3JpZ2luX2Vj`, and have about 1,000 characters.
fn session_token() -> String {
    BASE64_STANDARD.encode([b"!\n\torigin_ec".as_slice(), &random_bytes(700)].concat())
}

#[cfg(test)]
mod tests {
    use super::super::world::Role;
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn sessions(renewal: Renewal) -> Sessions {
        let role = |name: &str, trust| Role { name: name.into(), trust };
        let world = AwsWorld {
            roles: vec![role("one", Trust::Ec2), role("two", Trust::Other)],
            credentials_lifetime_seconds: 3600,
            renewal,
            ..AwsWorld::default()
        };
        Sessions::new(&world, START)
    }

    #[test]
    fn drawn_credentials_have_the_shape_of_real_ones() {
        let session = sessions(Renewal::BeforeExpiry).current("one", START).unwrap();
        assert_eq!(session.access_key_id.len(), 20);
        assert!(session.access_key_id.starts_with("ASIA"));
        assert_eq!(session.secret_access_key.len(), 40);
        assert!(session.token.starts_with("IQoJb3JpZ2luX2Vj"));
        assert!(session.token.len() > 900);
        assert_eq!(session.role_id.len(), 21);
        assert_eq!(session.expiration, START + Duration::from_hours(1));
    }

    #[test]
    fn a_role_keeps_its_session_until_five_minutes_before_it_expires() {
        let sessions = sessions(Renewal::BeforeExpiry);
        let first = sessions.current("one", START).unwrap();
        let later = sessions.current("one", START + Duration::from_mins(54)).unwrap();
        assert_eq!(first.access_key_id, later.access_key_id);
        let renewed = sessions.current("one", START + Duration::from_mins(55)).unwrap();
        assert_ne!(first.access_key_id, renewed.access_key_id);
        assert_ne!(first.secret_access_key, renewed.secret_access_key);
        assert_eq!(first.role_id, renewed.role_id);
        assert_eq!(renewed.expiration, START + Duration::from_mins(115));
    }

    #[test]
    fn a_renewed_session_does_not_end_the_old_one() {
        let sessions = sessions(Renewal::BeforeExpiry);
        let first = sessions.current("one", START).unwrap();
        sessions.current("one", START + Duration::from_mins(58)).unwrap();
        assert!(sessions.with_access_key_id(&first.access_key_id).is_some());
        assert_eq!(sessions.secrets().len(), 4);
    }

    #[test]
    fn an_outage_serves_the_expired_session_on() {
        let sessions = sessions(Renewal::Never);
        let first = sessions.current("one", START).unwrap();
        let stale = sessions.current("one", START + Duration::from_hours(9)).unwrap();
        assert_eq!(first.access_key_id, stale.access_key_id);
    }

    #[test]
    fn a_role_that_ec2_may_not_assume_has_no_session() {
        let sessions = sessions(Renewal::BeforeExpiry);
        assert!(sessions.current("two", START).is_none());
        assert!(sessions.current("nobody", START).is_none());
        assert!(sessions.with_access_key_id("ASIAAAAAAAAAAAAAAAAA").is_none());
    }
}
