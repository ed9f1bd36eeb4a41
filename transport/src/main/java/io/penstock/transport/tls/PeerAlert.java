package io.penstock.transport.tls;

import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/// Recognises the TLS alert (RFC 8446, section 6) with which a peer ended a handshake.
///
/// Neither engine hands the alert out but in the text of its exception: the JDK's says `Received
/// fatal alert: handshake_failure`, BoringSSL's `SSLV3_ALERT_HANDSHAKE_FAILURE`.
public final class PeerAlert {

  private static final Pattern REFUSES_OFFER =
      Pattern.compile(
          "alert(: |_)(no_application_protocol|handshake_failure)\\b", Pattern.CASE_INSENSITIVE);

  private PeerAlert() {}

  /// Whether the peer has read what we offered and found nothing in it that it takes.
  ///
  /// A timeout, a lost or closed connection, distrust of a certificate and what our own engine
  /// refuses are not that.
  public static boolean refusesOffer(Throwable handshakeFailure) {
    for (Throwable each = handshakeFailure; each != null; each = each.getCause()) {
      String text = each.getMessage();
      if (each instanceof SSLException && text != null && REFUSES_OFFER.matcher(text).find()) {
        return true;
      }
    }
    return false;
  }
}
