/// What an overlay network needs from the operating system: addresses, MTU and routes of an
/// interface, and DNS; put in place as a whole, and taken back whatever happens in between.
///
/// [io.penstock.node.vpn.os.SettingsReader] makes [io.penstock.node.vpn.os.OsSettings] of the
/// requests of a tunnel, [io.penstock.node.vpn.os.RouteGuard] refuses those that would cut the
/// tunnel off its own way, and an [io.penstock.node.vpn.os.OsNetwork] applies them:
/// [io.penstock.node.vpn.os.LinuxNetwork] with the programs `ip` and `resolvectl`, or with
/// `resolv.conf` and a resolver of our own. What would outlive the interface is first written into
/// an [io.penstock.node.vpn.os.UndoJournal].
///
/// Everything blocks, and happens on the calling thread, in whose namespaces it takes effect: no
/// event loop, and no virtual thread when namespaces differ.
@NullMarked
package io.penstock.node.vpn.os;

import org.jspecify.annotations.NullMarked;
