/// What all drivers share: the loop that runs an engine, and the channel that carries one of its
/// byte streams.
///
/// A driver runs on exactly one Netty event loop, that of the channel below it. Everything that
/// carries bytes is a Netty channel, so TLS, HTTP codecs and relays work over all of them.
package io.penstock.transport;
