package io.penstock.node.local;

import io.netty.channel.EventLoop;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.penstock.api.NodeReport;
import io.penstock.api.PeerInfo;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebConnection;
import io.penstock.api.web.WebLimits;
import io.penstock.node.proxy.ConnectDoor;
import io.penstock.node.proxy.OverlayDialer;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.ServeManager;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// The local API of a running node, on a Unix socket that its owner alone can open.
///
/// ```
///   socket ─► LocalFront ─┬─ CONNECT ─► into the overlay
///                         └─ all else ─► endpoints
/// ```
///
/// Each command that dials or serves in the foreground keeps one of the socket's connections. Any
/// thread may call this.
public final class LocalApi implements AutoCloseable {

  /// The socket's name in the state directory.
  static final String SOCKET_NAME = "node.sock";

  /// The handler that limits the time until the first bytes come.
  static final String FIRST_BYTES = "first-bytes";

  /// A client of this machine says at once what it wants.
  private static final Duration REQUEST_LIMIT = Duration.ofSeconds(15);

  private static final int HEAD_BYTES = 16 * 1024;

  /// The longest request is a whole serve config, with what JSON needs around it.
  private static final int BODY_BYTES = (1 << 20) + 1024;

  private static final WebApi.Words WORDS =
      new WebApi.Words("the node", "its state directory", "docs/commands.md");

  /// What is behind the API; everything may be called from any thread.
  ///
  /// @param report how the node is doing now
  /// @param peers as the gateway has told last
  /// @param serve what is served, once what was stored is; blocks
  /// @param replaceable what is served, for those who replace it whatever is stored; blocks
  /// @param dialer into the overlay
  public record Behind(
      Supplier<NodeReport> report,
      Supplier<List<PeerInfo>> peers,
      Restored serve,
      Supplier<ServeManager> replaceable,
      OverlayDialer dialer) {

    /// Serves again what was stored.
    @FunctionalInterface
    public interface Restored {

      /// @throws ServeException when it cannot be served
      ServeManager get() throws ServeException;
    }
  }

  private final LocalSocket socket;

  private LocalApi(LocalSocket socket) {
    this.socket = socket;
  }

  /// Starts the API of a node whose state directory this process has locked; blocks for a moment.
  ///
  /// @param loop where connections run, that of the node
  /// @param blocking runs requests, each on a thread of its own
  /// @throws IOException when the socket cannot be made
  public static LocalApi start(EventLoop loop, Path state, Behind behind, Executor blocking)
      throws IOException {
    WebApi api = new WebApi(WORDS, _ -> {}, new LocalEndpoints(behind).all());
    WebLimits limits = new WebLimits(HEAD_BYTES, BODY_BYTES, REQUEST_LIMIT);
    LocalSocket socket =
        LocalSocket.open(
            loop,
            state.resolve(SOCKET_NAME),
            client ->
                client
                    .addLast(
                        FIRST_BYTES,
                        new ReadTimeoutHandler(REQUEST_LIMIT.toMillis(), TimeUnit.MILLISECONDS))
                    .addLast(
                        new LocalFront(
                            pipeline ->
                                ConnectDoor.openToAll(pipeline, behind.dialer(), REQUEST_LIMIT),
                            pipeline -> WebConnection.install(pipeline, api, limits, blocking))));
    return new LocalApi(socket);
  }

  /// The socket.
  public Path socket() {
    return socket.file();
  }

  /// Whether it has not been closed.
  public boolean isOpen() {
    return socket.isOpen();
  }

  /// Ends the API with all its connections, and with them what they serve in the foreground, within
  /// 5 s. Repeatable.
  @Override
  public void close() throws IOException {
    socket.close();
  }

  /// As above with another limit.
  public void close(Duration limit) throws IOException {
    socket.close(limit);
  }
}
