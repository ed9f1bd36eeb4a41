package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.util.Set;

/// What the cores of [StackSocket] and [StackServerSocket] share: their options.
///
/// The JDK's own [java.net.Socket] and [java.net.ServerSocket] stand in front of a core and keep
/// the rules about what may be called when.
abstract class SocketCore extends SocketImpl {

  /// @throws SocketException when the socket is closed
  abstract OptionStore options() throws SocketException;

  @Override
  protected Set<SocketOption<?>> supportedOptions() {
    try {
      return options().names();
    } catch (SocketException _) {
      return Set.of();
    }
  }

  @Override
  protected <T> void setOption(SocketOption<T> option, T value) throws IOException {
    options().set(option, value);
  }

  @Override
  protected <T> T getOption(SocketOption<T> option) throws IOException {
    return options().get(option);
  }

  @Override
  public void setOption(int number, Object value) throws SocketException {
    options().set(number, value);
  }

  @Override
  public Object getOption(int number) throws SocketException {
    return options().get(number);
  }

  @Override
  protected void sendUrgentData(int data) throws IOException {
    throw new SocketException("Urgent data not supported: the stack sends none");
  }
}
