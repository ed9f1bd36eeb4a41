/// The overlay as a whole system: gateways with real QUIC, storage and APIs, and nodes of ours that
/// buy sessions from them. What they have to do is in `docs/protocol/snaptun.md`, `sessions.md` and
/// `peers.md`.
package io.penstock.it.overlay;
