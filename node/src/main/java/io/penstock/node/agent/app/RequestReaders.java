package io.penstock.node.agent.app;

import io.netty.channel.EventLoop;
import io.penstock.transport.relay.HeadReader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Readers of request heads, which hold buffers and are wanted only for a moment of each stream.
///
/// Safe for use by several event loops, each of which has its own.
final class RequestReaders {

  /// Readers that are kept per event loop: as many as may be in use at a time on a busy one.
  private static final int MAX_SPARE = 64;

  private final HeadReader.Limits limits;
  private final Map<EventLoop, Deque<HeadReader>> spare = new ConcurrentHashMap<>();

  RequestReaders(AppConfig config) {
    this.limits =
        new HeadReader.Limits(config.maxHeadBytes(), config.maxHeaders(), config.maxHeadBytes());
  }

  HeadReader take(EventLoop loop) {
    HeadReader reader = on(loop).pollFirst();
    return reader == null ? new HeadReader(HeadReader.Kind.REQUEST, limits) : reader;
  }

  /// Takes back a reader whose heads nobody looks at any more.
  void give(EventLoop loop, HeadReader reader) {
    Deque<HeadReader> kept = on(loop);
    if (kept.size() < MAX_SPARE) {
      reader.reset();
      kept.addFirst(reader);
    }
  }

  private Deque<HeadReader> on(EventLoop loop) {
    Deque<HeadReader> known = spare.get(loop);
    return known != null ? known : spare.computeIfAbsent(loop, _ -> new ArrayDeque<>());
  }
}
