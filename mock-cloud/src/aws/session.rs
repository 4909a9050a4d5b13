//! The role sessions of the world: who holds which key, and until when.

mod opening;
mod role;
mod tags;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand::Rng;
use time::OffsetDateTime;

pub(crate) use self::opening::Opening;
pub(crate) use self::role::KnownRole;
pub(crate) use self::tags::SessionTags;
use super::trust_policy::{Context, Principal, Verdict};
use super::world::{AwsWorld, Renewal};

/// The credentials of one role for a while.
#[derive(Clone)]
pub(crate) struct RoleSession {
    /// The role.
    pub(crate) role: Arc<KnownRole>,
    /// The session name.
    pub(crate) name: String,
    /// The session tags, inherited ones among them.
    pub(crate) tags: SessionTags,
    /// Who stands behind the session, which no later session in a chain can change.
    pub(crate) source_identity: Option<String>,
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
    roles: Vec<Arc<KnownRole>>,
    instance: Instance,
    drawn: Mutex<Drawn>,
}

/// How the instance gets its sessions.
struct Instance {
    roles: Vec<Arc<KnownRole>>,
    name: String,
    lifetime: Duration,
    renewal: Renewal,
}

#[derive(Default)]
struct Drawn {
    all: Vec<RoleSession>,
    /// Those that the metadata service shows, by role.
    shown: BTreeMap<String, RoleSession>,
}

impl Sessions {
    /// Knows the roles of a world and draws one session for each attached one that EC2 may assume.
    pub(crate) fn new(world: &AwsWorld, now: OffsetDateTime) -> Self {
        let known = |role| Arc::new(KnownRole::new(role, world));
        let attached: Vec<_> = world.roles.iter().map(known).collect();
        let roles = attached.iter().cloned().chain(world.other_roles.iter().map(known)).collect();
        let instance = Instance {
            roles: attached.into_iter().filter(|role| is_for_ec2(role)).collect(),
            name: world.instance_id.clone(),
            lifetime: Duration::from_secs(world.credentials_lifetime_seconds.into()),
            renewal: world.renewal,
        };
        let sessions = Self { roles, instance, drawn: Mutex::default() };
        for role in &sessions.instance.roles {
            sessions.current(&role.name, now);
        }
        sessions
    }

    /// The session that the metadata service shows for a role now, `None` for a role that EC2 may not assume.
    pub(crate) fn current(&self, role: &str, now: OffsetDateTime) -> Option<RoleSession> {
        let role = self.instance.roles.iter().find(|known| known.name == role)?;
        let mut drawn = self.lock();
        if let Some(shown) = drawn.shown.get(&role.name).filter(|shown| !self.instance.is_due(shown, now)) {
            return Some(shown.clone());
        }
        let session = RoleSession::draw(role, Opening::new(&self.instance.name, self.instance.lifetime), now);
        drawn.shown.insert(role.name.clone(), session.clone());
        drawn.all.push(session.clone());
        Some(session)
    }

    /// The role with an ARN, in any account.
    pub(crate) fn role(&self, arn: &str) -> Option<&Arc<KnownRole>> {
        self.roles.iter().find(|role| role.arn == arn)
    }

    /// Opens a session of a role, whose trust policy counts for nothing here.
    pub(crate) fn open(&self, role: &Arc<KnownRole>, opening: Opening, now: OffsetDateTime) -> RoleSession {
        let session = RoleSession::draw(role, opening, now);
        self.lock().all.push(session.clone());
        session
    }

    /// Opens a session of a role for a service of AWS, such as `pods.eks.amazonaws.com`; `None` when there is no such
    /// role or when its trust policy does not let the service assume it and tag the session.
    ///
    /// The context holds what the service says beside the session's name and tags, `aws:SourceArn` for one.
    pub(crate) fn open_for_service(
        &self,
        service: &str,
        role_arn: &str,
        opening: Opening,
        context: Context,
        now: OffsetDateTime,
    ) -> Option<RoleSession> {
        let role = self.role(role_arn)?;
        let context = opening.described_in(context);
        let tagging = (!opening.tags.is_empty()).then_some("sts:TagSession");
        let mut actions = ["sts:AssumeRole"].into_iter().chain(tagging);
        let principal = Principal::Service(service);
        let allowed = actions.all(|action| role.trust.verdict(&principal, action, &context) == Verdict::Allowed);
        allowed.then(|| self.open(role, opening, now))
    }

    /// The session that an access key id belongs to, expired or not.
    pub(crate) fn with_access_key_id(&self, access_key_id: &str) -> Option<RoleSession> {
        let drawn = self.lock();
        let found = drawn.all.iter().find(|one| one.access_key_id == access_key_id);
        found.cloned()
    }

    /// Every secret access key and session token drawn so far.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let drawn = self.lock();
        let secrets = drawn.all.iter().flat_map(|session| [session.secret_access_key.clone(), session.token.clone()]);
        secrets.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instance {
    // "We make new credentials available at least five minutes before the expiration of the old credentials":
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html.
    // Sessions shorter than ten minutes are renewed at half time, so that those seen are not all new.
    fn is_due(&self, session: &RoleSession, now: OffsetDateTime) -> bool {
        let margin = Duration::from_mins(5).min(self.lifetime / 2);
        self.renewal == Renewal::BeforeExpiry && session.expiration - margin <= now
    }
}

fn is_for_ec2(role: &KnownRole) -> bool {
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html names the second one.
    ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"].iter().any(|service| {
        role.trust.verdict(&Principal::Service(service), "sts:AssumeRole", &Context::default()) == Verdict::Allowed
    })
}

impl fmt::Debug for RoleSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("RoleSession");
        debug.field("access_key_id", &self.access_key_id);
        debug.finish_non_exhaustive()
    }
}

impl RoleSession {
    /// The ARN of the session, without the role's path.
    pub(crate) fn arn(&self) -> String {
        let KnownRole { partition, account, name, .. } = &*self.role;
        format!("arn:{partition}:sts::{account}:assumed-role/{name}/{}", self.name)
    }

    /// The unique id of the role and the session name, `AROA...:NAME`.
    pub(crate) fn user_id(&self) -> String {
        format!("{}:{}", self.role.id, self.name)
    }

    fn draw(role: &Arc<KnownRole>, opening: Opening, now: OffsetDateTime) -> Self {
        let now = now.truncate_to_second();
        Self {
            role: Arc::clone(role),
            name: opening.name,
            tags: opening.tags,
            source_identity: opening.source_identity,
            access_key_id: unique_id("ASIA", 20),
            secret_access_key: BASE64_STANDARD.encode(random_bytes(30)),
            token: session_token(),
            last_updated: now,
            expiration: now + opening.lifetime,
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
    use super::super::world::{Role, Trust};
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn sessions(renewal: Renewal) -> Sessions {
        let world = AwsWorld {
            roles: vec![Role::new("one", Trust::Ec2), Role::new("two", Trust::Other)],
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
        assert_eq!(session.role.id.len(), 21);
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
        assert_eq!(first.role.id, renewed.role.id);
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
    fn a_service_opens_sessions_of_the_roles_that_trust_it() {
        let sessions = Sessions::new(&AwsWorld::default(), START);
        let open = |service, role_arn, tags| {
            let opening = Opening { tags, ..Opening::new("eks-demo-app", Duration::from_hours(6)) };
            sessions.open_for_service(service, role_arn, opening, Context::default(), START)
        };
        let (pods, role_arn) = ("pods.eks.amazonaws.com", "arn:aws:iam::111122223333:role/pod-identity-pull");
        let tags = SessionTags::default().with_transitive("kubernetes-namespace", "default");
        let session = open(pods, role_arn, tags.clone()).unwrap();
        assert_eq!(session.arn(), "arn:aws:sts::111122223333:assumed-role/pod-identity-pull/eks-demo-app");
        assert_eq!(session.expiration, START + Duration::from_hours(6));
        assert_eq!(session.tags, tags);
        assert_eq!(sessions.with_access_key_id(&session.access_key_id).unwrap().arn(), session.arn());
        assert!(open("ec2.amazonaws.com", role_arn, tags.clone()).is_none());
        assert!(open(pods, "arn:aws:iam::111122223333:role/web-identity-pull", tags.clone()).is_none());
        assert!(open(pods, "arn:aws:iam::111122223333:role/nobody", tags).is_none());
    }

    #[test]
    fn a_service_tags_sessions_where_it_may_and_under_the_conditions_of_the_role() {
        let yaml = "
otherRoles:
  - name: tagged
    trust:
      Statement:
        Effect: Allow
        Principal: {Service: a.test}
        Action: sts:AssumeRole
        Condition: {StringEquals: {aws:SourceAccount: '111122223333'}}
";
        let sessions = Sessions::new(&serde_saphyr::from_str(yaml).unwrap(), START);
        let open = |account: &str, tags| {
            let opening = Opening { tags, ..Opening::new("one", Duration::from_hours(1)) };
            let context = Context::default().with("aws:SourceAccount", [account]);
            sessions.open_for_service("a.test", "arn:aws:iam::111122223333:role/tagged", opening, context, START)
        };
        assert!(open("111122223333", SessionTags::default()).is_some());
        assert!(open("444455556666", SessionTags::default()).is_none());
        assert!(open("111122223333", SessionTags::default().with("a", "b")).is_none());
    }

    #[test]
    fn a_policy_can_let_ec2_assume_an_attached_role() {
        let trusting = |service: &str| {
            let statement = format!("{{Effect: Allow, Principal: {{Service: {service}}}, Action: 'sts:AssumeRole'}}");
            let yaml = format!("roles: [{{name: one, trust: {{Statement: {statement}}}}}]");
            Sessions::new(&serde_saphyr::from_str(&yaml).unwrap(), START)
        };
        assert!(trusting("ec2.amazonaws.com").current("one", START).is_some());
        assert!(trusting("ec2.amazonaws.com.cn").current("one", START).is_some());
        assert!(trusting("ecs.amazonaws.com").current("one", START).is_none());
    }

    #[test]
    fn a_role_that_ec2_may_not_assume_has_no_session() {
        let sessions = sessions(Renewal::BeforeExpiry);
        assert!(sessions.current("two", START).is_none());
        assert!(sessions.current("nobody", START).is_none());
        assert!(sessions.with_access_key_id("ASIAAAAAAAAAAAAAAAAA").is_none());
    }
}
