/// What a network card would do for a TCP/IP stack, done in software: checksums left open, packets
/// larger than the MTU split, and small ones put together.
///
/// A device with offloads hands up and takes *super packets*: one TCP or UDP header over up to 64
/// KiB of data, and a [io.penstock.protocol.netstack.offload.PacketMeta] that says how large the
/// segments on the wire are. [io.penstock.protocol.netstack.offload.Segmenter] makes of one what a
/// link without offloads takes; [io.penstock.protocol.netstack.offload.TcpCoalescer] does the
/// reverse for the TCP segments of one read batch. Both are pure and allocate nothing per packet
/// but its buffer.
///
/// Specifications: RFC 9293, 791, 8200, 768; the rules by which segments may be merged are those of
/// Linux' generic receive offload, so that splitting a merged packet gives back the segments that
/// came. The drivers of links and the TCP/IP stack call it, each on its own thread.
package io.penstock.protocol.netstack.offload;
