//! Why a configured authorization cannot be used.

/// Why a configured authorization cannot be used.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A permission names something that is no subject.
    #[error("subject {0:?} is not a valid subject")]
    Subject(String),
    /// The queue of a `subject queue` permission is malformed.
    #[error("queue {0:?} is not a valid queue")]
    Queue(String),
    /// A permission's subject has more tokens than any client could send.
    #[error("subject {0:?} has more than {max} tokens", max = crate::subject_set::TOKENS_MAX)]
    TooManyTokens(String),
    /// An nkey user whose key is not a public user key.
    #[error("{0:?} is not a valid public nkey for a user")]
    Nkey(String),
    /// Two users of one name, or two of one nkey.
    #[error("duplicate user {0:?} detected")]
    DuplicateUser(String),
    /// `no_auth_user` names nobody.
    #[error("no_auth_user: {0:?} not present as user or nkey in authorization block")]
    NoAuthUser(String),
}
