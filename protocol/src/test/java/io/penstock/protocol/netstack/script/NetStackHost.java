package io.penstock.protocol.netstack.script;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.tcp.CongestionAlgorithm;
import io.penstock.protocol.netstack.tcp.TcpCloseReason;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.tcp.TcpListener;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.testkit.script.Script;
import io.penstock.testkit.script.ScriptBytes;
import io.penstock.testkit.script.ScriptRunner;
import io.penstock.testkit.script.ScriptedHost;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A stack that scripts are played against.
///
/// | Call | Meaning |
/// |---|---|
/// | `listen [BACKLOG]`, `unlisten` | at port 80 of every address |
/// | `connect`, `connect-to ADDRESS` | to the script's port; to an address where none may begin |
/// | `accept`, `accept none` | the next connection, or that there is none |
/// | `write N`, `read N` | exactly so many bytes, whose values are checked |
/// | `finish`, `close`, `abort` | end our stream; be done with it; reset it |
/// | `nodelay on`, `keepalive S`, `keepaliveprobes S N`, `usertimeout S` | options |
/// | `linkup`, `mtu N` | what the link tells |
/// | `state S`, `closed REASON`, `open` | where the connection is and why |
/// | `ready NEWS…` | exactly this is new: `connected readable writable finished closed`, `acknowledged` for our end, `nothing` |
/// | `readable N`, `mss N`, `cwnd N`, `rto S`, `rtt S` | what a look at the connection shows |
/// | `timewait N`, `connections N`, `challenges N` | what the stack has |
final class NetStackHost implements ScriptedHost {

  private static final int DEFAULT_MTU = 1500;
  private static final long SEED = 7;
  private static final int PREFIX_4 = 24;
  private static final int PREFIX_6 = 64;

  private final boolean ipv4;
  private final ByteBufAllocator allocator;
  private final NetStack stack;
  private final Map<Character, TcpConnection> connections = new HashMap<>();
  private final Map<TcpConnection, Integer> news = new HashMap<>();
  private final Map<Character, Long> written = new HashMap<>();
  private final Map<Character, Long> read = new HashMap<>();
  private @Nullable TcpListener listener;
  private long nowNanos;

  NetStackHost(Script script, ByteBufAllocator allocator) {
    this.allocator = allocator;
    ipv4 = script.ipv4();
    Map<String, String> settings = new HashMap<>(script.settings());
    String mtu = settings.remove("mtu");
    NetStackConfig config = NetStackConfig.builder().tcp(config(settings)).build();
    LinkTraits link = LinkTraits.plain(mtu == null ? DEFAULT_MTU : Integer.parseInt(mtu));
    stack = new NetStack(config, link, allocator, new SplittableRandom(SEED), 0);
    stack.addAddress(endpoint(ScriptRunner.HOST_4, 0), PREFIX_4);
    stack.addAddress(endpoint(ScriptRunner.HOST_6, 0), PREFIX_6);
  }

  private static TcpConfig config(Map<String, String> settings) {
    TcpConfig.Builder builder = TcpConfig.builder();
    settings.forEach(
        (name, value) -> {
          boolean on = value.equals("on");
          switch (name) {
            case "sack" -> builder.sack(on);
            case "timestamps" -> builder.timestamps(on);
            case "windowscaling" -> builder.windowScaling(on);
            case "ecn" -> builder.ecn(on);
            case "pacing" -> builder.pacing(on);
            case "nodelay" -> builder.noDelay(on);
            case "congestion" ->
                builder.congestion(CongestionAlgorithm.valueOf(value.toUpperCase(Locale.ROOT)));
            case "delayedack" -> builder.delayedAckMillis(Integer.parseInt(value));
            case "halfopen" -> builder.maxHalfOpen(Integer.parseInt(value));
            case "receivebuffer" -> {
              builder.initialReceiveBufferBytes(Integer.parseInt(value));
              builder.maxReceiveBufferBytes(Integer.parseInt(value));
            }
            case "keepaliveinterval" ->
                builder.keepAliveIntervalMillis(Integer.parseInt(value) * 1000);
            case "keepaliveprobes" -> builder.keepAliveProbes(Integer.parseInt(value));
            case "usertimeout" -> builder.userTimeoutMillis(Integer.parseInt(value) * 1000);
            default -> throw new IllegalArgumentException("no setting " + name);
          }
        });
    return builder.build();
  }

  private static IpEndpoint endpoint(String address, int port) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(InetAddress.getByName(address).getAddress());
      return bytes.remaining() == 4
          ? IpEndpoint.of4(bytes.getInt(), port)
          : IpEndpoint.of6(bytes.getLong(), bytes.getLong(), port);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  // ---- time and packets ----

  @Override
  public long nowNanos() {
    return nowNanos;
  }

  @Override
  public byte @Nullable [] nextPacket(long untilNanos) {
    while (true) {
      ByteBuf packet = stack.transmit(nowNanos);
      gatherNews();
      if (packet != null) {
        byte[] bytes = ByteBufUtil.getBytes(packet);
        packet.release();
        return bytes;
      }
      long deadline = stack.nextDeadlineNanos();
      if (deadline - untilNanos > 0) {
        nowNanos = Math.max(nowNanos, untilNanos);
        return null;
      }
      nowNanos = Math.max(nowNanos, deadline);
      stack.onDeadline(nowNanos);
    }
  }

  @Override
  public void inject(byte[] packet) {
    stack.receive(allocator.directBuffer(packet.length).writeBytes(packet), nowNanos);
    gatherNews();
  }

  private void gatherNews() {
    for (TcpConnection connection = stack.tcp().pollReady();
        connection != null;
        connection = stack.tcp().pollReady()) {
      news.merge(connection, connection.takeReadiness(), (a, b) -> a | b);
    }
  }

  // ---- calls ----

  @Override
  public void call(char flow, String verb, List<String> arguments) {
    String first = arguments.isEmpty() ? "" : arguments.getFirst();
    switch (verb) {
      case "listen" -> listen(first.isEmpty() ? 16 : Integer.parseInt(first));
      case "unlisten" -> listener().close();
      case "connect" -> connect(flow, Integer.parseInt(first));
      case "connect-to" ->
          assertThat(stack.connect(endpoint(first, 80), nowNanos)).as("connect").isEmpty();
      case "accept" -> accept(flow, first.equals("none"));
      case "linkup" -> stack.linkUp(nowNanos);
      case "mtu" -> stack.setLinkMtu(Integer.parseInt(first));
      case "timewait" -> assertThat(stack.tcp().timeWaitCount()).isEqualTo(number(first));
      case "connections" -> assertThat(stack.tcp().connectionCount()).isEqualTo(number(first));
      case "challenges" ->
          assertThat(stack.tcp().counters().challengeAcks()).isEqualTo(number(first));
      default -> callConnection(flow, connection(flow), verb, first, arguments);
    }
  }

  private static int number(String text) {
    return Integer.parseInt(text);
  }

  private static long nanos(String seconds) {
    return Math.round(Double.parseDouble(seconds) * 1e9);
  }

  private void callConnection(
      char flow, TcpConnection connection, String verb, String first, List<String> arguments) {
    switch (verb) {
      case "write" -> write(flow, connection, number(first));
      case "read" -> read(flow, connection, number(first));
      case "finish" -> connection.finish();
      case "close" -> connection.close();
      case "abort" -> connection.abort();
      case "nodelay" -> connection.setNoDelay(first.equals("on"));
      case "keepalive" -> connection.setKeepAliveIdleNanos(nanos(first));
      case "keepaliveprobes" ->
          connection.setKeepAliveProbes(nanos(first), number(arguments.get(1)));
      case "usertimeout" -> {
        // as a driver does, which has nothing left to send when its owner calls
        assertThat(stack.transmit(nowNanos)).isNull();
        connection.setUserTimeoutNanos(nanos(first));
      }
      case "state" -> assertThat(connection.state()).hasToString(first);
      case "closed" ->
          assertThat(connection.closeReason())
              .isEqualTo(TcpCloseReason.valueOf(first.toUpperCase(Locale.ROOT)));
      case "open" -> assertThat(connection.closeReason()).isNull();
      case "ready" -> assertThat(takeNews(connection)).isEqualTo(new TreeSet<>(arguments));
      case "readable" -> assertThat(connection.readableBytes()).isEqualTo(number(first));
      case "mss" -> assertThat(connection.snapshot().mssBytes()).isEqualTo(number(first));
      case "cwnd" -> assertThat(connection.snapshot().cwndBytes()).isEqualTo(number(first));
      case "rto" -> assertThat(connection.snapshot().rtoNanos()).isEqualTo(nanos(first));
      case "rtt" -> assertThat(connection.snapshot().rttNanos()).isEqualTo(nanos(first));
      default -> throw new IllegalArgumentException("no call " + verb);
    }
  }

  private TcpListener listener() {
    return assertThat(listener).as("listener").isNotNull().actual();
  }

  private TcpConnection connection(char flow) {
    TcpConnection connection = connections.get(flow);
    if (connection == null) {
      throw new IllegalStateException("flow " + flow + " has no connection");
    }
    return connection;
  }

  private void listen(int backlog) {
    listener = stack.tcp().listen(80, backlog).orElseThrow();
  }

  private void connect(char flow, int port) {
    String peer = ipv4 ? ScriptRunner.PEER_4 : ScriptRunner.PEER_6;
    adopt(flow, stack.connect(endpoint(peer, port), nowNanos).orElseThrow());
  }

  private void accept(char flow, boolean none) {
    TcpConnection accepted = listener().accept();
    if (none) {
      assertThat(accepted).isNull();
    } else {
      assertThat(accepted).as("a connection to accept").isNotNull();
      adopt(flow, accepted);
    }
  }

  private void adopt(char flow, @Nullable TcpConnection connection) {
    if (connection != null) {
      connections.put(flow, connection);
      written.put(flow, 0L);
      read.put(flow, 0L);
      connection.attach(flow);
      gatherNews();
    }
  }

  private void write(char flow, TcpConnection connection, int bytes) {
    long place = written.merge(flow, (long) bytes, Long::sum) - bytes;
    ByteBuf data = allocator.directBuffer(bytes).writeBytes(ScriptBytes.of(place, bytes));
    connection.writableBytes();
    connection.write(data);
  }

  private void read(char flow, TcpConnection connection, int bytes) {
    int left = bytes;
    while (left > 0) {
      ByteBuf data = connection.read(left);
      assertThat(data).as("%d more bytes", left).isNotNull();
      if (data != null) {
        byte[] actual = ByteBufUtil.getBytes(data);
        data.release();
        long place = read.merge(flow, (long) actual.length, Long::sum) - actual.length;
        assertThat(actual).isEqualTo(ScriptBytes.of(place, actual.length));
        left -= actual.length;
      }
    }
  }

  private Set<String> takeNews(TcpConnection connection) {
    gatherNews();
    int set = news.getOrDefault(connection, 0);
    news.remove(connection);
    Set<String> words = new TreeSet<>();
    addIf(words, set, TcpConnection.CONNECTED, "connected");
    addIf(words, set, TcpConnection.READABLE, "readable");
    addIf(words, set, TcpConnection.WRITABLE, "writable");
    addIf(words, set, TcpConnection.PEER_FINISHED, "finished");
    addIf(words, set, TcpConnection.CLOSED, "closed");
    addIf(words, set, TcpConnection.END_ACKNOWLEDGED, "acknowledged");
    if (words.isEmpty()) {
      words.add("nothing");
    }
    return words;
  }

  private static void addIf(Set<String> words, int set, int bit, String word) {
    if ((set & bit) != 0) {
      words.add(word);
    }
  }

  @Override
  public void close() {
    connections.values().forEach(TcpConnection::close);
    stack.close();
  }
}
