package io.penstock.node.vpn;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.penstock.protocol.codervpn.message.Log;
import java.util.List;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/// A logback appender that forwards what the loggers let through to the manager of a tunnel.
///
/// Levels keep their names (trace becomes debug), the logger's name becomes the list of its parts,
/// and key-value pairs, the MDC and an exception become fields. Long texts are cut. For programs
/// that use logback, which brings its own jar; a library of another kind gives its records to
/// [LogForward#offer].
public final class LogForwardAppender extends UnsynchronizedAppenderBase<ILoggingEvent>
    implements AutoCloseable {

  /// Enough for a stack trace's better half.
  static final int MAX_TEXT_CHARS = 4096;

  static final int MAX_FIELDS = 64;

  private final LogForward forward;

  private LogForwardAppender(LogForward forward) {
    this.forward = forward;
  }

  /// Forwards what reaches the root logger from now on, until this is closed.
  ///
  /// @throws IllegalStateException when the program's logging is not logback's
  public static LogForwardAppender attach(LogForward forward) {
    if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext logback)) {
      throw new IllegalStateException(
          "the log goes through %s; to forward it, add logback to the program"
              .formatted(LoggerFactory.getILoggerFactory().getClass().getName()));
    }
    var appender = new LogForwardAppender(forward);
    appender.setContext(logback);
    appender.setName("codervpn");
    appender.start();
    root(logback).addAppender(appender);
    return appender;
  }

  private static Logger root(LoggerContext logback) {
    return logback.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  @Override
  protected void append(ILoggingEvent event) {
    forward.offer(log(event));
  }

  private static Log log(ILoggingEvent event) {
    var log =
        Log.newBuilder()
            .setLevel(level(event.getLevel()))
            .setMessage(cut(String.valueOf(event.getFormattedMessage())))
            .addAllLoggerNames(List.of(event.getLoggerName().split("\\.", -1)));
    List<KeyValuePair> pairs = event.getKeyValuePairs();
    if (pairs != null) {
      pairs.forEach(pair -> add(log, pair.key, String.valueOf(pair.value)));
    }
    event.getMDCPropertyMap().forEach((name, value) -> add(log, name, String.valueOf(value)));
    IThrowableProxy failure = event.getThrowableProxy();
    if (failure != null) {
      add(log, "exception", ThrowableProxyUtil.asString(failure));
    }
    return log.build();
  }

  private static Log.Level level(Level level) {
    if (level.isGreaterOrEqual(Level.ERROR)) {
      return Log.Level.ERROR;
    }
    if (level.isGreaterOrEqual(Level.WARN)) {
      return Log.Level.WARN;
    }
    return level.isGreaterOrEqual(Level.INFO) ? Log.Level.INFO : Log.Level.DEBUG;
  }

  private static void add(Log.Builder log, String name, String value) {
    if (log.getFieldsCount() < MAX_FIELDS) {
      log.addFieldsBuilder().setName(cut(name)).setValue(cut(value));
    }
  }

  private static String cut(String text) {
    if (text.length() <= MAX_TEXT_CHARS) {
      return text;
    }
    boolean split = Character.isHighSurrogate(text.charAt(MAX_TEXT_CHARS - 1));
    return text.substring(0, split ? MAX_TEXT_CHARS - 1 : MAX_TEXT_CHARS) + "…";
  }

  /// Forwards nothing more. Repeatable.
  @Override
  public void close() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext logback) {
      root(logback).detachAppender(this);
    }
    stop();
  }
}
