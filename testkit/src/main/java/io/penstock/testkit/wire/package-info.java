/// Plain TCP sockets for tests that speak a protocol byte by byte, as a peer would.
///
/// Tests of any module call this, on their own threads; everything blocks, with a limit.
package io.penstock.testkit.wire;
