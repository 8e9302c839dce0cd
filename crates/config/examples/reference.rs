//! Prints the reference of options and flags: `cargo run -p anabranch-config --example reference
//! > docs/configuration.md` writes it anew.

use std::io::Write;

#[expect(clippy::disallowed_methods, reason = "an example is a program, the crate stays pure")]
fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(anabranch_config::reference().as_bytes())
}
