package io.penstock.it.bench;

import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.StackPair;
import io.penstock.protocol.netstack.StackPair.Version;
import io.penstock.protocol.netstack.SteadyStream;
import io.penstock.protocol.netstack.SteadyStream.Direction;
import io.penstock.protocol.netstack.tcp.TcpConnection;

/// What two stacks do on one thread, that of an event loop, without channels: the engine alone.
final class EngineFigures {

  private static final double NANOS_PER_SECOND = 1e9;

  /// What the writer writes at once.
  private static final int WRITE_BYTES = 64 * 1024;

  /// Connections that are opened, and then closed, in one turn.
  private static final int BATCH = 64;

  private EngineFigures() {}

  /// How fast one stream is: checksums are made and verified, timestamps and SACK are on, and each
  /// byte is copied in by its writer and out by its reader.
  ///
  /// @return in Gbit/s
  static double gbit(int mtuBytes, double seconds) {
    NetStackConfig config = NetStackConfig.defaults();
    try (SteadyStream stream =
        new SteadyStream(
            config,
            mtuBytes,
            Version.IPV4,
            Direction.TO_SERVER,
            WRITE_BYTES,
            PooledByteBufAllocator.DEFAULT,
            System::nanoTime)) {
      long start = System.nanoTime();
      long bytes = 0;
      long nanos = 0;
      while (nanos < seconds * NANOS_PER_SECOND) {
        bytes += stream.turn();
        nanos = System.nanoTime() - start;
      }
      return bytes * 8.0 / nanos;
    }
  }

  /// How many connections one pair of addresses opens and closes, the client first: it keeps them
  /// in TIME-WAIT, and uses their ports again.
  ///
  /// @return in one second
  static double connectionsPerSecond(double seconds) {
    try (StackPair pair = pair(NetStackConfig.defaults())) {
      long start = System.nanoTime();
      long connections = 0;
      long nanos = 0;
      while (nanos < seconds * NANOS_PER_SECOND) {
        openAndClose(pair);
        connections += BATCH;
        nanos = System.nanoTime() - start;
      }
      return connections * NANOS_PER_SECOND / nanos;
    }
  }

  private static StackPair pair(NetStackConfig config) {
    return new StackPair(
        config, 1500, Version.IPV4, PooledByteBufAllocator.DEFAULT, System::nanoTime);
  }

  private static void openAndClose(StackPair pair) {
    for (int i = 0; i < BATCH; i++) {
      pair.connect().attach(pair);
    }
    do {
      pair.exchange();
      acceptAll(pair);
      for (TcpConnection news = pair.client().tcp().pollReady();
          news != null;
          news = pair.client().tcp().pollReady()) {
        if ((news.takeReadiness() & TcpConnection.CONNECTED) != 0) {
          news.close();
        }
      }
      for (TcpConnection news = pair.server().tcp().pollReady();
          news != null;
          news = pair.server().tcp().pollReady()) {
        if ((news.takeReadiness() & TcpConnection.PEER_FINISHED) != 0) {
          news.close();
        }
      }
      pair.tick();
    } while (pair.client().tcp().connectionCount() > 0
        || pair.server().tcp().connectionCount() > 0);
  }

  private static void acceptAll(StackPair pair) {
    for (TcpConnection accepted = pair.accept(); accepted != null; accepted = pair.accept()) {
      accepted.attach(pair);
    }
  }

  /// Opens connections that carry nothing. They stay open as long as the pair is referred to.
  static StackPair idle(int connections) {
    StackPair pair = pair(NetStackConfig.defaults());
    for (int open = 0; open < connections; open++) {
      pair.connect().attach(pair);
      pair.exchange();
      acceptAll(pair);
      while (pair.client().tcp().pollReady() != null || pair.server().tcp().pollReady() != null) {
        // The news is that the handshake is complete.
      }
    }
    if (pair.server().tcp().connectionCount() != connections) {
      throw new IllegalStateException(
          "only " + pair.server().tcp().connectionCount() + " connections are open");
    }
    return pair;
  }
}
