package io.penstock.api.client;

import io.penstock.api.HostPort;
import io.penstock.api.PeerSnapshot;
import java.io.IOException;
import java.net.URI;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/// Asks the client API on the tunnel port of a gateway which nodes there are.
///
/// Every call throws [ApiException] when it fails and blocks 15 s at most. Safe for use by several
/// threads.
public final class PeerClient implements AutoCloseable {

  private static final String PATH = "/api/v1/peers";

  private final ApiConnection connection;

  /// Makes a client that has not connected yet.
  ///
  /// @param gateway its tunnel port
  /// @param token an API token with the scope `overlay`, or the token of a session
  public PeerClient(HostPort gateway, SSLContext tls, String token) {
    connection =
        new ApiConnection(
            URI.create("https://" + gateway),
            Optional.of(tls),
            Optional.of(token),
            SessionClient.ADVICE);
  }

  /// The nodes that the owner of the token may see, now.
  public PeerSnapshot peers() throws IOException {
    return connection.parse(connection.get(PATH), PeerSnapshot.class);
  }

  @Override
  public void close() {
    connection.close();
  }
}
