package io.penstock.node.vpn.os;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.node.vpn.dns.SplitResolverConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of a `resolv.conf` that somebody else changes while it is ours.
class ResolvConfDnsTest {

  private static final String HOME = "search home.example\nnameserver 127.0.0.8\n";
  private static final String CAFE = "search cafe.example\nnameserver 192.0.2.9\n";

  @TempDir Path directory;

  private Path file;
  private ResolvConfDns dns;

  @BeforeEach
  void begin() throws IOException {
    file = Files.writeString(directory.resolve("resolv.conf"), HOME);
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      dns =
          ResolvConfDns.of(
              file, SplitResolverConfig.at((InetSocketAddress) free.getLocalSocketAddress()));
    }
  }

  @AfterEach
  void end() {
    dns.end();
  }

  private static Optional<OsDns> searching(String domain) {
    return Optional.of(
        new OsDns(
            List.of(IpAddress.parse("10.86.0.1")), List.of("penstock.internal"), List.of(domain)));
  }

  private Step change(Optional<OsDns> before, Optional<OsDns> after) throws IOException {
    Step step = dns.change(before, after).step();
    step.apply();
    return step;
  }

  @Test
  void servers_that_the_machine_got_meanwhile_are_kept() throws IOException {
    change(Optional.empty(), searching("one.test"));
    assertThat(file).content().contains("\nsearch home.example one.test\n");

    Files.writeString(file, CAFE);
    change(searching("one.test"), searching("two.test"));
    assertThat(file).content().contains("\nsearch cafe.example two.test\n");
    assertThat(dns.upstream()).containsExactly(IpAddress.parse("192.0.2.9"));

    change(searching("two.test"), searching("three.test"));
    assertThat(file).content().contains("\nsearch cafe.example three.test\n");

    change(searching("three.test"), Optional.empty());
    assertThat(file).hasContent(CAFE);
  }

  @Test
  void a_change_that_is_taken_back_leaves_what_was_there_before_it() throws IOException {
    change(Optional.empty(), searching("one.test"));
    String ours = Files.readString(file);
    change(searching("one.test"), searching("two.test")).undo();
    assertThat(file).hasContent(ours);

    Files.writeString(file, CAFE);
    change(searching("one.test"), searching("two.test")).undo();
    assertThat(file).hasContent(CAFE);
    change(searching("one.test"), Optional.empty()).undo();
    assertThat(file).as("not ours, so not put back as ours").hasContent(CAFE);
  }

  @Test
  void without_a_server_the_one_of_this_machine_is_asked() {
    assertThat(ResolvConf.parse("search a.test\n").serversOrDefault()).containsExactly("127.0.0.1");
    assertThat(ResolvConf.parse(HOME).serversOrDefault()).containsExactly("127.0.0.8");
  }
}
