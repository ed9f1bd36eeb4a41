package io.penstock.node.serve;

import java.util.List;

/// What answers the requests below a mount, as the document says it: exactly one of `path`,
/// `proxy`, `text` and `redirect` is to be set.
///
/// @param path a file or directory, absolute
/// @param proxy where requests go: a port, a URL, `https+insecure://…`, `unix:PATH`
/// @param text the answer itself
/// @param redirect where visitors are sent, after `3xx:` when not with 302
/// @param acceptAppCaps capabilities that the target wants to hear of; kept, and without effect, as
///   the overlay grants none
/// @param penstock what only this product knows
/// @param unknown fields that nobody here knows
public record HttpHandler(
    String path,
    String proxy,
    String text,
    String redirect,
    List<String> acceptAppCaps,
    HandlerExtras penstock,
    KeptJson unknown) {

  public HttpHandler {
    acceptAppCaps = List.copyOf(acceptAppCaps);
  }

  /// A handler that sends requests on.
  public static HttpHandler proxyTo(String target) {
    return of("", target, "", "", HandlerExtras.NONE);
  }

  /// A handler that answers with a text.
  public static HttpHandler textOf(String text) {
    return of("", "", text, "", HandlerExtras.NONE);
  }

  /// A handler that sends visitors elsewhere.
  public static HttpHandler redirectTo(String redirect) {
    return of("", "", "", redirect, HandlerExtras.NONE);
  }

  /// A handler that serves a file or a directory.
  public static HttpHandler filesAt(String path) {
    return of(path, "", "", "", HandlerExtras.NONE);
  }

  /// A handler that gives requests to the embedder.
  public static HttpHandler accept() {
    return of("", "", "", "", new HandlerExtras(true, true, KeptJson.NONE));
  }

  /// The same, with other extras.
  public HttpHandler withPenstock(HandlerExtras extras) {
    return new HttpHandler(path, proxy, text, redirect, acceptAppCaps, extras, unknown);
  }

  private static HttpHandler of(
      String path, String proxy, String text, String redirect, HandlerExtras extras) {
    return new HttpHandler(path, proxy, text, redirect, List.of(), extras, KeptJson.NONE);
  }
}
