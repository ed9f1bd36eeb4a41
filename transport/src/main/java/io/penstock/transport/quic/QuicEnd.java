package io.penstock.transport.quic;

import io.netty.handler.codec.quic.QuicChannel;
import java.util.concurrent.CompletionStage;

/// Why a connection ended.
public sealed interface QuicEnd {

  /// The peer's application closed it (RFC 9000, section 19.19).
  ///
  /// @param reason what the peer says; bytes of its choice, for logs
  record ByPeer(long code, String reason) implements QuicEnd {}

  /// The peer's QUIC or TLS found an error (RFC 9000, section 20.1).
  ///
  /// @param reason what the peer says; bytes of its choice, for logs
  record ErrorAtPeer(long code, String reason) implements QuicEnd {

    /// TLS alerts are codes from here on (RFC 9001, section 4.8).
    private static final int TLS_ALERTS = 0x100;

    /// Whether TLS found it: a certificate that is not trusted, no protocol in common.
    public boolean isTls() {
      return code >= TLS_ALERTS && code < 2 * TLS_ALERTS;
    }
  }

  /// It ended without a word: as a rule the peer has forgotten it and says so with a stateless
  /// reset (RFC 9000, section 10.3).
  record Lost() implements QuicEnd {}

  /// Our QUIC or TLS found an error in what the peer did.
  record ErrorHere(String what) implements QuicEnd {}

  /// Nothing came for the whole idle timeout.
  record IdleTimeout() implements QuicEnd {}

  /// We closed it.
  record ByUs() implements QuicEnd {}

  /// Tells how the connection ends, on its event loop.
  ///
  /// Connections of [QuicServer] and [QuicDialer] are watched from their beginning.
  static CompletionStage<QuicEnd> of(QuicChannel connection) {
    return EndWatch.on(connection).end();
  }
}
