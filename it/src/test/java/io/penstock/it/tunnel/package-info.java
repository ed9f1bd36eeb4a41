/// Gateways and agents as whole systems over real sockets: against programs on the original
/// libraries, against each other, and against peers that mean harm. What they have to do is in
/// `docs/protocol/tun2.md`; the Go programs are described in `it/peers/go/README.md`.
package io.penstock.it.tunnel;
