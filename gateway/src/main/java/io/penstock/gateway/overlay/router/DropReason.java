package io.penstock.gateway.overlay.router;

import io.penstock.protocol.netstack.wire.PacketFault;
import java.util.Locale;

/// Why a packet was not forwarded.
public enum DropReason {
  /// It ends before the length that its header states.
  TRUNCATED,
  /// It goes on behind that length.
  TRAILING_BYTES,
  /// It is neither IPv4 nor IPv6.
  BAD_VERSION,
  /// The header length of IPv4 is impossible.
  BAD_HEADER_LENGTH,
  /// The header checksum of IPv4 is wrong.
  BAD_CHECKSUM,
  /// An option of IPv4 runs out of the header.
  BAD_OPTIONS,
  /// The extension headers of IPv6 are out of order, too many or too long.
  BAD_EXTENSION_HEADERS,
  /// It wants to choose its way.
  SOURCE_ROUTED,
  /// It is a fragment that cannot be, or one that hides its ports.
  BAD_FRAGMENT,
  /// The header of its transport is cut or impossible.
  BAD_TRANSPORT,
  /// Its source is not an address of the tunnel it came from.
  SPOOFED_SOURCE,
  /// The tunnel it came from, or was queued for, has no route any more.
  DETACHED,
  /// Its destination is multicast, broadcast, loopback or link-local.
  UNROUTABLE_DESTINATION,
  /// Nobody has its destination.
  NO_ROUTE,
  /// The node that has its destination is away and may come back.
  ON_HOLD,
  /// Its hop limit is used up.
  HOP_LIMIT,
  /// No rule allows it.
  POLICY,
  /// A rule allows it, but its node or the router has too many flows.
  FLOWS_FULL,
  /// It is an ICMP error about a packet that this flow never carried.
  UNRELATED_ERROR,
  /// It is a later fragment and the first one was not seen.
  UNKNOWN_FRAGMENT,
  /// It is larger than the destination's tunnel carries.
  TOO_BIG,
  /// The way to the destination's event loop is full.
  CROSSING_FULL,
  /// The destination's queue is full, and this was the fattest flow.
  QUEUE_FULL,
  /// Its flow kept a standing queue (CoDel).
  QUEUE_DELAY,
  /// The destination's tunnel has ended.
  PORT_CLOSED,
  /// It is a fragment for the gateway itself, which puts none together.
  SERVICE_FRAGMENT,
  /// The checksum of its transport is wrong; only the gateway's own services look at it.
  SERVICE_CHECKSUM,
  /// It is for the gateway itself, where nothing of that protocol and port is.
  NO_SERVICE,
  /// A service of the gateway itself has no answer to it.
  SERVICE_SILENT,
  /// The gateway has an answer to it, but too many of its own wait.
  SERVICE_BUSY;

  private final String code = name().toLowerCase(Locale.ROOT);

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }

  static DropReason of(PacketFault fault) {
    return switch (fault) {
      case TRUNCATED -> TRUNCATED;
      case TRAILING_BYTES -> TRAILING_BYTES;
      case BAD_VERSION -> BAD_VERSION;
      case BAD_HEADER_LENGTH -> BAD_HEADER_LENGTH;
      case BAD_CHECKSUM -> BAD_CHECKSUM;
      case BAD_OPTIONS -> BAD_OPTIONS;
      case BAD_EXTENSION_HEADERS -> BAD_EXTENSION_HEADERS;
      case SOURCE_ROUTED -> SOURCE_ROUTED;
      case BAD_FRAGMENT -> BAD_FRAGMENT;
      case BAD_TRANSPORT -> BAD_TRANSPORT;
      case NONE -> throw new IllegalArgumentException("no fault is no reason to drop a packet");
    };
  }
}
