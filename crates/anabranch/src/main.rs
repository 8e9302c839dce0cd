//! The Anabranch server binary.

fn main() {}
