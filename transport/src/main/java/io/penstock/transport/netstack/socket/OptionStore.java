package io.penstock.transport.netstack.socket;

import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;

/// The options of one socket, by both of their names: the numbers of [SocketOptions] and
/// [SocketOption].
///
/// What cannot be honoured is refused and the message says why: with
/// [UnsupportedOperationException] where an option is named, as the JDK does, and with
/// [SocketException] from the setters that declare it. Any thread.
abstract class OptionStore {

  private static final String NO_GROUPS = "the stack sends nothing to groups";

  private static final Map<SocketOption<?>, String> REASONS =
      Map.ofEntries(
          Map.entry(StandardSocketOptions.IP_TOS, "the stack sends all packets with class 0"),
          Map.entry(StandardSocketOptions.SO_REUSEPORT, "a port of the stack has one owner"),
          Map.entry(StandardSocketOptions.SO_BROADCAST, NO_GROUPS),
          Map.entry(StandardSocketOptions.IP_MULTICAST_IF, NO_GROUPS),
          Map.entry(StandardSocketOptions.IP_MULTICAST_TTL, NO_GROUPS),
          Map.entry(StandardSocketOptions.IP_MULTICAST_LOOP, NO_GROUPS),
          Map.entry(
              ExtendedSocketOptions.TCP_QUICKACK, "the stack itself decides when to acknowledge"),
          Map.entry(
              ExtendedSocketOptions.IP_DONTFRAGMENT, "the stack follows the path's MTU by itself"),
          Map.entry(ExtendedSocketOptions.SO_INCOMING_NAPI_ID, "there is no network card"));

  private static final Map<Integer, SocketOption<?>> NUMBERS =
      Map.ofEntries(
          Map.entry(SocketOptions.TCP_NODELAY, StandardSocketOptions.TCP_NODELAY),
          Map.entry(SocketOptions.SO_KEEPALIVE, StandardSocketOptions.SO_KEEPALIVE),
          Map.entry(SocketOptions.SO_LINGER, StandardSocketOptions.SO_LINGER),
          Map.entry(SocketOptions.SO_REUSEADDR, StandardSocketOptions.SO_REUSEADDR),
          Map.entry(SocketOptions.SO_REUSEPORT, StandardSocketOptions.SO_REUSEPORT),
          Map.entry(SocketOptions.SO_SNDBUF, StandardSocketOptions.SO_SNDBUF),
          Map.entry(SocketOptions.SO_RCVBUF, StandardSocketOptions.SO_RCVBUF),
          Map.entry(SocketOptions.SO_BROADCAST, StandardSocketOptions.SO_BROADCAST),
          Map.entry(SocketOptions.IP_TOS, StandardSocketOptions.IP_TOS),
          Map.entry(SocketOptions.IP_MULTICAST_IF, StandardSocketOptions.IP_MULTICAST_IF),
          Map.entry(SocketOptions.IP_MULTICAST_IF2, StandardSocketOptions.IP_MULTICAST_IF),
          Map.entry(SocketOptions.IP_MULTICAST_LOOP, StandardSocketOptions.IP_MULTICAST_LOOP));

  private final Channel channel;
  private volatile int timeoutMillis;

  OptionStore(Channel channel) {
    this.channel = channel;
  }

  // ---- what a kind of socket has ----

  /// Which options there are.
  abstract Set<SocketOption<?>> names();

  /// The value of one of them.
  abstract Object value(SocketOption<?> option);

  /// Changes one of them to a value of its type.
  abstract void change(SocketOption<?> option, Object value) throws SocketException;

  /// How long a call may block, 0 for ever.
  final int timeoutMillis() {
    return timeoutMillis;
  }

  /// The local address and port: unspecified and 0 when it has none.
  final InetSocketAddress local() {
    return channel.localAddress() instanceof InetSocketAddress bound
        ? new InetSocketAddress(Literals.named(bound.getAddress()), bound.getPort())
        : new InetSocketAddress(0);
  }

  // ---- named ----

  final <T> void set(SocketOption<T> option, T value) throws IOException {
    requireSupported(option);
    if (!option.type().isInstance(value)) {
      throw new IllegalArgumentException("Invalid value '" + value + "' of " + option);
    }
    change(option, value);
  }

  final <T> T get(SocketOption<T> option) {
    requireSupported(option);
    return option.type().cast(value(option));
  }

  private void requireSupported(SocketOption<?> option) {
    if (!names().contains(Objects.requireNonNull(option))) {
      throw new UnsupportedOperationException(refusal(option));
    }
  }

  private static String refusal(SocketOption<?> option) {
    String reason = REASONS.get(option);
    return "'" + option + "' not supported" + (reason == null ? "" : ": " + reason);
  }

  // ---- numbered ----

  final void set(int number, Object value) throws SocketException {
    switch (number) {
      case SocketOptions.SO_TIMEOUT -> timeoutMillis = (Integer) value;
      case SocketOptions.SO_OOBINLINE -> {
        if (Boolean.FALSE.equals(value)) {
          throw new SocketException(
              "'SO_OOBINLINE' cannot be off: the stack delivers urgent data like any other");
        }
      }
      case SocketOptions.SO_LINGER ->
          change(numbered(number), Boolean.FALSE.equals(value) ? Integer.valueOf(-1) : value);
      default -> change(numbered(number), value);
    }
  }

  final Object get(int number) throws SocketException {
    return switch (number) {
      case SocketOptions.SO_TIMEOUT -> timeoutMillis;
      case SocketOptions.SO_BINDADDR -> local().getAddress();
      case SocketOptions.SO_OOBINLINE -> true;
      case SocketOptions.IP_TOS -> 0;
      case SocketOptions.SO_LINGER -> {
        Object seconds = value(numbered(number));
        yield seconds.equals(-1) ? false : seconds;
      }
      default -> value(numbered(number));
    };
  }

  private SocketOption<?> numbered(int number) throws SocketException {
    SocketOption<?> option = NUMBERS.get(number);
    if (option == null) {
      throw new SocketException("Unknown option " + number);
    }
    if (!names().contains(option)) {
      throw new SocketException(refusal(option));
    }
    return option;
  }
}
