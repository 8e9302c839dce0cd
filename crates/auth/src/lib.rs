//! Who may connect, and what they may publish and subscribe.
//!
//! Not here: reading configuration (`config`), the texts of violations (`nats`), and every kind of
//! I/O. An [`Authenticator`] is built once from the configured authorization and then decides
//! about [`Credentials`]; slow work (bcrypt) is handed back as a [`PasswordCheck`] for the caller
//! to run where it may take its time.

mod authenticator;
mod credentials;
mod distinguished_name;
mod error;
mod nkey;
mod password;
mod permissions;
mod response_grants;
mod subject_set;
mod tls_identity;

pub use authenticator::{Authenticator, TlsMapping};
pub use credentials::{Credentials, Decision, Identity, Principal, RefuseReason};
pub use error::Error;
pub use password::{PasswordCheck, has_bcrypt_prefix};
pub use permissions::{Permissions, Rules, Subscribe};
pub use response_grants::ResponseGrants;
pub use tls_identity::{CertificateError, TlsIdentity};
