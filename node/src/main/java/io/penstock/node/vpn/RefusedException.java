package io.penstock.node.vpn;

import java.io.IOException;

/// What was asked for is refused, with the words that the other end of the stream is told, or has
/// told.
final class RefusedException extends IOException {

  private static final long serialVersionUID = 1;

  RefusedException(String why) {
    super(why);
  }
}
