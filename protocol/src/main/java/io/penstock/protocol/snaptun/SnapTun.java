package io.penstock.protocol.snaptun;

/// The fixed names and limits of the protocol.
public final class SnapTun {

  /// What both ends offer in the TLS handshake of QUIC.
  public static final String ALPN = "snaptun";

  /// The most that a request or a response may take, head and body together.
  public static final int MAX_CONTROL_BYTES = 4096;

  /// The most header lines of a request or a response.
  public static final int MAX_HEADERS = 16;

  /// The most that a client may ask for in one request beyond the original's one.
  ///
  /// So many answers and refusals fit into [#MAX_CONTROL_BYTES] and [#MAX_HEADERS].
  public static final int MAX_ADDRESSES = 8;

  static final String PATH_SESSION_RENEWAL = "/connectrpc.v1.snaptun/renew_session";
  static final String PATH_ADDRESS_ASSIGNMENT = "/connectrpc.v1.snaptun/assign_addresses";

  /// Beyond the original, in a response: which of the wanted addresses was refused, and why.
  static final String HEADER_REFUSED = "Penstock-Refused";

  /// Beyond the original, in a request: with [#TELL_REFUSED] the client understands
  /// [#HEADER_REFUSED]. The original's server ignores it, as every header that it does not know.
  static final String HEADER_TELL = "Penstock-Tell";

  static final String TELL_REFUSED = "refused";

  private SnapTun() {}
}
