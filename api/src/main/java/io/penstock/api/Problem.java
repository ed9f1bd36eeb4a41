package io.penstock.api;

/// An error of an API, as `application/problem+json` (RFC 9457).
///
/// @param type always `about:blank`: the status says what kind it is, the code which one
/// @param title the phrase of the status
/// @param status of the HTTP response
/// @param code a stable word for programs
/// @param detail what happened and what is allowed, for people
public record Problem(String type, String title, int status, String code, String detail) {

  /// The content type of a problem in JSON.
  public static final String CONTENT_TYPE = "application/problem+json";

  /// A problem whose status explains its kind.
  public static Problem of(int status, String title, String code, String detail) {
    return new Problem("about:blank", title, status, code, detail);
  }
}
