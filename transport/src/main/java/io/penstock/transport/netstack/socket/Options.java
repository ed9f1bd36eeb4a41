package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.util.Map;
import java.util.Objects;
import jdk.net.ExtendedSocketOptions;

/// The options of `java.net` by both of their names, the numbers of [SocketOptions] and
/// [SocketOption], and why some of them are not to be had.
///
/// What cannot be honoured is refused: with [UnsupportedOperationException] where an option is
/// named, as the JDK does, and with [SocketException] from the setters that declare it.
final class Options {

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

  private Options() {}

  // ---- named ----

  static <T> void set(OptionHolder holder, SocketOption<T> option, T value) throws IOException {
    requireSupported(holder, option);
    if (!option.type().isInstance(value)) {
      throw new IllegalArgumentException("Invalid value '" + value + "' of " + option);
    }
    holder.change(option, value);
  }

  static <T> T get(OptionHolder holder, SocketOption<T> option) throws IOException {
    requireSupported(holder, option);
    return option.type().cast(holder.value(option));
  }

  private static void requireSupported(OptionHolder holder, SocketOption<?> option) {
    Objects.requireNonNull(option);
    if (!holder.supportedNames().contains(option)) {
      throw new UnsupportedOperationException(refusal(option));
    }
  }

  /// Why an option, or this value of it, is not to be had.
  static String refusal(SocketOption<?> option) {
    String reason = REASONS.get(option);
    return "'" + option + "' not supported" + (reason == null ? "" : ": " + reason);
  }

  // ---- numbered ----

  static void set(OptionHolder holder, int number, Object value) throws SocketException {
    switch (number) {
      case SocketOptions.SO_TIMEOUT -> holder.setTimeoutMillis((Integer) value);
      case SocketOptions.SO_OOBINLINE -> {
        if (Boolean.FALSE.equals(value)) {
          throw new SocketException(
              "'SO_OOBINLINE' cannot be off: the stack delivers urgent data like any other");
        }
      }
      case SocketOptions.SO_LINGER ->
          change(
              holder,
              StandardSocketOptions.SO_LINGER,
              Boolean.FALSE.equals(value) ? Integer.valueOf(-1) : value);
      default -> change(holder, named(number), value);
    }
  }

  static Object get(OptionHolder holder, int number) throws SocketException {
    return switch (number) {
      case SocketOptions.SO_TIMEOUT -> holder.timeoutMillis();
      case SocketOptions.SO_OOBINLINE -> true;
      case SocketOptions.SO_BINDADDR -> holder.localAddress();
      case SocketOptions.IP_TOS -> 0;
      case SocketOptions.SO_LINGER -> {
        Object seconds = value(holder, StandardSocketOptions.SO_LINGER);
        yield seconds.equals(-1) ? false : seconds;
      }
      default -> value(holder, named(number));
    };
  }

  private static void change(OptionHolder holder, SocketOption<?> option, Object value)
      throws SocketException {
    if (!holder.supportedNames().contains(option)) {
      throw new SocketException(refusal(option));
    }
    try {
      holder.change(option, value);
    } catch (SocketException e) {
      throw e;
    } catch (IOException e) {
      throw new SocketException(e.getMessage(), e);
    }
  }

  private static Object value(OptionHolder holder, SocketOption<?> option) throws SocketException {
    if (!holder.supportedNames().contains(option)) {
      throw new SocketException(refusal(option));
    }
    try {
      return holder.value(option);
    } catch (SocketException e) {
      throw e;
    } catch (IOException e) {
      throw new SocketException(e.getMessage(), e);
    }
  }

  private static SocketOption<?> named(int number) throws SocketException {
    return switch (number) {
      case SocketOptions.TCP_NODELAY -> StandardSocketOptions.TCP_NODELAY;
      case SocketOptions.SO_KEEPALIVE -> StandardSocketOptions.SO_KEEPALIVE;
      case SocketOptions.SO_REUSEADDR -> StandardSocketOptions.SO_REUSEADDR;
      case SocketOptions.SO_REUSEPORT -> StandardSocketOptions.SO_REUSEPORT;
      case SocketOptions.SO_SNDBUF -> StandardSocketOptions.SO_SNDBUF;
      case SocketOptions.SO_RCVBUF -> StandardSocketOptions.SO_RCVBUF;
      case SocketOptions.SO_BROADCAST -> StandardSocketOptions.SO_BROADCAST;
      case SocketOptions.IP_TOS -> StandardSocketOptions.IP_TOS;
      case SocketOptions.IP_MULTICAST_IF, SocketOptions.IP_MULTICAST_IF2 ->
          StandardSocketOptions.IP_MULTICAST_IF;
      case SocketOptions.IP_MULTICAST_LOOP -> StandardSocketOptions.IP_MULTICAST_LOOP;
      default -> throw new SocketException("Unknown option " + number);
    };
  }
}
