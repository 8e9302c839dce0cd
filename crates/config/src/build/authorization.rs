//! `authorization` and `no_auth_user`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::fields::Fields;
use super::permissions;
use crate::duration;
use crate::grammar::{Data, Value};
use crate::options::{Authorization, NkeyUser, User};
use crate::problem::{Position, Problems};
use crate::table::{AUTHORIZATION, USER};

pub(super) fn read(top: &Fields<'_>, problems: &mut Problems) -> Authorization {
    let mut authorization = Authorization::default();
    if let (Some(fields), Some(at)) =
        (top.block("authorization", &AUTHORIZATION), top.at("authorization"))
    {
        authorization.user = fields.filled("user");
        authorization.password = fields.filled("password");
        authorization.token = fields.filled("token");
        authorization.timeout = timeout(&fields, problems);
        authorization.default_permissions =
            permissions::read(&fields, "default_permissions", problems);
        if let Some(users) = fields.list("users") {
            for user in users {
                read_user(user, &mut authorization, problems);
            }
        }
        check(&authorization, &fields, at, problems);
    }
    authorization.no_auth_user = top.filled("no_auth_user");
    authorization
}

/// nats-server warns above this: mostly a forgotten quote, `1m` being a million.
const TIMEOUT_HIGH: Duration = Duration::from_secs(60);

fn timeout(fields: &Fields<'_>, problems: &mut Problems) -> Option<Duration> {
    let timeout = fields.seconds("timeout", "error parsing authorization config", problems)?;
    if let Some(value) = fields.value("timeout")
        && timeout > TIMEOUT_HIGH
    {
        let written = match &value.data {
            Data::Int(seconds) => seconds.to_string(),
            Data::Float(seconds) => seconds.to_string(),
            Data::Text(text) => text.clone(),
            _ => duration::show(timeout),
        };
        problems.warning(
            &value.at,
            format!(
                "invalid use of field \"timeout\": timeout of {written} ({:.6} seconds) is high, \
                 consider keeping it under 60 seconds. possibly caused by unquoted duration; use \
                 '1m' instead of 1m, for example",
                timeout.as_secs_f64()
            ),
        );
    }
    Some(timeout)
}

/// One kind of credentials at a time, and no user twice.
fn check(
    authorization: &Authorization,
    fields: &Fields<'_>,
    at: &Position,
    problems: &mut Problems,
) {
    let single = authorization.user.is_some();
    let token = authorization.token.is_some();
    if (single || authorization.password.is_some()) && token {
        problems.error(at, "Cannot have a user/pass and token");
    }
    if fields.list("users").is_some() {
        if single {
            problems.error(at, "Can not have a single user/pass and a users array");
        }
        if token {
            problems.error(at, "Can not have a token and a users array");
        }
    }
    let mut names = BTreeSet::new();
    for user in &authorization.users {
        if !names.insert(&user.name) {
            problems.error(at, format!("Duplicate user {:?} detected", user.name));
        }
    }
    for user in &authorization.nkeys {
        if !names.insert(&user.nkey) {
            problems.error(at, format!("Duplicate nkey {:?} detected", user.nkey));
        }
    }
}

fn read_user(value: &Value, authorization: &mut Authorization, problems: &mut Problems) {
    let Data::Map(map) = &value.data else { return };
    let fields = Fields::of(map, &USER);
    let permissions = permissions::read(&fields, "permissions", problems);
    let (name, nkey) = (fields.filled("user"), fields.filled("nkey"));
    match (name, nkey) {
        (None, None) => problems.error(&value.at, "User entry requires a user"),
        (name, Some(nkey)) => {
            let at = fields.at("nkey").unwrap_or(&value.at);
            if !is_public_user_key(&nkey) {
                problems.error(at, "Not a valid public nkey for a user");
            } else if name.is_some() || fields.filled("password").is_some() {
                problems.error(at, "Nkey users do not take usernames or passwords");
            }
            authorization.nkeys.push(NkeyUser { nkey, permissions });
        }
        (Some(name), None) => {
            let password = fields.filled("password").unwrap_or_default();
            authorization.users.push(User { name, password, permissions });
        }
    }
}

fn is_public_user_key(text: &str) -> bool {
    text.starts_with('U') && nkeys::KeyPair::from_public_key(text).is_ok()
}
