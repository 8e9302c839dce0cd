//! The `tls` blocks of a file, wherever they stand: nats-server reads what each of them names
//! when it reads the file. Reading is the caller's part, through [`Source::check_tls`].

use crate::build::read_tls;
use crate::check::is_sound;
use crate::grammar::{Data, Map, Value};
use crate::problem::Problems;
use crate::source::{Source, TlsCheck};
use crate::table::{Block, Kind, Status, TLS, TOP};

/// Checks the certificates that a file's blocks name.
pub(crate) fn check(map: &Map, source: &dyn Source, problems: &mut Problems) {
    let mut found = Vec::new();
    collect(map, &TOP, true, &mut found);
    for Named { map, value, acts } in found {
        let mut within = Problems::default();
        let tls = read_tls(map, &mut within);
        // What is wrong inside the block is told already, and what it means is not clear.
        if within.finish().is_err() || !is_sound(map, &TLS) {
            continue;
        }
        match source.check_tls(&tls) {
            TlsCheck::Usable => {}
            TlsCheck::Invalid(why) => problems.error(&value.at, why),
            TlsCheck::Unavailable(why) if acts => problems.refusal(&value.at, why),
            // That the block does not act is told already.
            TlsCheck::Unavailable(_) => {}
        }
    }
}

/// A `tls` block.
struct Named<'a> {
    map: &'a Map,
    value: &'a Value,
    /// It, and what it stands in, acts.
    acts: bool,
}

fn collect<'a>(map: &'a Map, block: &Block, acts: bool, found: &mut Vec<Named<'a>>) {
    for (key, entry) in map.iter() {
        let Some(option) = block.find(key) else { continue };
        let acts = acts && option.status == Status::Acts;
        let (value, kind) = (&entry.value, option.kind);
        match (kind, &value.data) {
            (Kind::Block(inner), Data::Map(map)) if std::ptr::eq(inner, &TLS) => {
                found.push(Named { map, value, acts });
            }
            (Kind::Block(inner) | Kind::MaybeBlock(inner), Data::Map(map)) => {
                collect(map, inner, acts, found);
            }
            (Kind::Blocks(inner), Data::Array(items)) => {
                for item in items {
                    if let Data::Map(map) = &item.data {
                        collect(map, inner, acts, found);
                    }
                }
            }
            (Kind::Named(inner), Data::Map(map)) => {
                for (_, entry) in map.iter() {
                    if let Data::Map(map) = &entry.value.data {
                        collect(map, inner, acts, found);
                    }
                }
            }
            _ => {}
        }
    }
}
