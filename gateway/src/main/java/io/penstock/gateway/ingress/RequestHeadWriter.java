package io.penstock.gateway.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.penstock.transport.relay.HeadWriter;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import io.penstock.transport.relay.RequestTarget;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Writes the head of a visitor's request as the agent gets it.
///
/// Fields of the connection are gone, `Host` is the authority that was matched, forwarded headers
/// are ours (or appended to those of a trusted proxy), everything else is as it came.
final class RequestHeadWriter {

  private static final int SPARE_BYTES = 512;
  private static final int MAX_REQUEST_ID = 128;
  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private RequestHeadWriter() {}

  /// Writes the head; drops fields of `head` on the way.
  static ByteBuf write(
      ByteBufAllocator allocator, HttpHead head, RequestTarget to, Visitor from, Asked asked) {
    final boolean trailers = head.hasWord(KnownField.TE, "trailers");
    String forwardedFor = from.trusted() ? head.joined(KnownField.X_FORWARDED_FOR) : null;
    String proto = from.trusted() ? head.value(KnownField.X_FORWARDED_PROTO) : null;
    String host = from.trusted() ? head.value(KnownField.X_FORWARDED_HOST) : null;
    String forwarded = from.trusted() ? head.joined(KnownField.FORWARDED) : null;
    head.dropHopByHop();
    for (KnownField field : REPLACED) {
      head.drop(field);
    }
    if (!from.trusted()) {
      for (KnownField field : FROM_PROXIES) {
        head.drop(field);
      }
    }
    ByteBuf out = allocator.buffer(SPARE_BYTES + head.sizeBytes());
    writeStart(out, head, to);
    head.writeFields(out);
    if (trailers) {
      HeadWriter.field(out, "TE", "trailers");
    }
    HeadWriter.field(out, "X-Forwarded-For", append(forwardedFor, from.address()));
    HeadWriter.field(out, "X-Forwarded-Proto", proto == null ? from.scheme() : proto);
    HeadWriter.field(out, "X-Forwarded-Host", host == null ? to.authority() : host);
    writeForwarded(out, forwarded, to, from);
    HeadWriter.field(out, "X-Request-Id", asked.requestId());
    String upgrade = asked.http().upgrade();
    if (upgrade != null) {
      HeadWriter.field(out, "Connection", "Upgrade");
      HeadWriter.field(out, "Upgrade", upgrade);
    }
    HeadWriter.end(out);
    return out;
  }

  private static void writeStart(ByteBuf out, HttpHead head, RequestTarget to) {
    head.writeMethod(out);
    out.writeByte(' ');
    if (to.form() == RequestTarget.Form.ORIGIN) {
      head.writeTarget(out);
      ByteBufUtil.writeAscii(out, " HTTP/1.1\r\n");
    } else {
      head.drop(KnownField.HOST);
      HeadWriter.latin1(out, to.path());
      ByteBufUtil.writeAscii(out, " HTTP/1.1\r\n");
      HeadWriter.field(out, "Host", to.authority());
    }
  }

  /// What is known of the request besides its head.
  record Asked(String requestId, HttpExchange.Request http) {}

  private static final KnownField[] REPLACED = {
    KnownField.X_FORWARDED_FOR,
    KnownField.X_FORWARDED_PROTO,
    KnownField.X_FORWARDED_HOST,
    KnownField.FORWARDED,
    KnownField.X_REQUEST_ID,
    KnownField.APP_DOWN
  };

  /// What apps believe as if a proxy of their own had said it, and what we say nothing of.
  private static final KnownField[] FROM_PROXIES = {
    KnownField.X_REAL_IP, KnownField.X_FORWARDED_PORT, KnownField.X_FORWARDED_SERVER
  };

  /// The visitor's own id if it can stand in a log and a page, else a new one.
  static String requestId(@Nullable String sent) {
    if (sent != null && isSane(sent)) {
      return sent;
    }
    ThreadLocalRandom random = ThreadLocalRandom.current();
    char[] id = new char[32];
    hex(random.nextLong(), id, 0);
    hex(random.nextLong(), id, 16);
    return new String(id);
  }

  private static void hex(long value, char[] out, int at) {
    for (int i = 0; i < 16; i++) {
      out[at + i] = HEX[(int) (value >>> (60 - 4 * i)) & 0xf];
    }
  }

  private static boolean isSane(String id) {
    if (id.isEmpty() || id.length() > MAX_REQUEST_ID) {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      char c = id.charAt(i);
      boolean alphanumeric =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!alphanumeric && "-_.:+/=@~".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  private static String append(@Nullable String before, String own) {
    return before == null || before.isEmpty() ? own : before + ", " + own;
  }

  /// The authority is quoted, as it may hold a colon; its characters need no escape.
  private static void writeForwarded(
      ByteBuf out, @Nullable String before, RequestTarget to, Visitor from) {
    ByteBufUtil.writeAscii(out, "Forwarded: ");
    if (before != null && !before.isEmpty()) {
      HeadWriter.latin1(out, before);
      ByteBufUtil.writeAscii(out, ", ");
    }
    ByteBufUtil.writeAscii(out, "for=");
    ByteBufUtil.writeAscii(out, from.forwardedFor());
    ByteBufUtil.writeAscii(out, ";host=\"");
    HeadWriter.latin1(out, to.authority());
    ByteBufUtil.writeAscii(out, "\";proto=");
    ByteBufUtil.writeAscii(out, from.scheme());
    HeadWriter.end(out);
  }
}
