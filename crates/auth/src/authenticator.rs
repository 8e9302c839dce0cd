//! The table of users, and the decision about a client.

use std::collections::BTreeMap;
use std::sync::Arc;

use anabranch_config::options::{self, Authorization};
use nkeys::KeyPair;

use crate::distinguished_name::DistinguishedName;
use crate::password::Secret;
use crate::tls_identity::Claim;
use crate::{
    Credentials, Decision, Error, Identity, Permissions, Principal, RefuseReason, TlsIdentity, nkey,
};

/// Whether certificates name users (`verify_and_map`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMapping {
    /// They do not.
    #[default]
    Off,
    /// Where there are users, only a certificate leads to one of them.
    VerifyAndMap,
}

/// Decides who may connect. Immutable: a reload builds another one.
///
/// The order in which credentials are looked at is that of nats-server
/// (`processClientOrLeafAuthentication` in `server/auth.go`): nkey, then users, by certificate or
/// by name, then the single token, then the single user.
pub struct Authenticator {
    nkeys: BTreeMap<String, Nkey>,
    users: BTreeMap<Arc<str>, User>,
    /// Users whose name is a distinguished name, as configured in order.
    named_by_subject: Vec<(DistinguishedName, Arc<str>)>,
    mapping: TlsMapping,
    single: Single,
    no_auth_user: Option<NoAuthUser>,
    /// Stands in for the password of users that do not exist: the most expensive one.
    decoy: Secret,
}

struct User {
    secret: Secret,
    permissions: Option<Arc<Permissions>>,
}

struct Nkey {
    key: KeyPair,
    permissions: Option<Arc<Permissions>>,
}

/// The only credential there is, without a table of users.
enum Single {
    None,
    Token(Secret),
    User { name: String, secret: Secret },
}

#[derive(Clone, PartialEq, Eq)]
enum NoAuthUser {
    Nkey(String),
    User(Arc<str>),
}

impl Authenticator {
    /// Builds the table of `authorization`.
    ///
    /// # Errors
    /// When it cannot mean anything: bad subjects, bad nkeys, users of the same name, a
    /// `no_auth_user` that is nobody.
    pub fn new(authorization: &Authorization, mapping: TlsMapping) -> Result<Self, Error> {
        let compiler = PermissionsCompiler::new(authorization)?;
        let mut nkeys = BTreeMap::new();
        for user in &authorization.nkeys {
            let key = nkey::public_user_key(&user.nkey)?;
            let permissions = compiler.compile(user.permissions.as_ref())?;
            if nkeys.insert(user.nkey.clone(), Nkey { key, permissions }).is_some() {
                return Err(Error::DuplicateUser(user.nkey.clone()));
            }
        }
        let mut users = BTreeMap::new();
        for user in &authorization.users {
            let permissions = compiler.compile(user.permissions.as_ref())?;
            let secret = Secret::new(&user.password);
            if users.insert(user.name.as_str().into(), User { secret, permissions }).is_some() {
                return Err(Error::DuplicateUser(user.name.clone()));
            }
        }
        let mut authenticator = Self {
            named_by_subject: named_by_subject(authorization, mapping),
            decoy: decoy(authorization),
            nkeys,
            users,
            mapping,
            single: Single::new(authorization),
            no_auth_user: None,
        };
        authenticator.no_auth_user = authenticator.find_no_auth_user(authorization)?;
        Ok(authenticator)
    }

    /// `auth_required` of INFO: whether a client has to present something.
    #[must_use]
    pub fn required(&self) -> bool {
        self.enforced() && self.no_auth_user.is_none()
    }

    /// Whether CONNECT is checked at all: it then has to be the first operation and to come in
    /// time, save where [`Self::begin_without_connect`] lets the client in.
    #[must_use]
    pub fn enforced(&self) -> bool {
        !self.nkeys.is_empty() || !self.users.is_empty() || !matches!(self.single, Single::None)
    }

    /// Whether INFO carries a nonce.
    #[must_use]
    pub fn needs_nonce(&self) -> bool {
        !self.nkeys.is_empty()
    }

    /// Decides about a client whose first operation is not CONNECT where one has to be
    /// ([`Self::enforced`]): only a `no_auth_user` with a name lets it in.
    #[must_use]
    pub fn begin_without_connect(&self, tls: Option<&TlsIdentity>) -> Decision {
        match self.no_auth_user {
            Some(NoAuthUser::User(_)) => self.begin(&Credentials { tls, ..Credentials::default() }),
            _ => Decision::Refuse(RefuseReason::NoCredentials),
        }
    }

    /// Decides about `credentials`, or says what has to be computed for it.
    #[must_use]
    pub fn begin(&self, credentials: &Credentials<'_>) -> Decision {
        let credentials = credentials.normalized();
        if !self.enforced() {
            return accept(credentials.principal(), None);
        }
        if let Some(decision) = self.by_nkey(&credentials) {
            return decision;
        }
        if self.mapping == TlsMapping::VerifyAndMap && !self.users.is_empty() {
            return self.by_certificate(&credentials);
        }
        if let Some(decision) = self.by_name(&credentials) {
            return decision;
        }
        self.single.decide(&credentials)
    }

    /// `None`: no nkey is involved.
    fn by_nkey(&self, credentials: &Credentials<'_>) -> Option<Decision> {
        if self.nkeys.is_empty() {
            return None;
        }
        let stands_in = match &self.no_auth_user {
            Some(NoAuthUser::Nkey(key)) => Some(key.as_str()),
            _ => None,
        };
        let presents_nothing = is_anonymous(credentials) && credentials.nkey.is_none();
        let name = credentials.nkey.or(stands_in.filter(|_| presents_nothing))?;
        let Some(user) = self.nkeys.get(name) else {
            return Some(Decision::Refuse(RefuseReason::UnknownUser));
        };
        // Who could have it for nothing need not sign for it.
        if stands_in != Some(name)
            && let Err(reason) = nkey::verify(&user.key, credentials.nonce, credentials.signature)
        {
            return Some(Decision::Refuse(reason));
        }
        Some(accept(Principal::Nkey(name.into()), user.permissions.clone()))
    }

    fn by_certificate(&self, credentials: &Credentials<'_>) -> Decision {
        let Some(certificate) = credentials.tls else {
            return Decision::Refuse(RefuseReason::CertificateMissing);
        };
        let Some((name, user)) = self.find_certificate(certificate) else {
            return Decision::Refuse(RefuseReason::CertificateUnknown);
        };
        // A user that has a password as well needs both.
        check(name, user, credentials)
    }

    fn find_certificate(&self, certificate: &TlsIdentity) -> Option<(&str, &User)> {
        certificate.claims().find_map(|claim| match claim {
            Claim::Name(name) => self.user(name),
            Claim::Subject(subject) => {
                let same = |user: &&(DistinguishedName, Arc<str>)| user.0.is_same(subject);
                let reordered =
                    |user: &&(DistinguishedName, Arc<str>)| user.0.is_reordered(subject);
                let users = &self.named_by_subject;
                let found = users.iter().find(same).or_else(|| users.iter().find(reordered));
                found.and_then(|(_, name)| self.user(name))
            }
        })
    }

    /// `None`: no user of the table is involved.
    fn by_name(&self, credentials: &Credentials<'_>) -> Option<Decision> {
        if self.users.is_empty() {
            return None;
        }
        if is_anonymous(credentials)
            && let Some(NoAuthUser::User(name)) = &self.no_auth_user
        {
            return self.user(name).map(|(name, user)| stand_in(name, user, credentials));
        }
        let name = credentials.user?;
        Some(match self.user(name) {
            Some((name, user)) => check(name, user, credentials),
            None => self.decoy.decide(credentials.password.unwrap_or_default(), None),
        })
    }

    fn user(&self, name: &str) -> Option<(&str, &User)> {
        self.users.get_key_value(name).map(|(name, user)| (&**name, user))
    }

    fn find_no_auth_user(
        &self,
        authorization: &Authorization,
    ) -> Result<Option<NoAuthUser>, Error> {
        let Some(name) = authorization.no_auth_user.as_deref().filter(|name| !name.is_empty())
        else {
            return Ok(None);
        };
        if self.nkeys.contains_key(name) {
            return Ok(Some(NoAuthUser::Nkey(name.to_owned())));
        }
        match self.users.get_key_value(name) {
            Some((name, _)) => Ok(Some(NoAuthUser::User(Arc::clone(name)))),
            None => Err(Error::NoAuthUser(name.to_owned())),
        }
    }
}

impl User {
    fn identity(&self, name: &str, credentials: &Credentials<'_>) -> Identity {
        let principal = Credentials { user: Some(name), ..*credentials }.principal();
        Identity { principal, permissions: self.permissions.clone() }
    }
}

impl Single {
    /// A token goes before a user, as in nats-server.
    fn new(authorization: &Authorization) -> Self {
        let present = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        let secret = |text: &Option<String>| Secret::new(text.as_deref().unwrap_or_default());
        if present(&authorization.token).is_some() {
            return Self::Token(secret(&authorization.token));
        }
        match present(&authorization.user) {
            Some(name) => Self::User { name, secret: secret(&authorization.password) },
            None => Self::None,
        }
    }

    fn decide(&self, credentials: &Credentials<'_>) -> Decision {
        let identity = Identity { principal: credentials.principal(), permissions: None };
        match self {
            Self::None => Decision::Refuse(RefuseReason::NoCredentials),
            Self::Token(secret) => {
                secret.decide(credentials.token.unwrap_or_default(), Some(identity))
            }
            Self::User { name, secret } => {
                let exists = credentials.user == Some(name);
                let password = credentials.password.unwrap_or_default();
                secret.decide(password, exists.then_some(identity))
            }
        }
    }
}

/// Compiles permissions; the default ones once.
struct PermissionsCompiler {
    default: Option<Arc<Permissions>>,
}

impl PermissionsCompiler {
    fn new(authorization: &Authorization) -> Result<Self, Error> {
        let default = authorization.default_permissions.as_ref();
        Ok(Self { default: default.map(Permissions::new).transpose()?.map(Arc::new) })
    }

    fn compile(
        &self,
        own: Option<&options::Permissions>,
    ) -> Result<Option<Arc<Permissions>>, Error> {
        match own {
            Some(own) => Ok(Some(Arc::new(Permissions::new(own)?))),
            None => Ok(self.default.clone()),
        }
    }
}

fn named_by_subject(
    authorization: &Authorization,
    mapping: TlsMapping,
) -> Vec<(DistinguishedName, Arc<str>)> {
    if mapping == TlsMapping::Off {
        return Vec::new();
    }
    let named = |user: &options::User| {
        let name = DistinguishedName::parse(&user.name)?;
        // A certificate without a subject would otherwise be the user `CN=`.
        (!name.parts.is_empty()).then(|| (name, user.name.as_str().into()))
    };
    authorization.users.iter().filter_map(named).collect()
}

fn decoy(authorization: &Authorization) -> Secret {
    let secrets = authorization.users.iter().map(|user| Secret::new(&user.password));
    secrets.max_by_key(Secret::cost).unwrap_or_else(|| Secret::new(""))
}

fn check(name: &str, user: &User, credentials: &Credentials<'_>) -> Decision {
    let identity = user.identity(name, credentials);
    user.secret.decide(credentials.password.unwrap_or_default(), Some(identity))
}

/// What comes of a client without credentials where `user` is the `no_auth_user`.
fn stand_in(name: &str, user: &User, credentials: &Credentials<'_>) -> Decision {
    if user.secret.can_stand_in() {
        Decision::Accept(user.identity(name, credentials))
    } else {
        Decision::Refuse(RefuseReason::WrongPassword)
    }
}

/// Whether nothing was presented that could lead to a user with a name.
fn is_anonymous(credentials: &Credentials<'_>) -> bool {
    credentials.user.is_none() && credentials.password.is_none() && credentials.token.is_none()
}

fn accept(principal: Principal, permissions: Option<Arc<Permissions>>) -> Decision {
    Decision::Accept(Identity { principal, permissions })
}
