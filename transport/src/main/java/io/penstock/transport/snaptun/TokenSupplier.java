package io.penstock.transport.snaptun;

/// Where a client gets its tokens.
@FunctionalInterface
public interface TokenSupplier {

  /// Returns a token that is valid now.
  ///
  /// May block; called on the executor given to the client, once at a time. It is interrupted when
  /// it takes longer than the limit of the client, and when the tunnel ends; a call that does not
  /// heed that keeps the next one waiting.
  ///
  /// @throws Exception if there is none; its message goes to the log
  String token() throws Exception;
}
