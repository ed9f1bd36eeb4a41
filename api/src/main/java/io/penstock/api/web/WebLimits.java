package io.penstock.api.web;

import io.penstock.api.config.Requirements;
import java.time.Duration;

/// What one connection to an API may cost.
///
/// Memory: at most `headBytes` and `bodyBytes`, each of them twice while it is handed over, and the
/// answer, of which `bodyBytes` if it has no end.
///
/// @param headBytes the request line, and again all header lines together; more is 414 or 431
/// @param bodyBytes the body; more is 413. Also what of an answer without an end may wait to be
///   sent
/// @param requestLimit for a whole request to arrive, counted from the answer to the one before or
///   from the start of the connection; and for the answer to be taken, or for some of one without
///   an end
public record WebLimits(int headBytes, int bodyBytes, Duration requestLimit) {

  /// A token and a route name fit ten times over.
  public static final int DEFAULT_HEAD_BYTES = 16 * 1024;

  /// The longest request has one route name in it.
  public static final int DEFAULT_BODY_BYTES = 64 * 1024;

  public WebLimits {
    Requirements.of("")
        .bytesBetween("head_bytes", headBytes, 1024, 1024 * 1024)
        .bytesBetween("body_bytes", bodyBytes, 1024, 16 * 1024 * 1024)
        .between("request_limit", requestLimit, Duration.ofMillis(50), Duration.ofHours(1))
        .check();
  }
}
