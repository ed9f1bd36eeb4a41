package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/// A host with a port, as people write it: `127.0.0.1:8000`, `gateway.example.com:7443`,
/// `[::1]:7443`, or `:7443` for every address of this machine.
///
/// Nothing is looked up until [#resolve].
///
/// @param host a name or an address, IPv6 without brackets; empty for every address
/// @param port 0 to 65535; to listen on 0 means any free port
public record HostPort(String host, int port) {

  /// The highest port (RFC 9293, section 3.1).
  public static final int MAX_PORT = 65_535;

  private static final String ALLOWED =
      "allowed is HOST:PORT such as 127.0.0.1:8000, gateway.example.com:443 or [::1]:8000, or :PORT"
          + " for every address";

  /// The longest name that DNS can carry (RFC 1035, section 2.3.4).
  private static final int MAX_HOST_CHARS = 253;

  private static final Pattern NAME =
      Pattern.compile(
          "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\\.?");

  public HostPort {
    if (port < 0 || port > MAX_PORT) {
      throw new IllegalArgumentException("port is " + port + ", allowed is 0 to 65535");
    }
    if (!host.isEmpty() && !isAddress6(host) && !isName(host)) {
      throw new IllegalArgumentException("host is \"" + host + "\", " + ALLOWED);
    }
  }

  /// Reads an address with its port.
  ///
  /// @throws IllegalArgumentException when it is none, with the text and what is allowed
  @JsonCreator
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw refused(text, "has no port");
    }
    return new HostPort(
        host(text, text.substring(0, colon)), port(text, text.substring(colon + 1)));
  }

  /// Reads an address whose port may be left out.
  ///
  /// @throws IllegalArgumentException when it is none, with the text and what is allowed
  public static HostPort parse(String text, int defaultPort) {
    boolean bracketed = text.startsWith("[") && text.endsWith("]");
    if (bracketed || text.indexOf(':') < 0) {
      if (text.isEmpty()) {
        throw refused(text, "is empty");
      }
      return new HostPort(host(text, text), defaultPort);
    }
    return parse(text);
  }

  /// Whether it means every address of this machine.
  public boolean isEverywhere() {
    return host.isEmpty() || host.equals("0.0.0.0") || host.equals("::");
  }

  /// The same host with another port.
  public HostPort withPort(int other) {
    return new HostPort(host, other);
  }

  /// The address to bind or connect to; a name is looked up, which may block.
  ///
  /// @throws UnknownHostException when the name has no address
  public InetSocketAddress resolve() throws UnknownHostException {
    if (host.isEmpty()) {
      return new InetSocketAddress(port);
    }
    return new InetSocketAddress(InetAddress.getByName(host), port);
  }

  /// The address as text, IPv6 in brackets.
  @Override
  @JsonValue
  public String toString() {
    return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
  }

  private static String host(String text, String host) {
    if (host.startsWith("[")) {
      if (!host.endsWith("]") || !isAddress6(host.substring(1, host.length() - 1))) {
        throw refused(text, "has no IPv6 address between its brackets");
      }
      return host.substring(1, host.length() - 1);
    }
    if (host.indexOf(':') >= 0) {
      throw refused(
          text, text.contains("://") ? "is a URL" : "has an IPv6 address without brackets");
    }
    if (!host.isEmpty() && !isName(host)) {
      throw refused(text, "has no valid host");
    }
    return host;
  }

  private static int port(String text, String digits) {
    if (!digits.matches("[0-9]{1,5}") || Integer.parseInt(digits) > MAX_PORT) {
      throw refused(text, "has no port from 0 to 65535");
    }
    return Integer.parseInt(digits);
  }

  private static boolean isName(String host) {
    return host.length() <= MAX_HOST_CHARS && NAME.matcher(host).matches();
  }

  private static boolean isAddress6(String host) {
    if (host.indexOf(':') < 0 || !host.matches("[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9_.-]{1,32})?")) {
      return false;
    }
    int scope = host.indexOf('%');
    try {
      // The scope names an interface of this machine, which need not exist where this is read.
      InetAddress.ofLiteral(scope < 0 ? host : host.substring(0, scope));
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  private static IllegalArgumentException refused(String text, String fault) {
    String shown = text.length() > MAX_HOST_CHARS ? text.substring(0, MAX_HOST_CHARS) + "…" : text;
    return new IllegalArgumentException("\"" + shown + "\" " + fault + ", " + ALLOWED);
  }
}
