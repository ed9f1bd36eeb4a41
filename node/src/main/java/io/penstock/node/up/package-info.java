/// A node for a whole machine: an interface of its own, whose packets a tunnel process carries,
/// with the machine's addresses, routes and DNS set up for it and taken back in the end.
///
/// ```
///   MachineNode ─► TunnelRun ─► TunnelProcess          one for each tunnel process
///        │             └──────► VpnManager ─► OsNetwork
///        └─ UpApi ◄─ UpClient                          penstock status, penstock down
/// ```
@NullMarked
package io.penstock.node.up;

import org.jspecify.annotations.NullMarked;
