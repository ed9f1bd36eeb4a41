/// The agent's way from an accepted stream to the local app.
///
/// Each stream carries one HTTP/1.1 request ([io.penstock.transport.relay] carries heads and
/// bodies). [AppProxy] answers the gateway's ping itself, dials the app for everything else, and
/// keeps a few idle connections to it. How a stream begins and ends is set out in
/// `docs/protocol/tun2.md`.
///
/// The agent puts an [AppProxy] on every stream; everything runs on the stream's event loop.
@NullMarked
package io.penstock.node.agent.app;

import org.jspecify.annotations.NullMarked;
