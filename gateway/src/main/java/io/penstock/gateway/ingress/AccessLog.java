package io.penstock.gateway.ingress;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// One line for each request, of `key=value` pairs, when it is over; a head that is no request has
/// one too.
///
/// The query is left out, as it may hold secrets; a value with a space or a quote is quoted.
final class AccessLog {

  /// The logger to configure: `io.penstock.access`.
  static final String NAME = "io.penstock.access";

  private static final Logger LOG = LoggerFactory.getLogger(NAME);

  private final @Nullable Level level;

  AccessLog(IngressConfig.AccessLog where) {
    this.level =
        switch (where) {
          case OFF -> null;
          case DEBUG -> Level.DEBUG;
          case INFO -> Level.INFO;
        };
  }

  boolean isOn() {
    return level != null && LOG.isEnabledForLevel(level);
  }

  /// What one line says.
  ///
  /// @param outcome `ok`, the code of an error page, or how the exchange was cut
  record Line(
      String requestId,
      String client,
      String method,
      String host,
      String path,
      @Nullable String route,
      int status,
      String outcome,
      long receivedBytes,
      long sentBytes,
      long durationNanos) {

    /// The line of a head that could not be read as a request.
    static Line refusal(String client, ErrorPage page, long sentBytes) {
      return new Line(
          "-", client, "-", "-", "-", null, page.status(), page.code(), 0, sentBytes, 0);
    }
  }

  void write(Line line) {
    if (level != null) {
      LOG.atLevel(level)
          .log(
              "request id={} client={} method={} host={} path={} route={} status={} outcome={}"
                  + " in={} out={} ms={}",
              line.requestId(),
              line.client(),
              line.method(),
              quoted(line.host()),
              quoted(line.path()),
              line.route() == null ? "-" : quoted(line.route()),
              line.status(),
              line.outcome(),
              line.receivedBytes(),
              line.sentBytes(),
              String.format(Locale.ROOT, "%.1f", line.durationNanos() / 1e6));
    }
  }

  private static String quoted(String value) {
    if (!value.isEmpty() && value.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '"')) {
      return value;
    }
    return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
