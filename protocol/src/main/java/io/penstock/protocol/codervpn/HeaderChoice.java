package io.penstock.protocol.codervpn;

/// Which header this end writes, and when.
///
/// No timer ever chooses: whoever answers waits for the peer until the header limit, and no longer.
public enum HeaderChoice {
  /// At once, in the original form; its version is 1.0, as the Go tunnels that know this form alone
  /// refuse a higher one.
  ORIGINAL,
  /// At once, in today's form.
  CURRENT,
  /// When the peer's header has come, in its form. Two ends that both answer never begin.
  ANSWER
}
