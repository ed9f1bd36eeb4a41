package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// What answers the requests of one [HttpConnection]. Called on its event loop.
public interface HttpService {

  /// Makes what will answer a request.
  ///
  /// @param head valid until [Exchange#begin] has returned
  /// @return null when the request is malformed
  @Nullable Exchange exchange(HttpHead head, HttpConnection connection);

  /// The whole answer to what never became a request; the connection ends after it.
  ByteBuf refusal(Refusal why);

  /// Says whether connections end after the response that they are busy with.
  boolean draining();

  /// The connection is open.
  void opened();

  /// Bytes have come.
  void received(int bytes);

  /// The connection is closed.
  void closed();

  /// One request from its head to the end of its response.
  ///
  /// It ends exactly once, by [HttpConnection#responseEnded], [HttpConnection#answered],
  /// [HttpConnection#tunnelEnded] or [HttpConnection#abort], or by its own [#abandon] or
  /// [#endTunnel]. Called on the event loop.
  interface Exchange {

    /// Starts to answer; `head` is not valid after it.
    void begin(HttpHead head);

    /// Takes bytes of the request body; owns them. What follows the request comes back, owned by
    /// the caller, or null.
    @Nullable ByteBuf nearRead(ByteBuf in);

    /// Sends on what [#nearRead] took.
    void nearReadComplete();

    /// Says that the connection takes bytes again.
    void nearWritable();

    /// Says whether to read on: for the body, or to notice the end of the connection.
    boolean wantsInput();

    /// Says whether the request has been read to its end.
    boolean requestDone();

    /// The rest of the request, for whoever throws it away.
    BodyRelay body();

    /// Says whether the connection was upgraded.
    boolean isTunnel();

    /// The visitor has ended an upgraded connection.
    void endTunnel();

    /// The visitor is gone.
    void abandon();

    /// Acts on a limit that has been reached; otherwise says in how many nanoseconds to ask again.
    long checkLimits(long nowNanos);
  }

  /// Why what came is no request.
  enum Refusal {
    MALFORMED,
    HEAD_TOO_LARGE,
    TARGET_TOO_LONG,
    VERSION,
    /// It did not arrive in time.
    LATE
  }
}
