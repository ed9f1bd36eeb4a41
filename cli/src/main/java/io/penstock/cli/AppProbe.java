package io.penstock.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;

/// A look at whether anything listens where the app should be, before visitors find out.
final class AppProbe {

  private static final int LIMIT_MILLIS = 500;

  private AppProbe() {}

  /// Warns when nothing does; blocks for at most half a second for each address of the host.
  static void warn(URI app, Console console) {
    if (!listens(app)) {
      console.warn(
          "nothing listens at " + app + " yet; visitors get an error page until your app runs");
    }
  }

  private static boolean listens(URI app) {
    int port = app.getPort() >= 0 ? app.getPort() : app.getScheme().endsWith("s") ? 443 : 80;
    try {
      for (InetAddress address : InetAddress.getAllByName(app.getHost())) {
        try (Socket socket = new Socket()) {
          socket.connect(new InetSocketAddress(address, port), LIMIT_MILLIS);
          return true;
        } catch (IOException _) {
          // Perhaps at the next address.
        }
      }
    } catch (UnknownHostException _) {
      return false;
    }
    return false;
  }
}
