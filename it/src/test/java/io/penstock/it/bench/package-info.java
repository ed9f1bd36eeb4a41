/// Benchmarks: our gateway and agent beside the Go pair, a plain splice and direct access; our
/// packet tunnels beside the Rust original's; whole nodes beside the kernel's loopback; the TCP/IP
/// stack beside the Linux kernel and by itself.
///
/// Started by `tools/bench`, never by the tests; nothing here asserts a time. Each measured program
/// is a process of its own, so that they share nothing but the machine.
@NullMarked
package io.penstock.it.bench;

import org.jspecify.annotations.NullMarked;
