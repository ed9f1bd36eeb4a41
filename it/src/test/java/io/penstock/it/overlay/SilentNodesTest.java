package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.api.CreatedToken;
import io.penstock.api.IpFamily;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.node.ping.PingResult;
import io.penstock.node.tunnel.TunnelStatus;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.quic.QuicEnd;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.tls.QuicTls;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Connections to a whole gateway that never send a request.
class SilentNodesTest {

  private static final int SILENT = 300;

  /// So many handshakes at a time leave the clients' own time limit alone.
  private static final int AT_ONCE = 50;

  @TempDir private Path data;

  @Test
  void hundreds_of_them_go_away_with_code_2_and_disturb_no_node() throws Exception {
    EventLoopGroup loops = NativeSupport.newEventLoops(1, "silent");
    try (TestOverlay overlay = TestOverlay.start(data)) {
      CreatedToken ann = overlay.token("ann");
      try (TestNode one = overlay.join("one", ann);
          TestNode two = overlay.join("two", ann)) {
        QuicDialer dialer =
            new QuicDialer(
                QuicTls.client(overlay.trust(), List.of(TunnelNames.ALPN_NODE)),
                QuicConfig.defaults());
        var ends = new ConcurrentLinkedQueue<QuicEnd>();
        for (int made = 0; made < SILENT; made += AT_ONCE) {
          connect(dialer, loops, overlay.quic(), ends);
          assertThat(one.ping(two.address(IpFamily.IPV4))).isInstanceOf(PingResult.Reply.class);
        }
        assertThat(overlay.overlay().nodes()).isEqualTo(2);

        await().atMost(Duration.ofSeconds(60)).until(() -> ends.size() == SILENT);

        assertThat(ends).containsOnly(new QuicEnd.ByPeer(2, "timeout establishing snaptun"));
        assertThat(overlay.overlay().tunnelled().refused()).isEqualTo(SILENT);
        assertThat(one.ping(two.address(IpFamily.IPV4))).isInstanceOf(PingResult.Reply.class);
        assertThat(one.statuses()).doesNotHaveAnyElementsOfTypes(TunnelStatus.Waiting.class);
        assertThat(two.statuses()).doesNotHaveAnyElementsOfTypes(TunnelStatus.Waiting.class);
      }
    } finally {
      NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).awaitUninterruptibly();
    }
  }

  private static void connect(
      QuicDialer dialer,
      EventLoopGroup loops,
      InetSocketAddress gateway,
      ConcurrentLinkedQueue<QuicEnd> ends)
      throws Exception {
    List<CompletableFuture<QuicChannel>> dialling = new ArrayList<>();
    for (int i = 0; i < AT_ONCE; i++) {
      dialling.add(
          dialer
              .dial(loops.next(), gateway, "localhost", SnapTunHandlers.client())
              .toCompletableFuture());
    }
    for (CompletableFuture<QuicChannel> each : dialling) {
      QuicEnd.of(each.get(30, TimeUnit.SECONDS)).thenAccept(ends::add);
    }
  }
}
