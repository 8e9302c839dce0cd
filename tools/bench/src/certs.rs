//! A certificate for `localhost`, made for one benchmark run.

use std::fs;
use std::path::Path;

use crate::args::Args;
use crate::error::Result;

/// Writes `cert.pem` (which is its own authority) and `key.pem` into `--dir`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let dir = Path::new(args.text("dir", "."));
    let made =
        rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    fs::write(dir.join("cert.pem"), made.cert.pem())?;
    fs::write(dir.join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(())
}
