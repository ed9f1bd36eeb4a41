package io.penstock.node.backend;

import io.netty.channel.EventLoop;
import io.penstock.transport.relay.HeadReader;
import java.util.ArrayDeque;
import java.util.Deque;

/// What the exchanges of one event loop share: idle connections to the backend, and head readers,
/// which hold buffers and are wanted only for a moment of each request.
///
/// Runs on that event loop.
final class BackendLoop {

  /// Readers that are kept: as many as may be in use at a time on a busy loop.
  private static final int MAX_SPARE = 64;

  private final IdleConnections idle;
  private final Http2Connection http2;
  private final HeadReader.Limits limits;
  private final Deque<HeadReader> responses = new ArrayDeque<>();

  BackendLoop(EventLoop loop, BackendConfig config, BackendConnections connections) {
    this.idle = new IdleConnections(loop, config);
    this.http2 = new Http2Connection(loop, config, connections);
    this.limits =
        new HeadReader.Limits(config.maxHeadBytes(), config.maxHeaders(), config.maxHeadBytes());
  }

  IdleConnections idle() {
    return idle;
  }

  Http2Connection http2() {
    return http2;
  }

  HeadReader takeResponseReader() {
    HeadReader spare = responses.pollFirst();
    return spare == null ? new HeadReader(HeadReader.Kind.RESPONSE, limits) : spare;
  }

  /// Takes back a reader whose heads nobody looks at any more.
  void giveResponseReader(HeadReader reader) {
    if (responses.size() < MAX_SPARE) {
      reader.reset();
      responses.addFirst(reader);
    }
  }
}
