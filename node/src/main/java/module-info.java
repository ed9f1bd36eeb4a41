import org.jspecify.annotations.NullMarked;

/// The client side as an embeddable library: the reverse-tunnel agent, and the overlay node.
@NullMarked
module io.penstock.node {
  requires transitive io.penstock.api;
  requires transitive io.penstock.transport;
  requires io.netty.codec;
  requires io.netty.codec.socks;
  requires io.netty.codec.haproxy;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;
  requires org.slf4j;
  // for programs that use it
  requires static ch.qos.logback.classic;
  requires static ch.qos.logback.core;
  requires static transitive org.jspecify;

  exports io.penstock.node;
  exports io.penstock.node.agent;
  exports io.penstock.node.agent.app;
  exports io.penstock.node.capture;
  exports io.penstock.node.demo;
  exports io.penstock.node.device;
  exports io.penstock.node.fallback;
  exports io.penstock.node.identity;
  exports io.penstock.node.local;
  exports io.penstock.node.overlay;
  exports io.penstock.node.ping;
  exports io.penstock.node.proxy;
  exports io.penstock.node.serve;
  exports io.penstock.node.tunnel;
  exports io.penstock.node.up;
  exports io.penstock.node.vpn;
  exports io.penstock.node.vpn.dns;
  exports io.penstock.node.vpn.os;

  provides java.net.spi.InetAddressResolverProvider with
      io.penstock.node.name.OverlayResolverProvider;
}
