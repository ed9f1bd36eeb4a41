package io.penstock.protocol.codervpn;

import java.util.Locale;

/// What is wrong with a header, or with its absence.
public enum HeaderFault {
  /// 256 bytes came without an end of line.
  TOO_LONG,
  /// The first word is not `codervpn`.
  PREAMBLE,
  /// Not three words with one blank between them.
  WORDS,
  /// The role is not that of the other end.
  ROLE,
  /// The versions are not versions, or not in order.
  VERSIONS,
  /// The two ends speak no major version in common.
  NO_COMMON_VERSION,
  /// No whole header came within the limit.
  TIMEOUT,
  /// The stream ended before the end of the line.
  ENDED;

  /// A stable word for metrics and the admin API.
  public String code() {
    return "header_" + name().toLowerCase(Locale.ROOT);
  }
}
