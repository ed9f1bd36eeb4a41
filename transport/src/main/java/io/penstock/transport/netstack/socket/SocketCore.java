package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.util.Set;

/// What the cores of [StackSocket] and [StackServerSocket] share: their options and timeouts.
///
/// The JDK's own [java.net.Socket] and [java.net.ServerSocket] stand in front of a core and keep
/// the rules about what may be called when.
abstract class SocketCore extends SocketImpl implements OptionHolder {

  private volatile int timeoutMillis;

  @Override
  public int timeoutMillis() {
    return timeoutMillis;
  }

  @Override
  public void setTimeoutMillis(int millis) {
    timeoutMillis = millis;
  }

  @Override
  protected Set<SocketOption<?>> supportedOptions() {
    return supportedNames();
  }

  @Override
  protected <T> void setOption(SocketOption<T> option, T value) throws IOException {
    Options.set(this, option, value);
  }

  @Override
  protected <T> T getOption(SocketOption<T> option) throws IOException {
    return Options.get(this, option);
  }

  @Override
  public void setOption(int number, Object value) throws SocketException {
    Options.set(this, number, value);
  }

  @Override
  public Object getOption(int number) throws SocketException {
    return Options.get(this, number);
  }

  @Override
  protected void sendUrgentData(int data) throws IOException {
    throw new SocketException("Urgent data not supported: the stack sends none");
  }
}
