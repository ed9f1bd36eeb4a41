/// Our side of a TUN device against the Linux kernel on the other.
///
/// [io.penstock.it.tun.NetworkNamespace] is the frame for all tests against the kernel: interfaces,
/// addresses and programs such as `ping` and `curl` in a network of their own, in one process with
/// the test.
@org.jspecify.annotations.NullMarked
package io.penstock.it.tun;
