package io.penstock.node.serve;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.penstock.api.PeerInfo;
import io.penstock.transport.relay.HeadWriter;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;

/// Writes the head of a visitor's request as its backend gets it.
///
/// Fields of the connection are gone; what says who asks and how is never the visitor's own word,
/// but ours.
final class RequestHead {

  private static final int SPARE_BYTES = 512;

  private static final KnownField[] OURS = {
    KnownField.HOST,
    KnownField.X_FORWARDED_FOR,
    KnownField.X_FORWARDED_PROTO,
    KnownField.X_FORWARDED_HOST,
    KnownField.X_FORWARDED_PORT,
    KnownField.X_FORWARDED_SERVER,
    KnownField.X_REAL_IP,
    KnownField.FORWARDED,
    KnownField.PENSTOCK_NODE,
    KnownField.TAILSCALE_USER_LOGIN,
    KnownField.TAILSCALE_USER_NAME,
    KnownField.TAILSCALE_USER_PROFILE_PIC,
    KnownField.TAILSCALE_FUNNEL_REQUEST,
    KnownField.TAILSCALE_HEADERS_INFO,
    KnownField.TAILSCALE_APP_CAPABILITIES
  };

  private RequestHead() {}

  /// Where a request goes and how it came.
  ///
  /// @param target of the request to the backend
  /// @param host to name there
  /// @param authority that the visitor named
  /// @param scheme `http` or `https`
  record Route(String target, String host, String authority, String scheme, Visitor from) {}

  /// Writes the head; drops fields of `head` on the way.
  static ByteBuf write(
      ByteBufAllocator allocator, HttpHead head, Route route, HttpExchange.Request asked) {
    final boolean trailers = head.hasWord(KnownField.TE, "trailers");
    head.dropHopByHop();
    for (KnownField field : OURS) {
      head.drop(field);
    }
    ByteBuf out = allocator.buffer(SPARE_BYTES + head.sizeBytes() + route.target().length());
    head.writeMethod(out);
    out.writeByte(' ');
    HeadWriter.latin1(out, route.target());
    ByteBufUtil.writeAscii(out, " HTTP/1.1\r\n");
    HeadWriter.field(out, "Host", route.host());
    head.writeFields(out);
    if (trailers) {
      HeadWriter.field(out, "TE", "trailers");
    }
    HeadWriter.field(out, "X-Forwarded-For", route.from().address());
    HeadWriter.field(out, "X-Forwarded-Host", route.authority());
    HeadWriter.field(out, "X-Forwarded-Proto", route.scheme());
    route.from().peer().ifPresent(peer -> writeIdentity(out, peer));
    String upgrade = asked.upgrade();
    if (upgrade != null) {
      HeadWriter.field(out, "Connection", "Upgrade");
      HeadWriter.field(out, "Upgrade", upgrade);
    }
    HeadWriter.end(out);
    return out;
  }

  private static void writeIdentity(ByteBuf out, PeerInfo peer) {
    String user = HeaderText.encode(peer.user());
    HeadWriter.field(out, KnownField.TAILSCALE_USER_LOGIN.text(), user);
    HeadWriter.field(out, KnownField.TAILSCALE_USER_NAME.text(), user);
    HeadWriter.field(out, KnownField.PENSTOCK_NODE.text(), HeaderText.encode(peer.name()));
  }
}
