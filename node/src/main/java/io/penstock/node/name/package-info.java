/// Names of the overlay for the whole process, so that a library that looks a host up by itself
/// does not tell the DNS of this machine.
///
/// [io.penstock.node.name.RunningNodes] are those of this process;
/// [io.penstock.node.name.ZoneResolver] asks them for what is in their zones and lets the JDK look
/// up everything else; [io.penstock.node.name.OverlayResolverProvider] puts it behind
/// [java.net.InetAddress]. The JDK calls it, on any thread that looks up a name, which may block.
@NullMarked
package io.penstock.node.name;

import org.jspecify.annotations.NullMarked;
