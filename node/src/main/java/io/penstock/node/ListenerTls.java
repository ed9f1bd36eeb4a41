package io.penstock.node;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.StandardConstants;

/// How a listener speaks TLS, and under which names. Safe for use by several threads.
final class ListenerTls {

  private final SSLSocketFactory sockets;

  /// Lower case; none if the context decides.
  private final Set<String> names;

  private ListenerTls(SSLContext context, Set<String> names) {
    sockets = context.getSocketFactory();
    this.names = names;
  }

  /// A context that decides about names by itself.
  static ListenerTls deciding(SSLContext context) {
    return new ListenerTls(context, Set.of());
  }

  /// A context for these names: whoever asks for another one, or for none, is refused.
  ///
  /// Whoever comes back with a ticket (RFC 8446 section 4.6.1) is shown no certificate, so that the
  /// context alone would not look at the name that is asked for then. That is so where the JDK
  /// keeps sessions in memory (`jdk.tls.server.enableSessionTicketExtension=false`); a ticket that
  /// holds its session by itself, its default, the JDK takes only if it finds the certificate
  /// before it knows the name.
  static ListenerTls named(SSLContext context, List<String> names) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("names are [], allowed is at least one");
    }
    return new ListenerTls(
        context,
        names.stream()
            .map(name -> name.toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet()));
  }

  /// Makes the server's half of a handshake over an accepted connection; blocks for as long as the
  /// visitor likes.
  SSLSocket shakeHands(Socket accepted) throws IOException {
    SSLSocket secure = (SSLSocket) sockets.createSocket(accepted, null, true);
    secure.setUseClientMode(false);
    if (names.isEmpty()) {
      secure.startHandshake();
      return secure;
    }
    AskedName asked = new AskedName(names);
    SSLParameters parameters = secure.getSSLParameters();
    parameters.setSNIMatchers(List.of(asked));
    secure.setSSLParameters(parameters);
    secure.startHandshake();
    if (!asked.isOurs) {
      throw new SSLHandshakeException("no name was asked for");
    }
    return secure;
  }

  /// Looks at the name in a hello (RFC 6066 section 3); is not asked when there is none, which the
  /// JDK lets pass.
  private static final class AskedName extends SNIMatcher {

    private final Set<String> names;
    private volatile boolean isOurs;

    AskedName(Set<String> names) {
      super(StandardConstants.SNI_HOST_NAME);
      this.names = names;
    }

    @Override
    public boolean matches(SNIServerName asked) {
      isOurs =
          asked instanceof SNIHostName host
              && names.contains(host.getAsciiName().toLowerCase(Locale.ROOT));
      return isOurs;
    }
  }
}
