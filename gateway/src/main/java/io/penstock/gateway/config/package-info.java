/// What a gateway can be told: its addresses, limits and places, as one tree of records.
///
/// Every key has a default, so that a gateway starts with nothing configured; every key can stand
/// in the TOML file, in an environment variable (`PENSTOCK_` and the key) or come from a flag.
/// `docs/configuration.md` lists them. Read once at the start, on the main thread, by the command
/// line or whoever embeds a gateway; immutable afterwards.
@NullMarked
package io.penstock.gateway.config;

import org.jspecify.annotations.NullMarked;
