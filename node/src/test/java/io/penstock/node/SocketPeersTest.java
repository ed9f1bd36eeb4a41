package io.penstock.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.PeerInfo;
import io.penstock.testkit.leak.LeakCheck;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Who is at the other end of a socket, while the gateway says who has which lease.
@ExtendWith(LeakCheck.class)
class SocketPeersTest {

  private static final UUID ANN = UUID.randomUUID();
  private static final UUID BOB = UUID.randomUUID();
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private LinkedStacks stacks;
  private ServerSocket listener;

  @BeforeEach
  void start() throws Exception {
    stacks = new LinkedStacks();
    listener = stacks.server.listen(Optional.empty(), 80);
  }

  @AfterEach
  void close() throws Exception {
    listener.close();
    stacks.close();
  }

  /// Both ends of a connection from the client.
  private record Connection(Socket dialled, Socket accepted) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      dialled.close();
      accepted.close();
    }
  }

  private Connection connect() throws Exception {
    Socket dialled = stacks.client.dial(LinkedStacks.SERVER.inet(), 80, LIMIT);
    return new Connection(dialled, listener.accept());
  }

  private Optional<PeerInfo> whoIs(Socket socket) {
    return stacks.server.connectionOf(socket).flatMap(stacks.serverStack::whoIs);
  }

  @Test
  void a_socket_is_known_by_the_lease_that_it_began_with_also_after_it_was_closed()
      throws Exception {
    PeerInfo ann = LinkedStacks.at(ANN, "ann", 7);
    stacks.tell(ann);
    Connection connection = connect();
    assertThat(whoIs(connection.accepted())).contains(ann);
    connection.close();
    assertThat(whoIs(connection.accepted())).contains(ann);
  }

  @Test
  void a_lease_that_was_not_known_at_the_syn_is_nobodys_for_ever() throws Exception {
    try (Connection connection = connect()) {
      assertThat(whoIs(connection.accepted())).isEmpty();
      stacks.tell(LinkedStacks.at(ANN, "ann", 7));
      assertThat(stacks.serverStack.whoIs(LinkedStacks.CLIENT.inet())).isPresent();
      assertThat(whoIs(connection.accepted())).isEmpty();
    }
  }

  @Test
  void a_connection_that_began_while_the_gateway_was_away_is_nobodys() throws Exception {
    stacks.tell(LinkedStacks.at(ANN, "ann", 7));
    stacks.peers.lost();
    try (Connection connection = connect()) {
      assertThat(whoIs(connection.accepted())).isEmpty();
    }
  }

  @Test
  void an_address_that_went_to_somebody_else_is_nobody_for_the_socket_from_before()
      throws Exception {
    stacks.tell(LinkedStacks.at(ANN, "ann", 7));
    try (Connection before = connect()) {
      stacks.tell(LinkedStacks.at(BOB, "bob", 8));
      assertThat(whoIs(before.accepted())).isEmpty();
      try (Connection after = connect()) {
        assertThat(whoIs(after.accepted())).map(PeerInfo::name).contains("bob");
      }
    }
  }

  @Test
  void other_sockets_are_nobodys() throws Exception {
    stacks.tell(LinkedStacks.at(ANN, "ann", 7));
    assertThat(whoIs(stacks.server.socketFactory().createSocket())).isEmpty();
    try (ServerSocket machine = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket socket = new Socket(machine.getInetAddress(), machine.getLocalPort())) {
      assertThat(whoIs(socket)).isEmpty();
    }
  }
}
