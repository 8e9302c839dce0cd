//! The options of CONNECT.

use serde_json::{Map, Value};

/// What a client said in its CONNECT operations so far. Options of a later CONNECT are laid over
/// those of an earlier one. Before the first, a client is verbose, pedantic and gets its own
/// messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// Every operation is answered by `+OK`.
    pub verbose: bool,
    /// Publish subjects are checked.
    pub pedantic: bool,
    /// The client gets what it publishes itself, where it subscribed to it.
    pub echo: bool,
    /// The client wants TLS.
    pub tls_required: bool,
    /// The client takes header messages.
    pub headers: bool,
    /// The client wants 503 when nobody listens.
    pub no_responders: bool,
    /// 0 or 1; 1 takes INFO at any time.
    pub protocol: i64,
    /// Who the client says it is.
    pub client: ClientName,
    /// What the client proves itself with.
    pub credentials: Credentials,
    /// `account`: refused, as by nats-server.
    pub account: String,
    /// `new_account`: refused.
    pub new_account: bool,
}

/// Who the client says it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientName {
    /// Name of the application.
    pub name: String,
    /// Language of the library.
    pub lang: String,
    /// Version of the library.
    pub version: String,
}

/// What the client proves itself with. Never logged.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Token.
    pub auth_token: String,
    /// User name.
    pub user: String,
    /// Password.
    pub pass: String,
    /// Public nkey.
    pub nkey: String,
    /// Signature over the nonce of INFO.
    pub sig: String,
    /// User JWT.
    pub jwt: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            verbose: true,
            pedantic: true,
            echo: true,
            tls_required: false,
            headers: false,
            no_responders: false,
            protocol: 0,
            client: ClientName::default(),
            credentials: Credentials::default(),
            account: String::new(),
            new_account: false,
        }
    }
}

/// CONNECT whose JSON does not fit; the connection ends without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Not a JSON object.
    #[error("CONNECT is not a JSON object")]
    NotAnObject,
    /// A field of another type than the protocol gives it.
    #[error("CONNECT field {0:?} has the wrong type")]
    WrongType(&'static str),
}

impl ConnectOptions {
    /// Lays the fields of one CONNECT over what is known. Unknown fields are ignored; names are
    /// matched without regard to case, and `null` changes nothing, as nats-server does it.
    ///
    /// # Errors
    /// When `json` is no object or a known field has the wrong type.
    pub fn merge(&mut self, json: &[u8]) -> Result<(), ConnectError> {
        let text = String::from_utf8_lossy(json);
        let value: Value = serde_json::from_str(&text).map_err(|_| ConnectError::NotAnObject)?;
        let Value::Object(fields) = value else {
            return if value.is_null() { Ok(()) } else { Err(ConnectError::NotAnObject) };
        };
        let fields = Fields(fields);
        fields.flag("verbose", &mut self.verbose)?;
        fields.flag("pedantic", &mut self.pedantic)?;
        fields.flag("echo", &mut self.echo)?;
        fields.flag("tls_required", &mut self.tls_required)?;
        fields.flag("headers", &mut self.headers)?;
        fields.flag("no_responders", &mut self.no_responders)?;
        fields.flag("new_account", &mut self.new_account)?;
        fields.text("account", &mut self.account)?;
        fields.text("name", &mut self.client.name)?;
        fields.text("lang", &mut self.client.lang)?;
        fields.text("version", &mut self.client.version)?;
        fields.text("auth_token", &mut self.credentials.auth_token)?;
        fields.text("user", &mut self.credentials.user)?;
        fields.text("pass", &mut self.credentials.pass)?;
        fields.text("nkey", &mut self.credentials.nkey)?;
        fields.text("sig", &mut self.credentials.sig)?;
        fields.text("jwt", &mut self.credentials.jwt)?;
        let protocol = fields.find("protocol");
        if let Some(value) = protocol {
            self.protocol = value.as_i64().ok_or(ConnectError::WrongType("protocol"))?;
        }
        Ok(())
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn find(&self, name: &str) -> Option<&Value> {
        let exact = self.0.get(name);
        let found = exact
            .or_else(|| self.0.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v));
        found.filter(|v| !v.is_null())
    }

    fn flag(&self, name: &'static str, into: &mut bool) -> Result<(), ConnectError> {
        if let Some(value) = self.find(name) {
            *into = value.as_bool().ok_or(ConnectError::WrongType(name))?;
        }
        Ok(())
    }

    fn text(&self, name: &'static str, into: &mut String) -> Result<(), ConnectError> {
        if let Some(value) = self.find(name) {
            value.as_str().ok_or(ConnectError::WrongType(name))?.clone_into(into);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_a_later_connect_does_not_mention() {
        let mut options = ConnectOptions::default();
        options.merge(br#"{"verbose":false,"user":"a","protocol":1}"#).unwrap();
        options.merge(br#"{"Pass":"b","unknown":[1],"lang":null}"#).unwrap();
        assert!(!options.verbose && options.pedantic && options.echo);
        assert_eq!(options.credentials.user, "a");
        assert_eq!(options.credentials.pass, "b");
        assert_eq!(options.protocol, 1);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        for bad in ["", "{", "[]", "1", r#"{"verbose":1}"#, r#"{"protocol":1.5}"#, r#"{"user":1}"#]
        {
            assert!(ConnectOptions::default().merge(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn survives_deep_nesting() {
        let deep = format!("{{\"a\":{}", "[".repeat(4000));
        assert!(ConnectOptions::default().merge(deep.as_bytes()).is_err());
    }

    #[test]
    fn shows_no_secret() {
        let mut options = ConnectOptions::default();
        options.merge(br#"{"pass":"s3cret","auth_token":"t0ken","jwt":"j"}"#).unwrap();
        let shown = format!("{options:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"));
    }
}
