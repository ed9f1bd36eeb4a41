package io.penstock.transport.tun;

import io.penstock.protocol.Bounds;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import java.nio.charset.StandardCharsets;

/// What a TUN device is to be like, and how much may wait for it.
///
/// **Worst-case memory** of a link: `maxQueuedBytes`, and a read buffer of 64 KiB.
///
/// @param name the interface; `%d` in it stands for the first number that is free. An interface
///   that is there already, made for this user, is used as it is
/// @param mtu the longest packet on the interface, in bytes
/// @param offload the work that the kernel leaves to us
/// @param maxQueuedBytes the packets that the kernel did not take at once, by the size of their
///   buffers
public record TunConfig(String name, int mtu, TunOffload offload, int maxQueuedBytes) {

  /// The first free one of tun0, tun1, …
  public static final String DEFAULT_NAME = "tun%d";

  /// What an Ethernet carries, and the kernel's own default.
  public static final int DEFAULT_MTU = 1500;

  /// A few milliseconds at 1 Gbit/s. The kernel takes packets faster than we make them; only one
  /// whose interface was given a small send buffer ever lets them wait.
  public static final int DEFAULT_MAX_QUEUED_BYTES = 1024 * 1024;

  /// IFNAMSIZ of the kernel without the byte that ends a name.
  private static final int MAX_NAME_BYTES = 15;

  public TunConfig {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    boolean legal =
        bytes > 0
            && bytes <= MAX_NAME_BYTES
            && !name.equals(".")
            && !name.equals("..")
            && name.chars().noneMatch(c -> c <= ' ' || c == '/' || c == ':')
            && name.replaceFirst("%d", "").indexOf('%') < 0;
    if (!legal) {
      throw new IllegalArgumentException(
          "tun name is '%s'; allowed are 1 to %d bytes without space, '/' and ':'"
              .formatted(name, MAX_NAME_BYTES));
    }
    Bounds.requireBetween("tun mtu", mtu, Ipv4Header.MIN_MTU_BYTES, Ipv4Header.MAX_PACKET_BYTES);
    Bounds.requireAtLeast("tun maxQueuedBytes", maxQueuedBytes, 1);
  }

  /// A builder that holds the defaults.
  public static Builder builder() {
    return new Builder();
  }

  /// Collects what differs from the defaults.
  public static final class Builder {

    private String name = DEFAULT_NAME;
    private int mtu = DEFAULT_MTU;
    private TunOffload offload = TunOffload.TCP;
    private int maxQueuedBytes = DEFAULT_MAX_QUEUED_BYTES;

    private Builder() {}

    public Builder name(String name) {
      this.name = name;
      return this;
    }

    public Builder mtu(int mtu) {
      this.mtu = mtu;
      return this;
    }

    public Builder offload(TunOffload offload) {
      this.offload = offload;
      return this;
    }

    public Builder maxQueuedBytes(int bytes) {
      this.maxQueuedBytes = bytes;
      return this;
    }

    public TunConfig build() {
      return new TunConfig(name, mtu, offload, maxQueuedBytes);
    }
  }
}
