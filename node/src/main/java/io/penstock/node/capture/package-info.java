/// Captures of a node's packets as pcap files.
///
/// [io.penstock.node.capture.PacketCapture] sees packets on the event loop of a stack and writes
/// them on a virtual thread. The node calls it; from any thread.
@NullMarked
package io.penstock.node.capture;

import org.jspecify.annotations.NullMarked;
