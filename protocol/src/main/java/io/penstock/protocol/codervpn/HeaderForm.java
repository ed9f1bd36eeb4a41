package io.penstock.protocol.codervpn;

/// How a header is spelled; we read both.
///
/// The two do not mix in any original: role and versions stand in each other's place.
public enum HeaderForm {
  /// `codervpn <major.minor> <role>`, with one version: Go until the end of 2024.
  ORIGINAL,
  /// `codervpn <role> <major.minor>[,<major.minor>…]`: today's.
  CURRENT
}
