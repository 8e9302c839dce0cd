//! Test support: servers and clients under test.
