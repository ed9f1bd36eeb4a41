/// The tunnel role of codervpn over real nodes and a whole gateway, with managers over pipes and
/// sockets. What it has to do is in `docs/protocol/codervpn.md`.
package io.penstock.it.vpn;
