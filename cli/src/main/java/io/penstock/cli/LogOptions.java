package io.penstock.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine.Option;

/// The options that say what is logged to standard error, and how.
final class LogOptions {

  private static final String PATTERN =
      "%d{\"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\",UTC} %-5level %logger{0} %msg%replace( %kvp){'^"
          + " $',''}%n";

  /// The least important events that are logged.
  enum LogLevel {
    ERROR,
    WARN,
    INFO,
    DEBUG
  }

  /// How an event is written.
  enum LogFormat {
    TEXT,
    JSON
  }

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      description = "Log to standard error from this level on: error, warn, info or debug.")
  private Optional<LogLevel> level = Optional.empty();

  @Option(
      names = "--log-format",
      paramLabel = "FORMAT",
      description = "Write log lines as text (default) or json.")
  private Optional<LogFormat> format = Optional.empty();

  /// Sets logging up; `usual` is the level when the user names none.
  void apply(LogLevel usual) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    LogOutlet outlet = new LogOutlet(encoder(context));
    outlet.setContext(context);
    outlet.start();
    var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.valueOf(level.orElse(usual).name()));
    root.addAppender(outlet);
    // Libraries that say at INFO what only their own developers want to know.
    for (String chatty : new String[] {"io.netty", "io.helidon", "com.zaxxer.hikari"}) {
      boolean debug = level.filter(LogLevel.DEBUG::equals).isPresent();
      context.getLogger(chatty).setLevel(debug ? Level.INFO : Level.WARN);
    }
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  private Encoder<ILoggingEvent> encoder(LoggerContext context) {
    EncoderBase<ILoggingEvent> encoder;
    if (format.filter(LogFormat.JSON::equals).isPresent()) {
      encoder = new JsonEncoder();
    } else {
      PatternLayoutEncoder text = new PatternLayoutEncoder();
      text.setPattern(PATTERN);
      encoder = text;
    }
    encoder.setContext(context);
    encoder.start();
    return encoder;
  }
}
