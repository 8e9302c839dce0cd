//! `accounts {}`, which does not act yet: what nobody may ask of it.

use super::fields::Fields;
use crate::problem::Problems;

/// The account of those who belong to no other; nobody can configure it.
const GLOBAL: &str = "$G";

pub(super) fn check(top: &Fields<'_>, problems: &mut Problems) {
    let Some(accounts) = top.map("accounts") else { return };
    if let Some(entry) = accounts.entry(GLOBAL) {
        problems.error(&entry.value.at, format!("{GLOBAL:?} is a Reserved Account"));
    }
}
