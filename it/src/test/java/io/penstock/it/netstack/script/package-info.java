/// Packet scripts played against the Linux kernel, so that the judge of our stack is not only
/// ourselves.
///
/// The scripts are those of the stack, in `protocol/src/test/resources/scripts/tcp`; each says
/// whether it is played here too. [io.penstock.it.netstack.script.KernelHost] is the host: sockets
/// in a network namespace of its own behind a TUN device, in real time.
@org.jspecify.annotations.NullMarked
package io.penstock.it.netstack.script;
