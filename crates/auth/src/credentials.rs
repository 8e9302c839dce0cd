//! What a client presents, and what comes of it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::{PasswordCheck, Permissions, TlsIdentity};

/// What a client presents in CONNECT and its TLS handshake. An empty string is the same as an
/// absent one. A JWT has no place here: without operators nats-server discards it.
#[derive(Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// `user`.
    pub user: Option<&'a str>,
    /// `pass`.
    pub password: Option<&'a str>,
    /// `auth_token`.
    pub token: Option<&'a str>,
    /// `nkey`: public key.
    pub nkey: Option<&'a str>,
    /// `sig`: base64 of the signature over the nonce.
    pub signature: Option<&'a str>,
    /// The nonce of this connection's INFO, its text as sent.
    pub nonce: &'a [u8],
    /// The client's verified certificate, if it presented one.
    pub tls: Option<&'a TlsIdentity>,
}

/// What comes of credentials.
#[derive(Debug)]
pub enum Decision {
    /// The client is who it says.
    Accept(Identity),
    /// It is not.
    Refuse(RefuseReason),
    /// It depends on slow work.
    Verify(PasswordCheck),
}

/// Why credentials were refused, for the log; clients learn only that they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefuseReason {
    /// Nothing that was presented leads to a user.
    #[error("no credentials that apply")]
    NoCredentials,
    /// The user or nkey is not known.
    #[error("unknown user")]
    UnknownUser,
    /// The password or token is another.
    #[error("wrong password or token")]
    WrongPassword,
    /// An nkey came without a signature.
    #[error("signature missing")]
    SignatureMissing,
    /// The signature is not base64.
    #[error("signature not valid base64")]
    SignatureMalformed,
    /// The signature is not the key's over the nonce.
    #[error("signature not verified")]
    SignatureWrong,
    /// A client certificate is required, and none came.
    #[error("user required in certificate, no certificate found")]
    CertificateMissing,
    /// No user has a name that the certificate carries.
    #[error("user in certificate not found")]
    CertificateUnknown,
}

/// Who a client is, and what it may do.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Shown in logs and monitoring.
    pub principal: Principal,
    /// What the user may do; `None`: everything.
    pub permissions: Option<Arc<Permissions>>,
}

/// What a client is known by.
///
/// As in nats-server (`getAuthUser`) this is the first of nkey, user and token that the client
/// presented, though where no authorization is configured, or only another kind, nobody checked
/// it: something to show, nothing to decide by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Principal {
    /// Presented nothing.
    #[default]
    Anonymous,
    /// A public nkey.
    Nkey(Arc<str>),
    /// A user name.
    User(Arc<str>),
    /// A token, which is a secret.
    Token,
}

impl Principal {
    /// `authorized_user` of monitoring; `None` where nothing was presented.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Nkey(name) | Self::User(name) => Some(name),
            Self::Token => Some("[REDACTED]"),
        }
    }

    /// The part of a connection's log prefix: `nkey:U…`, `user:alice`, `token`, or nothing.
    #[must_use]
    pub fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Anonymous => Cow::Borrowed(""),
            Self::Nkey(key) => Cow::Owned(format!("nkey:{key}")),
            Self::User(name) => Cow::Owned(format!("user:{name}")),
            Self::Token => Cow::Borrowed("token"),
        }
    }
}

/// As in log lines about the user: `User "alice"`.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("User \"N/A\""),
            Self::Nkey(key) => write!(f, "Nkey {key:?}"),
            Self::User(name) => write!(f, "User {name:?}"),
            Self::Token => f.write_str("Token \"[REDACTED]\""),
        }
    }
}

impl<'a> Credentials<'a> {
    /// The same with empty strings taken for absent.
    pub(crate) fn normalized(&self) -> Self {
        let present = |field: Option<&'a str>| field.filter(|text| !text.is_empty());
        Self {
            user: present(self.user),
            password: present(self.password),
            token: present(self.token),
            nkey: present(self.nkey),
            signature: present(self.signature),
            ..*self
        }
    }

    pub(crate) fn principal(&self) -> Principal {
        match (self.nkey, self.user, self.token) {
            (Some(key), _, _) => Principal::Nkey(key.into()),
            (_, Some(name), _) => Principal::User(name.into()),
            (_, _, Some(_)) => Principal::Token,
            _ => Principal::Anonymous,
        }
    }
}

/// Shows what is present, and no secret.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("password", &self.password.map(|_| "[REDACTED]"))
            .field("token", &self.token.map(|_| "[REDACTED]"))
            .field("nkey", &self.nkey)
            .field("signature", &self.signature)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
