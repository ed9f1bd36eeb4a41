package io.penstock.cli;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Sends log lines to standard error, or to whoever has the terminal.
final class LogOutlet extends AppenderBase<ILoggingEvent> {

  private static final Consumer<String> STDERR = System.err::println;
  private static volatile Consumer<String> outlet = STDERR;

  private final Encoder<ILoggingEvent> encoder;

  LogOutlet(Encoder<ILoggingEvent> encoder) {
    this.encoder = encoder;
  }

  /// Hands lines to `other` from now on.
  static void divert(Consumer<String> other) {
    outlet = other;
  }

  /// Hands lines to standard error again.
  static void restore() {
    outlet = STDERR;
  }

  @Override
  protected void append(ILoggingEvent event) {
    String text = new String(encoder.encode(event), StandardCharsets.UTF_8);
    outlet.accept(text.stripTrailing());
  }
}
