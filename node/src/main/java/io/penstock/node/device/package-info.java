/// What carries the packets of a node to and from a TUN device, in the place of a stack in this
/// process.
///
/// [io.penstock.node.DeviceNode] makes a [io.penstock.node.device.DeviceBridge] between its packet
/// tunnel and the device; it lives on the tunnel's event loop. What is exchanged with each peer is
/// counted in a [io.penstock.node.device.PeerTraffic].
@NullMarked
package io.penstock.node.device;

import org.jspecify.annotations.NullMarked;
