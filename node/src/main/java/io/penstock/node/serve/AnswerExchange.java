package io.penstock.node.serve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.HttpConnection;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.HttpService;
import org.jspecify.annotations.Nullable;

/// A request that is answered at once. A body that has not come yet ends the connection.
final class AnswerExchange implements HttpService.Exchange {

  private final Channel near;
  private final HttpConnection connection;
  private final Answer answer;
  private final HttpExchange.Request asked;
  private final boolean keepAlive;

  AnswerExchange(
      Channel near, HttpConnection connection, Answer answer, HttpHead head, boolean keepAlive) {
    this.near = near;
    this.connection = connection;
    this.answer = answer;
    this.asked = HttpExchange.Request.of(head);
    this.keepAlive = keepAlive && asked.body().isDone();
  }

  @Override
  public void begin(HttpHead head) {
    connection.answered(answer.whole(near.alloc(), asked.head(), keepAlive), keepAlive);
  }

  @Override
  public @Nullable ByteBuf nearRead(ByteBuf in) {
    in.release();
    return null;
  }

  @Override
  public void nearReadComplete() {}

  @Override
  public void nearWritable() {}

  @Override
  public boolean wantsInput() {
    return false;
  }

  @Override
  public boolean requestDone() {
    return asked.body().isDone();
  }

  @Override
  public BodyRelay body() {
    return asked.body();
  }

  @Override
  public boolean isTunnel() {
    return false;
  }

  @Override
  public void endTunnel() {}

  @Override
  public void abandon() {}

  @Override
  public long checkLimits(long nowNanos) {
    return Long.MAX_VALUE;
  }
}
