package io.penstock.gateway.config;

import io.penstock.api.HostPort;
import io.penstock.api.config.ConfigBinder;
import io.penstock.gateway.backend.HealthConfig;
import java.nio.file.Path;
import java.util.Optional;

/// Everything that a gateway can be told.
///
/// A program reads it with [#binder]; whoever embeds a gateway builds it with [#builder].
///
/// @param data the data directory
/// @param gateway what concerns the whole
/// @param ingress where visitors come in
/// @param tunnel where agents come in
/// @param kcp the knobs of KCP
/// @param overlay the private network of the nodes
/// @param health how dead agents are noticed
/// @param admin the admin listener
/// @param client the client API
/// @param storage where tokens and routes are kept
public record GatewayConfig(
    Path data,
    SelfSettings gateway,
    IngressSettings ingress,
    TunnelSettings tunnel,
    KcpSettings kcp,
    OverlaySettings overlay,
    HealthConfig health,
    AdminSettings admin,
    ClientSettings client,
    StorageSettings storage) {

  /// What the environment variables start with.
  public static final String VARIABLE_PREFIX = "PENSTOCK_";

  /// What holds when nothing is set.
  public static GatewayConfig defaults() {
    return builder().build();
  }

  /// Starts from the defaults.
  public static Builder builder() {
    return new Builder();
  }

  /// A binder over the defaults, to which a file, the environment and flags are given.
  public static ConfigBinder<GatewayConfig> binder() {
    return ConfigBinder.of(defaults(), VARIABLE_PREFIX);
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private Path data = DataDirectory.usual();
    private SelfSettings gateway = SelfSettings.DEFAULT;
    private IngressSettings ingress = IngressSettings.DEFAULT;
    private TunnelSettings tunnel = TunnelSettings.DEFAULT;
    private KcpSettings kcp = KcpSettings.DEFAULT;
    private OverlaySettings overlay = OverlaySettings.DEFAULT;
    private HealthConfig health = HealthConfig.DEFAULT;
    private AdminSettings admin = AdminSettings.DEFAULT;
    private ClientSettings client = ClientSettings.DEFAULT;
    private StorageSettings storage = StorageSettings.DEFAULT;

    private Builder() {}

    public Builder data(Path data) {
      this.data = data;
      return this;
    }

    public Builder gateway(SelfSettings gateway) {
      this.gateway = gateway;
      return this;
    }

    public Builder ingress(IngressSettings ingress) {
      this.ingress = ingress;
      return this;
    }

    public Builder tunnel(TunnelSettings tunnel) {
      this.tunnel = tunnel;
      return this;
    }

    public Builder kcp(KcpSettings kcp) {
      this.kcp = kcp;
      return this;
    }

    public Builder overlay(OverlaySettings overlay) {
      this.overlay = overlay;
      return this;
    }

    public Builder health(HealthConfig health) {
      this.health = health;
      return this;
    }

    public Builder admin(AdminSettings admin) {
      this.admin = admin;
      return this;
    }

    public Builder client(ClientSettings client) {
      this.client = client;
      return this;
    }

    public Builder storage(StorageSettings storage) {
      this.storage = storage;
      return this;
    }

    /// Sets the public name of the gateway.
    public Builder hostname(String hostname) {
      this.gateway = new SelfSettings(Optional.of(hostname), gateway.drainLimit());
      return this;
    }

    /// Puts every listener on a free port of the loopback, as tests and demos need it.
    public Builder onFreePorts() {
      HostPort any = new HostPort("127.0.0.1", 0);
      this.ingress = ingress.listeningOn(any, any);
      this.tunnel = tunnel.listeningOn(any);
      this.overlay = overlay.listeningOn(any);
      this.admin = admin.listeningOn(any);
      return this;
    }

    public GatewayConfig build() {
      return new GatewayConfig(
          data, gateway, ingress, tunnel, kcp, overlay, health, admin, client, storage);
    }
  }
}
