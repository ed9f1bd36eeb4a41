package io.penstock.transport.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import java.util.List;

/// The protocol versions that both ends speak, and how they agree on what comes after TLS.
final class TlsVersions {

  /// TLS 1.3 (RFC 8446) and 1.2 (RFC 5246); nothing older is safe.
  static final List<String> ALL = List.of("TLSv1.3", "TLSv1.2");

  private TlsVersions() {}

  /// Agrees on one of the protocols or on none; whether none is good enough, the caller decides.
  static ApplicationProtocolConfig alpn(List<String> protocols) {
    return new ApplicationProtocolConfig(
        Protocol.ALPN,
        SelectorFailureBehavior.NO_ADVERTISE,
        SelectedListenerFailureBehavior.ACCEPT,
        protocols);
  }
}
