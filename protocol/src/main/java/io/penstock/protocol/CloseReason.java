package io.penstock.protocol;

/// Why a connection, session or stream ended: a value, never an exception.
///
/// One value serves as the log field, the tag of the metric and the word that the admin API shows.
/// Each engine has an implementation of its own, an enum or a sealed family of records.
public interface CloseReason {

  /// A stable lower-case word such as `keepalive_timeout`, unique within its engine.
  String code();

  /// What an operator reads in the log; it may hold details of the fault.
  String logText();

  /// What the other side may be told; it holds nothing that only we should know.
  String peerText();
}
