package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocketImpl;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.util.Set;

/// What the JDK asks of every UDP socket besides to send and to receive: options, and multicast
/// groups, which are refused.
abstract class GrouplessCore extends DatagramSocketImpl {

  abstract OptionStore options();

  @Override
  protected Set<SocketOption<?>> supportedOptions() {
    return options().names();
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

  // ---- refused ----

  private static SocketException noGroups() {
    return new SocketException("the stack joins no multicast groups and sends to none");
  }

  @Override
  protected void joinGroup(SocketAddress group, NetworkInterface at) throws IOException {
    throw noGroups();
  }

  @Override
  protected void leaveGroup(SocketAddress group, NetworkInterface at) throws IOException {
    throw noGroups();
  }

  @Override
  protected void join(InetAddress group) throws IOException {
    throw noGroups();
  }

  @Override
  protected void leave(InetAddress group) throws IOException {
    throw noGroups();
  }

  @Override
  protected void setTimeToLive(int hops) throws IOException {
    throw noGroups();
  }

  @Override
  protected int getTimeToLive() throws IOException {
    throw noGroups();
  }

  @Override
  @Deprecated(since = "1.2")
  @SuppressWarnings("removal")
  protected void setTTL(byte hops) throws IOException {
    throw noGroups();
  }

  @Override
  @Deprecated(since = "1.2")
  @SuppressWarnings("removal")
  protected byte getTTL() throws IOException {
    throw noGroups();
  }

  private static SocketException noPeek() {
    return new SocketException("a datagram is received, not looked at");
  }

  @Override
  protected int peek(InetAddress from) throws IOException {
    throw noPeek();
  }

  @Override
  protected int peekData(DatagramPacket packet) throws IOException {
    throw noPeek();
  }
}
