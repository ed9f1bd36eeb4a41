package io.penstock.transport;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DuplexChannelConfig;
import java.util.Map;

/// Options of an [EngineStreamChannel]: those of every Netty channel, half-closure, and those of
/// its engine.
final class EngineStreamConfig extends DefaultChannelConfig implements DuplexChannelConfig {

  private final EngineStreamChannel stream;
  private volatile boolean allowHalfClosure;

  EngineStreamConfig(EngineStreamChannel stream) {
    super(stream);
    this.stream = stream;
  }

  @Override
  public Map<ChannelOption<?>, Object> getOptions() {
    Map<ChannelOption<?>, Object> options =
        getOptions(super.getOptions(), ChannelOption.ALLOW_HALF_CLOSURE);
    options.putAll(stream.engineOptions());
    return options;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T> T getOption(ChannelOption<T> option) {
    if (ChannelOption.ALLOW_HALF_CLOSURE.equals(option)) {
      return (T) Boolean.valueOf(allowHalfClosure);
    }
    Object ofEngine = stream.engineOptions().get(option);
    return ofEngine == null ? super.getOption(option) : (T) ofEngine;
  }

  @Override
  public <T> boolean setOption(ChannelOption<T> option, T value) {
    validate(option, value);
    if (ChannelOption.ALLOW_HALF_CLOSURE.equals(option)) {
      allowHalfClosure = (Boolean) value;
      return true;
    }
    return super.setOption(option, value) || stream.setEngineOption(option, value);
  }

  @Override
  public boolean isAllowHalfClosure() {
    return allowHalfClosure;
  }

  @Override
  public DuplexChannelConfig setAllowHalfClosure(boolean allow) {
    this.allowHalfClosure = allow;
    return this;
  }

  @Override
  protected void autoReadCleared() {
    stream.readCleared();
  }

  @Override
  public EngineStreamConfig setConnectTimeoutMillis(int connectTimeoutMillis) {
    super.setConnectTimeoutMillis(connectTimeoutMillis);
    return this;
  }

  @Override
  @Deprecated
  public EngineStreamConfig setMaxMessagesPerRead(int maxMessagesPerRead) {
    super.setMaxMessagesPerRead(maxMessagesPerRead);
    return this;
  }

  @Override
  public EngineStreamConfig setWriteSpinCount(int writeSpinCount) {
    super.setWriteSpinCount(writeSpinCount);
    return this;
  }

  @Override
  public EngineStreamConfig setAllocator(ByteBufAllocator allocator) {
    super.setAllocator(allocator);
    return this;
  }

  @Override
  public EngineStreamConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
    super.setRecvByteBufAllocator(allocator);
    return this;
  }

  @Override
  public EngineStreamConfig setAutoRead(boolean autoRead) {
    super.setAutoRead(autoRead);
    return this;
  }

  @Override
  public EngineStreamConfig setAutoClose(boolean autoClose) {
    super.setAutoClose(autoClose);
    return this;
  }

  @Override
  public EngineStreamConfig setWriteBufferWaterMark(WriteBufferWaterMark writeBufferWaterMark) {
    super.setWriteBufferWaterMark(writeBufferWaterMark);
    return this;
  }

  @Override
  public EngineStreamConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
    super.setMessageSizeEstimator(estimator);
    return this;
  }
}
