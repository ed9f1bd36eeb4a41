package io.penstock.gateway.certificate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.ServerTls;
import io.penstock.transport.tls.Trust;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GatewayCertificateTest {

  private static final Clock CLOCK = Clock.systemUTC();
  private static final Duration LIMIT = Duration.ofSeconds(10);

  @TempDir Path directory;
  private EventLoopGroup loops;

  @BeforeEach
  void start() {
    loops = NativeSupport.newEventLoops(1, "test");
  }

  @AfterEach
  void stop() {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(2)).syncUninterruptibly();
  }

  @Test
  void the_authority_and_the_certificate_survive_a_restart() throws Exception {
    Identity first = gatewayIdentity(CLOCK);
    Identity second = gatewayIdentity(CLOCK);

    assertThat(second.chain()).isEqualTo(first.chain());
    assertThat(second.key()).isEqualTo(first.key());
  }

  @Test
  void a_certificate_that_runs_out_soon_is_made_anew_by_the_same_authority() throws Exception {
    Identity first = gatewayIdentity(CLOCK);
    Clock later = Clock.fixed(Instant.now().plus(Duration.ofDays(300)), ZoneOffset.UTC);
    Identity second = gatewayIdentity(later);

    assertThat(second.chain().getFirst()).isNotEqualTo(first.chain().getFirst());
    assertThat(second.chain().getLast()).isEqualTo(first.chain().getLast());
  }

  @Test
  void private_keys_are_readable_by_their_owner_alone() throws Exception {
    gatewayIdentity(CLOCK);

    for (String file : List.of("ca.key", "gateway.key")) {
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(file))))
          .as(file)
          .isEqualTo("rw-------");
    }
  }

  @Test
  void the_gateway_is_known_by_its_names_and_by_loopback_addresses() throws Exception {
    var names =
        gatewayIdentity(CLOCK).chain().getFirst().getSubjectAlternativeNames().stream()
            .map(name -> String.valueOf(name.get(1)))
            .toList();

    assertThat(names).contains("tunnel.example.test", "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1");
  }

  @Test
  void a_client_that_has_the_authority_in_a_file_connects_by_name() throws Exception {
    Identity identity = gatewayIdentity(CLOCK);
    var trust = new Trust.CaFile(CertificateAuthority.certificateFile(directory));

    assertThat(handshake(identity, trust, "localhost")).isEqualTo("penstock-tun/1");
    assertThatThrownBy(() -> handshake(identity, trust, "other.example.test"))
        .isInstanceOf(SSLException.class);
  }

  @Test
  void a_pinned_client_looks_at_the_key_and_not_at_the_name() throws Exception {
    Identity identity = gatewayIdentity(CLOCK);
    var pin = new Trust.Pinned(Fingerprint.of(identity.chain().getLast()));

    assertThat(handshake(identity, pin, "other.example.test")).isEqualTo("penstock-tun/1");
  }

  @Test
  void a_pinned_client_refuses_another_authority_and_names_its_key() throws Exception {
    Identity identity = gatewayIdentity(CLOCK);
    var pin = new Trust.Pinned(Fingerprint.parse("sha256:" + "00".repeat(32)));

    assertThatThrownBy(() -> handshake(identity, pin, "localhost"))
        .hasStackTraceContaining("pinned key sha256:0000")
        .hasStackTraceContaining(Fingerprint.of(identity.chain().getLast()).toString());
  }

  @Test
  void a_visitor_gets_a_certificate_only_for_a_host_that_has_a_route() throws Exception {
    var authority = CertificateAuthority.loadOrCreate(directory, CLOCK);
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var certificates =
          new VisitorCertificates(
              authority, "hello.localhost"::equals, List.of("http/1.1"), executor);

      SslContext context =
          certificates.map("Hello.localhost", loops.next().newPromise()).sync().getNow();
      assertThat(context).isNotNull();
      assertThat(certificates.map("hello.localhost", loops.next().newPromise()).sync().getNow())
          .isSameAs(context);
      assertThat(certificates.map("other.test", loops.next().newPromise()).await().isSuccess())
          .isFalse();
      assertThat(certificates.map(null, loops.next().newPromise()).await().isSuccess()).isFalse();
    }
  }

  private Identity gatewayIdentity(Clock clock) throws Exception {
    var authority = CertificateAuthority.loadOrCreate(directory, clock);
    return GatewayCertificate.loadOrIssue(
        directory, authority, Optional.of("Tunnel.example.test"), clock);
  }

  /// Does a handshake over loopback and returns the protocol that was selected.
  private String handshake(Identity identity, Trust trust, String host) throws Exception {
    SslContext server =
        ServerTls.context(identity.key(), identity.chain(), List.of("penstock-tun/1", "http/1.1"));
    ClientTls client = ClientTls.of(trust, List.of("penstock-tun/1"));
    Channel listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NativeSupport.serverSocketChannel())
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(server.newHandler(channel.alloc()));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .sync()
            .channel();
    try {
      int port = ((InetSocketAddress) listener.localAddress()).getPort();
      var handlers = new CompletableFuture<SslHandler>();
      Channel connection =
          new Bootstrap()
              .group(loops)
              .channel(NativeSupport.socketChannel())
              .handler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      SslHandler handler = client.handler(channel.alloc(), host, port, LIMIT);
                      channel.pipeline().addLast(handler);
                      handlers.complete(handler);
                    }
                  })
              .connect(listener.localAddress())
              .sync()
              .channel();
      SslHandler handler = handlers.join();
      try {
        handler.handshakeFuture().sync();
        return handler.applicationProtocol();
      } finally {
        connection.close().sync();
      }
    } finally {
      listener.close().sync();
    }
  }
}
