package io.penstock.node.serve;

import io.penstock.api.PeerInfo;
import io.penstock.node.backend.BackendConnections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The sites of one port at work: mounts by host, and the ways to their backends.
///
/// Immutable; any thread may call it.
final class WebSites {

  private final ServedPort.Web web;
  private final Map<String, MountTable> byHost = new TreeMap<>();
  private final Map<ProxyTarget, BackendConnections> backends;
  private final ServingParts parts;

  /// @param backends of every proxy target of this port, and maybe others
  WebSites(ServedPort.Web web, Map<ProxyTarget, BackendConnections> backends, ServingParts parts) {
    this.web = web;
    this.backends = backends;
    this.parts = parts;
    web.byHost().forEach((host, mounts) -> byHost.put(host, new MountTable(mounts)));
  }

  boolean tls() {
    return web.tls();
  }

  /// Says whether a TLS handshake with this name is for one of the sites.
  boolean has(@Nullable String name) {
    return name != null && byHost.containsKey(name);
  }

  /// The mounts of a host: over TLS of the name in the handshake, else of the one in the request,
  /// as it is or in the zone of the node.
  Optional<MountTable> mounts(Optional<String> sni, String host) {
    if (sni.isPresent()) {
      return Optional.ofNullable(byHost.get(sni.get()));
    }
    MountTable exact = byHost.get(host);
    return exact != null
        ? Optional.of(exact)
        : parts.zone().map(zone -> byHost.get(host + "." + zone));
  }

  BackendConnections backend(ProxyTarget target) {
    return Objects.requireNonNull(backends.get(target));
  }

  /// The way to the embedder, for one request.
  BackendConnections embedder(int port, String mount, Optional<PeerInfo> peer) {
    return parts.embedder(port, mount, peer);
  }
}
