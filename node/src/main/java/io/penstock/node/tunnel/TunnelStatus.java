package io.penstock.node.tunnel;

import io.penstock.api.IpAddress;
import java.time.Duration;
import java.util.List;

/// How a tunnel is doing at one moment.
public sealed interface TunnelStatus {

  /// It is being made.
  record Connecting() implements TunnelStatus {}

  /// Packets travel.
  ///
  /// @param addresses the node's own
  /// @param mtu the largest packet that the path carries now; a change is a status of its own
  record Connected(List<IpAddress> addresses, int mtu) implements TunnelStatus {
    public Connected {
      addresses = List.copyOf(addresses);
    }
  }

  /// It was lost, or could not be made, and is tried again.
  ///
  /// @param reason why
  /// @param retryIn from the moment of this status on
  record Waiting(String reason, Duration retryIn) implements TunnelStatus {}

  /// It is over for a reason that only a person can mend.
  ///
  /// @param code a stable word: one of the session API's, [#REPLACED], or what [PacketTunnel#stop]
  ///   was told
  /// @param message what happened and what to do about it
  record Stopped(String code, String message) implements TunnelStatus {}

  /// It was closed by its owner.
  record Closed() implements TunnelStatus {}

  /// The code of a tunnel that stopped because another one of the same node took over.
  String REPLACED = "replaced";

  /// Whether nothing more will come.
  default boolean isFinal() {
    return switch (this) {
      case Stopped _, Closed _ -> true;
      case Connecting _, Connected _, Waiting _ -> false;
    };
  }
}
