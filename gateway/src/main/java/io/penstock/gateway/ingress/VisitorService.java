package io.penstock.gateway.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HttpConnection;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.HttpService;
import io.penstock.transport.relay.RequestTarget;
import org.jspecify.annotations.Nullable;

/// Answers the requests of one visitor connection: by agents, or by an [ErrorPage].
///
/// Runs on the event loop of the visitor's channel.
final class VisitorService implements HttpService {

  private final Channel channel;
  private final IngressSetup setup;
  private final Visitor visitor;
  private final HeadReader responses;

  /// @param scheme `http` or `https`
  VisitorService(Channel channel, IngressSetup setup, String scheme) {
    this.channel = channel;
    this.setup = setup;
    this.visitor = Visitor.of(channel.remoteAddress(), scheme, setup.proxies());
    this.responses = setup.responseReader();
  }

  @Override
  public @Nullable Exchange exchange(HttpHead head, HttpConnection connection) {
    RequestTarget target = RequestTarget.of(head);
    if (target == null) {
      return null;
    }
    return new VisitorExchange(
        setup, new VisitorExchange.From(visitor, channel, connection, responses), head, target);
  }

  @Override
  public ByteBuf refusal(Refusal why) {
    ErrorPage page =
        switch (why) {
          case MALFORMED -> ErrorPage.BAD_REQUEST;
          case HEAD_TOO_LARGE -> ErrorPage.HEAD_TOO_LARGE;
          case TARGET_TOO_LONG -> ErrorPage.TARGET_TOO_LONG;
          case VERSION -> ErrorPage.VERSION;
          case LATE -> ErrorPage.REQUEST_TIMEOUT;
        };
    ByteBuf bytes = page.render(channel.alloc(), new ErrorPage.Manner(null, null, false, true));
    setup.counters().sent(bytes.readableBytes());
    setup.counters().responded(page.status());
    if (setup.log().isOn()) {
      setup.log().write(AccessLog.Line.refusal(visitor.address(), page, bytes.readableBytes()));
    }
    return bytes;
  }

  @Override
  public boolean draining() {
    return setup.draining().getAsBoolean();
  }

  @Override
  public void opened() {
    setup.counters().connectionOpened();
  }

  @Override
  public void received(int bytes) {
    setup.counters().received(bytes);
  }

  @Override
  public void closed() {
    setup.counters().connectionClosed();
  }
}
