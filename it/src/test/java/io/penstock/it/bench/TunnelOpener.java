package io.penstock.it.bench;

import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.api.HostPort;
import io.penstock.api.Session;
import io.penstock.api.client.SessionClient;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.quic.QuicHandlers;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SnapTunClient;
import io.penstock.transport.snaptun.SnapTunClientConfig;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Opens tunnels to a server that takes any token, or as nodes of a gateway.
///
/// Used by one thread, except where a method says otherwise.
final class TunnelOpener {

  /// Handshakes at one time.
  static final int AT_ONCE = 16;

  /// Where a tunnel may be opened, and how.
  record Invitation(InetSocketAddress at, String token, List<AddressRange> wanted) {}

  /// Where invitations come from.
  interface Inviter {
    /// Makes some; may block.
    List<Invitation> invitations(int count) throws IOException;
  }

  private final QuicConfig quic = QuicConfig.defaults();
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final QuicDialer dialer;
  private final SnapTunClient client;

  TunnelOpener() throws IOException {
    dialer = new QuicDialer(QuicTls.client(new Trust.Anybody(), List.of(SnapTun.ALPN)), quic);
    client = new SnapTunClient(SnapTunClientConfig.of(quic), blocking);
  }

  /// Invites to a server that takes any token and gives any address.
  static Inviter anybody(HostPort server) {
    InetSocketAddress at = new InetSocketAddress(server.host(), server.port());
    return count -> Collections.nCopies(count, new Invitation(at, "any", List.of()));
  }

  /// Buys sessions from a gateway, each for a node of its own.
  static Inviter nodes(HostPort gateway, Trust trust, String apiToken, String namePrefix) {
    return new Inviter() {
      private int nodes;

      @Override
      public List<Invitation> invitations(int count) throws IOException {
        List<Invitation> bought = new ArrayList<>();
        try (var sessions =
            new SessionClient(
                gateway, ClientTls.jdkContext(trust), apiToken, InstantSource.system())) {
          for (int i = 0; i < count; i++) {
            try (NodeIdentity node = NodeIdentity.ephemeral()) {
              bought.add(invitation(node.openSession(sessions, namePrefix + nodes++)));
            }
          }
        }
        return bought;
      }
    };
  }

  private static Invitation invitation(Session session) {
    long isdAs = session.network().isdAs().toLong();
    return new Invitation(
        new InetSocketAddress(session.quic().host(), session.quic().port()),
        session.token(),
        List.of(AddressRange.ipv4(isdAs, 0), AddressRange.ipv6(isdAs, 0, 0)));
  }

  /// Opens one; from any thread.
  CompletionStage<ConnectResult.Connected> open(EventLoop loop, Invitation invitation) {
    return dialer
        .dial(loop, invitation.at(), "localhost", SnapTunHandlers.client())
        .thenCompose(
            connection -> client.connect(connection, invitation::token, invitation.wanted()))
        .thenApply(
            result ->
                switch (result) {
                  case ConnectResult.Connected connected -> connected;
                  case ConnectResult.Refused(var end) ->
                      throw new IllegalStateException("refused: " + end.logText());
                });
  }

  /// Opens a connection that nobody makes a tunnel of; from any thread.
  CompletionStage<QuicChannel> openBare(EventLoop loop, Invitation invitation) {
    return dialer.dial(
        loop, invitation.at(), "localhost", new QuicHandlers(new Nothing(), new Nothing()));
  }

  private static final class Nothing extends ChannelInboundHandlerAdapter {
    @Override
    public boolean isSharable() {
      return true;
    }
  }

  /// How one of many is opened.
  interface Opening<T> {
    CompletionStage<T> open(Invitation invitation);
  }

  /// Opens many, [#AT_ONCE] at a time, and blocks until all are there.
  static <T> List<T> openAll(List<Invitation> invitations, Opening<T> opening)
      throws IOException, InterruptedException {
    Semaphore free = new Semaphore(AT_ONCE);
    AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
    List<T> opened = new ArrayList<>();
    for (Invitation invitation : invitations) {
      free.acquire();
      opening
          .open(invitation)
          .whenComplete(
              (each, failure) -> {
                if (failure == null) {
                  synchronized (opened) {
                    opened.add(each);
                  }
                } else {
                  failed.set(failure);
                }
                free.release();
              });
    }
    free.acquire(AT_ONCE);
    Throwable failure = failed.get();
    if (failure != null) {
      throw new IOException("a tunnel could not be opened: " + failure.getMessage(), failure);
    }
    return opened;
  }
}
