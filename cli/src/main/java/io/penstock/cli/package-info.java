/// The `penstock` command: what a person types, turned into calls of the libraries.
///
/// [Penstock] is the entry, one class per command, one mixin per group of options that several
/// commands share. There is no logic here that an embedder would miss: commands read options, call
/// the public API of gateway, node and api, and print. Everything printed goes through [Console],
/// so tests run a command in-process. Commands run on the main thread and may block.
///
/// Exit codes: 0 done, 1 failed, 2 usage. Results go to standard output, all else to standard
/// error.
@NullMarked
package io.penstock.cli;

import org.jspecify.annotations.NullMarked;
