package io.penstock.node.agent.app;

import io.netty.channel.EventLoop;
import io.penstock.transport.relay.HeadReader;
import java.util.ArrayDeque;
import java.util.Deque;

/// What the streams of one event loop share: idle connections to the app, and head readers, which
/// hold buffers and are wanted only for a moment of each request.
///
/// Runs on that event loop.
final class AppLoop {

  /// Readers of each kind that are kept: as many as may be in use at a time on a busy loop.
  private static final int MAX_SPARE = 64;

  private final IdleConnections idle;
  private final HeadReader.Limits limits;
  private final Deque<HeadReader> requests = new ArrayDeque<>();
  private final Deque<HeadReader> responses = new ArrayDeque<>();

  AppLoop(EventLoop loop, AppConfig config) {
    this.idle = new IdleConnections(loop, config);
    this.limits =
        new HeadReader.Limits(config.maxHeadBytes(), config.maxHeaders(), config.maxHeadBytes());
  }

  IdleConnections idle() {
    return idle;
  }

  HeadReader takeRequestReader() {
    HeadReader spare = requests.pollFirst();
    return spare == null ? new HeadReader(HeadReader.Kind.REQUEST, limits) : spare;
  }

  HeadReader takeResponseReader() {
    HeadReader spare = responses.pollFirst();
    return spare == null ? new HeadReader(HeadReader.Kind.RESPONSE, limits) : spare;
  }

  /// Takes back a reader whose heads nobody looks at any more.
  void giveRequestReader(HeadReader reader) {
    give(requests, reader);
  }

  /// Takes back a reader whose heads nobody looks at any more.
  void giveResponseReader(HeadReader reader) {
    give(responses, reader);
  }

  private static void give(Deque<HeadReader> spare, HeadReader reader) {
    if (spare.size() < MAX_SPARE) {
      reader.reset();
      spare.addFirst(reader);
    }
  }
}
