package io.penstock.api.web;

import java.io.IOException;

/// An answer with status 200 whose body is written while it is sent, and after which the connection
/// ends.
///
/// @param contentType of the body
/// @param body writes it
public record WebStream(String contentType, Body body) implements WebAnswer {

  /// Writes the body of an answer, on the virtual thread of its request.
  @FunctionalInterface
  public interface Body {

    /// Writes until there is nothing left to say or the reader has gone.
    ///
    /// @throws IOException when the reader has gone or is too slow, as [WebSink#send] says
    /// @throws InterruptedException when the gateway goes down
    void write(WebSink sink) throws IOException, InterruptedException;
  }
}
