/// The TCP/IP stack with the Linux kernel as its peer, in a network namespace over a TUN device.
package io.penstock.it.netstack;
