package io.penstock.transport.netstack;

import java.net.SocketException;

/// A connection has ended because the address of ours that it went from is now another one; who
/// needs it connects again.
public final class AddressChangedException extends SocketException {

  private static final long serialVersionUID = 1L;

  AddressChangedException() {
    super("Connection aborted: the local address has changed, connect again");
  }
}
