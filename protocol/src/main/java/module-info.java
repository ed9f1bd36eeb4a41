import org.jspecify.annotations.NullMarked;

/// Protocol engines: pure state machines without input or output of their own.
///
/// Nothing here opens a socket, starts a thread, reads a clock or logs: bytes and times come in as
/// arguments and what is to be sent comes out as buffers.
@NullMarked
module io.penstock.protocol {
  requires transitive io.netty.buffer;
  requires io.netty.common;
  requires transitive com.google.protobuf;
  requires static transitive org.jspecify;

  exports io.penstock.protocol;
  exports io.penstock.protocol.codervpn;
  // generated
  exports io.penstock.protocol.codervpn.message;
  exports io.penstock.protocol.kcp;
  exports io.penstock.protocol.netstack;
  exports io.penstock.protocol.netstack.flow;
  exports io.penstock.protocol.netstack.icmp;
  exports io.penstock.protocol.netstack.ip;
  exports io.penstock.protocol.netstack.offload;
  exports io.penstock.protocol.netstack.pcap;
  exports io.penstock.protocol.netstack.tcp;
  exports io.penstock.protocol.netstack.udp;
  exports io.penstock.protocol.netstack.wire;
  exports io.penstock.protocol.smux;
  exports io.penstock.protocol.snaptun;
  // generated; only the runtime looks into its messages
  exports io.penstock.protocol.snaptun.message to
      com.google.protobuf;
}
