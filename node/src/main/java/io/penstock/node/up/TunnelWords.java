package io.penstock.node.up;

import io.penstock.node.vpn.VpnListener;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.PeerText;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.PenstockLink;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/// Hears what a tunnel process says: writes what it has for the log into our own, and passes on
/// that the machine or the tunnel's link has changed.
final class TunnelWords implements VpnListener {

  private static final Logger LOG = LoggerFactory.getLogger("tunnel");

  /// As much as a tunnel of ours sends.
  private static final int MAX_CHARS = 4096;

  private final Runnable changed;
  private final CompletableFuture<PenstockLink> stopped = new CompletableFuture<>();

  /// @param changed is run after each change of the settings and of the link
  TunnelWords(Runnable changed) {
    this.changed = changed;
  }

  /// Completes when the tunnel says that its node will not come back by itself.
  CompletableFuture<PenstockLink> stopped() {
    return stopped;
  }

  @Override
  public void peersChanged(PeerUpdate change) {
    if (change.hasPenstockLink()) {
      if (change.getPenstockLink().getState() == PenstockLink.State.STOPPED) {
        stopped.complete(change.getPenstockLink());
      }
      changed.run();
    }
  }

  @Override
  public void settingsApplied(OsSettings settings) {
    LOG.info(
        "network settings applied addresses={} routes={}",
        settings.addresses(),
        settings.included());
    changed.run();
  }

  @Override
  public void log(Log log) {
    LoggingEventBuilder event = LOG.atLevel(level(log.getLevel()));
    for (Log.Field field : log.getFieldsList()) {
      event = event.addKeyValue(shown(field.getName()), shown(field.getValue()));
    }
    int names = log.getLoggerNamesCount();
    String from = names == 0 ? "" : shown(log.getLoggerNames(names - 1)) + ": ";
    event.log("{}{}", from, shown(log.getMessage()));
  }

  private static String shown(String text) {
    return PeerText.printable(text, MAX_CHARS);
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
