package io.penstock.it.netstack.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.netty.channel.unix.Socket;
import io.penstock.testkit.script.Script;
import io.penstock.testkit.script.ScriptRunner;
import io.penstock.testkit.script.ScriptedHost;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunOffload;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The Linux kernel that scripts are played against, in real time: sockets of a network namespace,
/// whose packets go over a TUN device.
///
/// It belongs to the thread that is in the namespace, and everything happens there; the kernel
/// answers a packet before the call that gave it has returned. Calls mean what they mean to the
/// stack; those with `cwnd`, `rto` and `rtt` allow for what the clock does.
final class KernelHost implements ScriptedHost {

  private final KernelSettings settings;
  private final ScriptClock clock = new ScriptClock();
  private final boolean ipv4;
  private final TunWire wire;
  private final Map<Character, KernelSocket> connections = new HashMap<>();
  private final long challengesBefore;
  private @Nullable Socket listener;

  private KernelHost(Script script, KernelSettings settings, TunDevice device) throws Exception {
    this.settings = settings;
    ipv4 = script.ipv4();
    wire = new TunWire(device);
    challengesBefore = KernelTable.counter("TCPChallengeACK");
  }

  /// Makes one in this namespace, on whose thread it is called.
  static KernelHost start(Script script, KernelSettings settings, TunDevice device)
      throws Exception {
    settings.apply();
    return new KernelHost(script, settings, device);
  }

  /// What the device of a script is like.
  static TunConfig device(KernelSettings settings) {
    return TunConfig.builder().offload(TunOffload.NONE).mtu(settings.mtu()).build();
  }

  boolean disturbed() {
    return clock.disturbed();
  }

  // ---- time and packets ----

  @Override
  public long nowNanos() {
    return clock.nanos();
  }

  @Override
  public byte @Nullable [] nextPacket(long untilNanos) {
    while (true) {
      long left = clock.untilNanos(untilNanos);
      wire.look(left);
      byte[] packet = wire.poll();
      if (packet != null) {
        clock.unexpected(System.nanoTime());
        return packet;
      }
      if (left <= 0) {
        clock.reached(untilNanos);
        return null;
      }
    }
  }

  @Override
  public byte @Nullable [] packetAt(long atNanos) {
    long latest = clock.latestNanos(atNanos);
    while (true) {
      long left = clock.untilNanos(latest);
      long from = wire.look(left);
      byte[] packet = wire.poll();
      if (packet != null) {
        clock.arrived(atNanos, from, System.nanoTime());
        return packet;
      }
      if (left <= 0) {
        return null;
      }
    }
  }

  @Override
  public long stampTolerance() {
    return TimeUnit.NANOSECONDS.toMillis(clock.driftNanos() + ScriptClock.EARLY_NANOS);
  }

  @Override
  public void inject(byte[] packet) {
    clock.reached(clock.nanos());
    wire.send(packet);
    clock.reached(clock.nanos());
  }

  // ---- calls ----

  @Override
  public void call(char flow, String verb, List<String> arguments) {
    clock.reached(clock.nanos());
    String first = arguments.isEmpty() ? "" : arguments.getFirst();
    try {
      callKernel(flow, verb, first, arguments);
    } catch (IOException e) {
      throw new AssertionError(verb + ": " + e.getMessage(), e);
    }
    clock.reached(clock.nanos());
  }

  private void callKernel(char flow, String verb, String first, List<String> arguments)
      throws IOException {
    switch (verb) {
      case "listen" -> listen(first.isEmpty() ? 16 : Integer.parseInt(first));
      case "unlisten" -> listener().close();
      case "connect" -> connect(flow, Integer.parseInt(first));
      case "connect-to" -> {
        Socket socket = Socket.newSocketStream();
        assertThatThrownBy(() -> socket.connect(new InetSocketAddress(first, 80)))
            .isInstanceOf(IOException.class);
        socket.close();
      }
      case "accept" -> accept(flow, first.equals("none"));
      case "timewait" -> assertThat(KernelTable.timeWaitCount()).isEqualTo(number(first));
      case "connections" -> assertThat(KernelTable.connectionCount()).isEqualTo(number(first));
      case "challenges" ->
          assertThat(KernelTable.counter("TCPChallengeACK") - challengesBefore)
              .isEqualTo(number(first));
      default -> callConnection(connection(flow), verb, first, arguments);
    }
  }

  private static long number(String text) {
    return Long.parseLong(text);
  }

  private static double seconds(String text) {
    return Double.parseDouble(text);
  }

  private void callConnection(
      KernelSocket connection, String verb, String first, List<String> arguments)
      throws IOException {
    switch (verb) {
      case "write" -> connection.write((int) number(first));
      case "read" -> connection.read((int) number(first));
      case "finish" -> connection.finish();
      case "close" -> connection.close();
      case "abort" -> connection.abort();
      case "nodelay" -> connection.setNoDelay(first.equals("on"));
      case "keepalive" -> connection.setKeepAlive((int) number(first));
      case "usertimeout" -> connection.setUserTimeout((int) (seconds(first) * 1000));
      case "state" -> assertThat(connection.state()).isEqualTo(first);
      case "closed" -> connection.assertClosed(first);
      case "open" -> connection.assertOpen();
      case "ready" -> assertThat(connection.takeNews()).isEqualTo(new TreeSet<>(arguments));
      case "readable" -> assertThat(connection.unreadBytes()).isEqualTo((int) number(first));
      case "mss" -> assertThat(connection.info().mssBytes()).isEqualTo((int) number(first));
      case "cwnd" -> {
        TcpInfo info = connection.info();
        assertThat((long) info.cwndSegments() * info.mssBytes()).isEqualTo(number(first));
      }
      case "rto" -> assertClose(connection.info().rtoMicros(), first);
      case "rtt" -> assertClose(connection.info().rttMicros(), first);
      default -> throw new IllegalArgumentException("no call " + verb);
    }
  }

  private static void assertClose(int micros, String expected) {
    double tolerance = ScriptClock.LATE_NANOS / 1e9;
    assertThat(micros / 1e6).isCloseTo(seconds(expected), within(tolerance));
  }

  private Socket listener() {
    return assertThat(listener).as("listener").isNotNull().actual();
  }

  private KernelSocket connection(char flow) {
    KernelSocket connection = connections.get(flow);
    if (connection == null) {
      throw new IllegalStateException("flow " + flow + " has no connection");
    }
    return connection;
  }

  /// To the kernel a backlog is one less than what it takes.
  private void listen(int backlog) throws IOException {
    listener = Socket.newSocketStream();
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(80));
    settings.apply(listener);
    listener.listen(backlog - 1);
  }

  private void connect(char flow, int port) throws IOException {
    Socket socket = Socket.newSocketStream();
    settings.apply(socket);
    String peer = ipv4 ? ScriptRunner.PEER_4 : ScriptRunner.PEER_6;
    connections.put(flow, KernelSocket.connect(socket, new InetSocketAddress(peer, port)));
  }

  private void accept(char flow, boolean none) throws IOException {
    byte[] address = new byte[32];
    int descriptor = listener().accept(address);
    if (none) {
      assertThat(descriptor).as("descriptor").isNegative();
      return;
    }
    assertThat(descriptor).as("a connection to accept").isNotNegative();
    Socket socket = new Socket(descriptor);
    connections.put(flow, new KernelSocket(socket, socket.remoteAddress().getPort()));
  }

  @Override
  public void close() {
    try {
      for (KernelSocket connection : connections.values()) {
        connection.close();
      }
      if (listener != null) {
        listener.close();
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } finally {
      wire.close();
    }
  }
}
