package io.penstock.node.up;

import io.netty.channel.EventLoop;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebConnection;
import io.penstock.api.web.WebLimits;
import io.penstock.api.web.WebResponse;
import io.penstock.node.local.LocalSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// The local API of a machine's overlay interface.
///
/// | Endpoint | Answer |
/// |---|---|
/// | `GET /api/v1/up` | how it is doing, with its peers |
/// | `POST /api/v1/down` | has it end, and answers at once |
final class UpApi implements AutoCloseable {

  static final String SOCKET_NAME = "up.sock";
  static final String UP = "/api/v1/up";
  static final String DOWN = "/api/v1/down";

  private static final int HEAD_BYTES = 16 * 1024;
  private static final int BODY_BYTES = 1024;
  private static final Duration REQUEST_LIMIT = Duration.ofSeconds(15);

  private static final WebApi.Words WORDS =
      new WebApi.Words("the manager", "its state directory", "docs/up.md");

  private final LocalSocket socket;

  private UpApi(LocalSocket socket) {
    this.socket = socket;
  }

  /// Starts the API.
  ///
  /// @param state the directory, which this process has locked
  static UpApi start(EventLoop loop, Path state, MachineNode node) throws IOException {
    WebApi api =
        new WebApi(
            WORDS,
            _ -> {},
            List.of(
                new Endpoint("GET", UP, _ -> WebResponse.json(200, node.report())),
                new Endpoint(
                    "POST",
                    DOWN,
                    _ -> {
                      node.stop();
                      return new WebResponse(202, "", Map.of(), "");
                    })));
    WebLimits limits = new WebLimits(HEAD_BYTES, BODY_BYTES, REQUEST_LIMIT);
    return new UpApi(
        LocalSocket.open(
            loop,
            state.resolve(SOCKET_NAME),
            client -> WebConnection.install(client, api, limits, Thread::startVirtualThread)));
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
