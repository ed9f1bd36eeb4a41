import org.jspecify.annotations.NullMarked;

/// Drivers that give the protocol engines a wire: each stream of bytes is a Netty channel.
@NullMarked
module io.penstock.transport {
  requires transitive io.penstock.protocol;
  requires transitive io.netty.buffer;
  requires transitive io.netty.common;
  requires transitive io.netty.transport;
  requires transitive io.netty.handler;
  requires transitive io.netty.codec.http;
  requires io.netty.codec;
  requires transitive io.netty.codec.http2;
  requires transitive io.netty.codec.classes.quic;
  requires io.netty.resolver;
  requires io.netty.transport.classes.epoll;
  requires io.netty.transport.unix.common;
  requires jdk.net;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports io.penstock.transport;
  exports io.penstock.transport.codervpn;
  exports io.penstock.transport.http2;
  exports io.penstock.transport.kcp;
  exports io.penstock.transport.netstack;
  exports io.penstock.transport.netstack.socket;
  exports io.penstock.transport.quic;
  exports io.penstock.transport.smux;
  exports io.penstock.transport.snaptun;
  exports io.penstock.transport.relay;
  exports io.penstock.transport.tls;
  exports io.penstock.transport.tun;
}
