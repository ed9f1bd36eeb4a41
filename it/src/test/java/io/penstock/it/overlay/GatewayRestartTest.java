package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.node.tunnel.TunnelStatus;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nodes while their gateway is replaced by another one on the same data.
class GatewayRestartTest {

  @TempDir private Path data;

  @Test
  void nodes_keep_their_addresses_and_talk_on_without_being_told() throws Exception {
    try (TestOverlay overlay = TestOverlay.start(data)) {
      CreatedToken ann = overlay.token("ann");
      try (TestNode one = overlay.join("one", ann);
          TestNode two = overlay.join("two", ann)) {
        List<IpAddress> addressesOfOne = one.tunnel().addresses();
        List<IpAddress> addressesOfTwo = two.tunnel().addresses();
        one.awaitReply(two.address(IpFamily.IPV4));

        overlay.restart();

        for (IpAddress address : addressesOfTwo) {
          one.awaitReply(address);
        }
        for (IpAddress address : addressesOfOne) {
          two.awaitReply(address);
        }
        one.awaitConnected();
        two.awaitConnected();
        assertThat(one.tunnel().addresses()).isEqualTo(addressesOfOne);
        assertThat(two.tunnel().addresses()).isEqualTo(addressesOfTwo);
        assertThat(one.statuses())
            .as("the tunnel was lost in between")
            .hasAtLeastOneElementOfType(TunnelStatus.Waiting.class);
        assertThat(overlay.overlay().nodes()).isEqualTo(2);
      }
    }
  }
}
