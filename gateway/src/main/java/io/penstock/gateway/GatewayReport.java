package io.penstock.gateway;

import io.penstock.api.GatewayStatus;
import io.penstock.api.PublicEndpoint;
import io.penstock.transport.NativeSupport;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a gateway says of itself.
final class GatewayReport {

  private GatewayReport() {}

  /// The version of this program, as it was packed.
  static String version() {
    String packed = Gateway.class.getPackage().getImplementationVersion();
    return packed == null ? "unpacked" : packed;
  }

  static GatewayStatus status(
      Instant started,
      GatewayStatus.Phase phase,
      GatewayAddresses addresses,
      List<PublicEndpoint> endpoints,
      Optional<String> fingerprint,
      int backends) {
    return new GatewayStatus(
        version(),
        started,
        phase,
        addresses.byKey(),
        endpoints,
        fingerprint,
        Map.of(
            "epoll", NativeSupport.epoll(),
            "openssl", NativeSupport.openSsl(),
            "quic", NativeSupport.quic()),
        backends);
  }
}
