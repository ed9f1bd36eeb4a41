/// The binder that reads a configuration into records: a TOML file, environment variables and flags
/// over documented defaults.
///
/// The rules: every key of a file is known or an error with the nearest known one; every key can be
/// set by an environment variable; all problems are told at once, each with its place. TOML is
/// version 1.0 (<https://toml.io/en/v1.0.0>). Called once at the start of a program, on its main
/// thread; it reads one file and nothing else.
package io.penstock.api.config;
