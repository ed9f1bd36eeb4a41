//! What the peers have in common: flags, lines of JSON, QUIC endpoints, tokens and addresses.

pub mod addresses;
pub mod arguments;
pub mod packets;
pub mod peer;
pub mod quic;
pub mod tokens;

/// A failure that ends a program, told in its last line.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
