package io.penstock.transport.netstack;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The options of a channel that is bound to a port: those of every channel, and some of its own.
///
/// Any thread.
final class BoundChannelConfig extends DefaultChannelConfig {

  private final Runnable withdrawRead;
  private final Runnable apply;
  private final Map<ChannelOption<?>, Object> own;

  /// @param own the options that this kind of channel has besides, with their defaults
  /// @param withdrawRead run on the event loop after auto-read was switched off: a read that is
  ///   pending is no longer wanted
  /// @param apply run on the event loop after one of these options was changed
  BoundChannelConfig(
      Channel channel, Map<ChannelOption<?>, Object> own, Runnable withdrawRead, Runnable apply) {
    super(channel);
    this.own = new ConcurrentHashMap<>(own);
    this.withdrawRead = withdrawRead;
    this.apply = apply;
  }

  @Override
  public Map<ChannelOption<?>, Object> getOptions() {
    Map<ChannelOption<?>, Object> options = super.getOptions();
    options.putAll(own);
    return options;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T> @Nullable T getOption(ChannelOption<T> option) {
    Object value = own.get(option);
    return value == null ? super.getOption(option) : (T) value;
  }

  @Override
  public <T> boolean setOption(ChannelOption<T> option, T value) {
    if (own.containsKey(option)) {
      validate(option, value);
      own.put(option, value);
      if (channel.isRegistered()) {
        channel.eventLoop().execute(apply);
      }
      return true;
    }
    return super.setOption(option, value);
  }

  /// How many connections may wait to be accepted.
  int backlog() {
    return number(ChannelOption.SO_BACKLOG);
  }

  /// How much memory the datagrams may hold that wait to be read.
  int receiveBufferBytes() {
    return number(ChannelOption.SO_RCVBUF);
  }

  private int number(ChannelOption<Integer> option) {
    return (Integer) Objects.requireNonNull(own.get(option));
  }

  @Override
  protected void autoReadCleared() {
    if (channel.isRegistered()) {
      channel.eventLoop().execute(this::withdrawUnlessReadAgain);
    }
  }

  private void withdrawUnlessReadAgain() {
    if (!isAutoRead()) {
      withdrawRead.run();
    }
  }
}
