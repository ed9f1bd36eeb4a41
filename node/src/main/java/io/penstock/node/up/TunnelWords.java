package io.penstock.node.up;

import io.penstock.node.vpn.VpnListener;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/// Writes what a tunnel process has for the log into our own.
final class TunnelWords implements VpnListener {

  private static final Logger LOG = LoggerFactory.getLogger("tunnel");

  private final Runnable settingsApplied;

  TunnelWords(Runnable settingsApplied) {
    this.settingsApplied = settingsApplied;
  }

  @Override
  public void peersChanged(PeerUpdate change) {
    // The manager has them.
  }

  @Override
  public void settingsApplied(OsSettings settings) {
    LOG.info(
        "network settings applied addresses={} routes={}",
        settings.addresses(),
        settings.included());
    settingsApplied.run();
  }

  @Override
  public void log(Log log) {
    LoggingEventBuilder event = LOG.atLevel(level(log.getLevel()));
    for (Log.Field field : log.getFieldsList()) {
      event = event.addKeyValue(field.getName(), field.getValue());
    }
    event.log(log.getMessage());
  }

  private static Level level(Log.Level level) {
    return switch (level) {
      case DEBUG, UNRECOGNIZED -> Level.DEBUG;
      case INFO -> Level.INFO;
      case WARN -> Level.WARN;
      case ERROR, CRITICAL, FATAL -> Level.ERROR;
    };
  }
}
