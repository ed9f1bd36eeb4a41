package io.penstock.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.SocketException;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Test;

/// Without a node there is no socket at all.
class PenstockSocketFactoryTest {

  @Test
  void without_a_node_there_is_no_socket_but_the_reason() {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    SocketFactory factory = new PenstockSocketFactory("web");
    assertThatThrownBy(factory::createSocket)
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("Node.start");
    assertThatThrownBy(() -> factory.createSocket("localhost", 1))
        .isInstanceOf(SocketException.class);
    assertThatThrownBy(() -> factory.createSocket("localhost", 1, loopback, 0))
        .isInstanceOf(SocketException.class);
    assertThatThrownBy(() -> factory.createSocket(loopback, 1)).isInstanceOf(SocketException.class);
    assertThatThrownBy(() -> factory.createSocket(loopback, 1, loopback, 0))
        .isInstanceOf(SocketException.class);
  }

  @Test
  void the_default_of_the_class_is_not_that_of_the_jdk() {
    assertThat(PenstockSocketFactory.getDefault()).isInstanceOf(PenstockSocketFactory.class);
    assertThatThrownBy(() -> PenstockSocketFactory.getDefault().createSocket())
        .isInstanceOf(SocketException.class);
  }
}
