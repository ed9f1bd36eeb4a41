/// TLS 1.3 and 1.2 for both ends: which certificate to show, whom to trust, which protocol to
/// speak.
///
/// Called by the gateway and the agent when they set up a listener or a connection, on any thread.
/// The contexts made here are immutable and shared.
package io.penstock.transport.tls;
