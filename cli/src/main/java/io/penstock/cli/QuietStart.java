package io.penstock.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.Logger;

/// Keeps logging silent until a command has said what it wants to log.
///
/// Found by logback through `META-INF/services`; without it the library would print everything from
/// DEBUG on to standard output.
public final class QuietStart extends ContextAwareBase implements Configurator {

  /// Called by logback.
  public QuietStart() {}

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.OFF);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }
}
