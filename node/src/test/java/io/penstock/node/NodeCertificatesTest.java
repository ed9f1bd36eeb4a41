package io.penstock.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.HostPort;
import io.penstock.transport.tls.Trust;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// By what a node knows whose certificate it has kept.
class NodeCertificatesTest {

  private static final HostPort GATEWAY = HostPort.parse("gw.example.com:7443");

  @TempDir private Path directory;

  @Test
  void another_authority_in_the_same_file_is_another_gateway() throws Exception {
    Path file = Files.writeString(directory.resolve("ca.crt"), "one");
    String one = NodeCertificates.known(GATEWAY, new Trust.CaFile(file));
    assertThat(NodeCertificates.known(GATEWAY, new Trust.CaFile(file))).isEqualTo(one);
    Files.writeString(file, "two");
    assertThat(NodeCertificates.known(GATEWAY, new Trust.CaFile(file)))
        .isNotEqualTo(one)
        .doesNotContain("\n");
    assertThat(NodeCertificates.known(GATEWAY, new Trust.SystemRoots()))
        .isNotEqualTo(
            NodeCertificates.known(HostPort.parse("gw.example.org:7443"), new Trust.SystemRoots()));
  }
}
