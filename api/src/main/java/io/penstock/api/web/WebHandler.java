package io.penstock.api.web;

import java.io.IOException;

/// Answers the requests of one endpoint, on a virtual thread of each request's own.
@FunctionalInterface
public interface WebHandler {

  /// Answers one request; may block.
  ///
  /// @throws WebProblemException when the caller has to be told of an error
  /// @throws IOException when something that the program needs is away, which is told as 503
  WebAnswer handle(WebRequest request) throws WebProblemException, IOException;
}
