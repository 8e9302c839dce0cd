#![no_main]

use anabranch_fuzz::targets::check;

libfuzzer_sys::fuzz_target!(|input: &[u8]| check("publish_headers", input));
