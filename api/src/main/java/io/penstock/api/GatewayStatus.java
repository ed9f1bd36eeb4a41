package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// How a gateway is doing.
///
/// @param version of the program
/// @param started when it came up
/// @param phase what it is doing
/// @param listeners the bound addresses by the key of their listener, such as `ingress.http`
/// @param publicEndpoints how visitors reach the ingress listeners
/// @param fingerprint of the gateway's own authority, for agents that pin it; absent with
///   certificates from files
/// @param nativeParts which of `epoll`, `openssl` and `quic` are active
/// @param backends how many agent connections are registered
public record GatewayStatus(
    String version,
    Instant started,
    Phase phase,
    Map<String, String> listeners,
    List<PublicEndpoint> publicEndpoints,
    Optional<String> fingerprint,
    Map<String, Boolean> nativeParts,
    int backends) {

  /// What a gateway is doing.
  public enum Phase {
    /// Not every listener is bound yet.
    STARTING,
    /// Taking visitors and agents.
    SERVING,
    /// Going down: no new work, live work finishes.
    DRAINING;

    /// The word in JSON.
    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public GatewayStatus {
    listeners = Map.copyOf(listeners);
    publicEndpoints = List.copyOf(publicEndpoints);
    nativeParts = Map.copyOf(nativeParts);
  }

  /// The bound addresses in the order of their names, for people to read.
  public Map<String, String> sortedListeners() {
    return new TreeMap<>(listeners);
  }
}
