package io.penstock.node.serve;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.penstock.transport.relay.HttpConnection;
import java.util.Optional;

/// A [ServedPort] at work: what is done with each connection that the port accepts.
///
/// Immutable; runs on the event loop of the connection.
sealed interface Serving {

  /// Takes a connection, open and without auto-read.
  void begin(Channel channel, PortLoop port, ServingParts parts);

  /// HTTP, with or without TLS.
  record Web(WebSites sites) implements Serving {

    @Override
    public void begin(Channel channel, PortLoop port, ServingParts parts) {
      Visitor visitor = parts.visitor(channel);
      if (!sites.tls()) {
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        serve(channel, port, parts, new WebService.From(channel, Optional.empty(), false, visitor));
        return;
      }
      TlsDoor.open(
          channel,
          parts.certificates(),
          TlsContexts.Inside.HTTP,
          name -> port.sites(true).filter(now -> now.has(name)).isPresent(),
          parts.limits().handshakeTimeout(),
          (secure, name, protocol) -> {
            Optional<String> sni = Optional.of(name);
            if (ApplicationProtocolNames.HTTP_2.equals(protocol)) {
              Http2Door.open(
                  secure,
                  parts,
                  stream -> new WebService(port, new WebService.From(stream, sni, true, visitor)));
            } else {
              serve(secure, port, parts, new WebService.From(secure, sni, false, visitor));
            }
          });
    }

    private static void serve(
        Channel channel, PortLoop port, ServingParts parts, WebService.From from) {
      channel
          .pipeline()
          .addLast(
              new HttpConnection(channel, new WebService(port, from), parts.connectionLimits()));
    }
  }

  /// Bytes, with or without TLS.
  record Bytes(ServedPort.Bytes port, Optional<Forward> forward) implements Serving {

    @Override
    public void begin(Channel channel, PortLoop loop, ServingParts parts) {
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
      if (port.tlsName().isEmpty()) {
        next(channel, loop, parts);
        return;
      }
      TlsDoor.open(
          channel,
          parts.certificates(),
          TlsContexts.Inside.BYTES,
          port.tlsName().get()::equals,
          parts.limits().handshakeTimeout(),
          (secure, _, _) -> next(secure, loop, parts));
    }

    private void next(Channel channel, PortLoop loop, ServingParts parts) {
      if (forward.isPresent()) {
        forward.get().begin(channel, parts.limits().forwardTimeout());
      } else {
        parts
            .accepted()
            .add(
                new AcceptedConnection(
                    loop.number(), Optional.empty(), parts.node().whoIs(channel), channel));
      }
    }
  }
}
