package io.penstock.gateway.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.gateway.ingress.RoundTripException.Reason;
import io.penstock.transport.relay.Authority;
import io.penstock.transport.relay.HeadWriter;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Sends a request of the embedder's own through a tunnel, as if it had come from a visitor, and
/// blocks for the answer.
///
/// It picks route and agent as the listeners do and uses the same streams and limits. Call it on a
/// virtual thread, never on an event loop. Safe from any number of threads.
public final class RoundTrip {

  private final IngressSetup setup;

  public RoundTrip(IngressConfig config, RouteTable routes, Upstreams upstreams) {
    this.setup = IngressSetup.of(config, routes, upstreams, new IngressCounters(), () -> false);
  }

  /// One header field.
  public record Field(String name, String value) {
    public Field {
      if (!HeadWriter.isToken(name) || !HeadWriter.isValue(value)) {
        throw new IllegalArgumentException("'" + name + "' with its value is no header field");
      }
    }
  }

  /// What to send.
  ///
  /// @param host as in a `Host` field
  /// @param target path and query
  /// @param fields besides `Host`, `Content-Length` and `Transfer-Encoding`, which are written here
  /// @param body is read to its end, and not closed
  /// @param bodyBytes length of the body, or [#UNKNOWN_LENGTH]
  public record Request(
      String method,
      String host,
      String target,
      List<Field> fields,
      InputStream body,
      long bodyBytes) {

    /// The body is sent in chunks.
    public static final long UNKNOWN_LENGTH = -1;

    public Request {
      fields = List.copyOf(fields);
      if (!HeadWriter.isToken(method) || method.equals("CONNECT")) {
        throw new IllegalArgumentException("'" + method + "' is no method to send");
      }
      if (host.isEmpty() || !Authority.isValid(host)) {
        throw new IllegalArgumentException("'" + host + "' is no host with an optional port");
      }
      if (!target.startsWith("/") || !target.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        throw new IllegalArgumentException("'" + target + "' is no path with an optional query");
      }
      for (Field field : fields) {
        if (field.name().equalsIgnoreCase("Host")
            || field.name().equalsIgnoreCase("Content-Length")
            || field.name().equalsIgnoreCase("Transfer-Encoding")
            || field.name().equalsIgnoreCase("Upgrade")) {
          throw new IllegalArgumentException("'" + field.name() + "' is not the caller's to set");
        }
      }
    }

    /// A request without a body.
    public static Request of(String method, String host, String target) {
      return new Request(method, host, target, List.of(), InputStream.nullInputStream(), 0);
    }

    /// The same request with one field more.
    public Request with(String name, String value) {
      List<Field> more = new ArrayList<>(fields);
      more.add(new Field(name, value));
      return new Request(method, host, target, more, body, bodyBytes);
    }

    /// The same request with this body.
    public Request withBody(InputStream content, long contentBytes) {
      return new Request(method, host, target, fields, content, contentBytes);
    }
  }

  /// What came back. Closing it ends the stream, whether the body was read or not.
  ///
  /// @param body throws [RoundTripException] when the response is cut short or stalls
  public record Response(int status, List<Field> fields, InputStream body)
      implements AutoCloseable {

    /// The first field of this name, in any case.
    public Optional<String> field(String name) {
      return fields.stream()
          .filter(field -> field.name().equalsIgnoreCase(name))
          .map(Field::value)
          .findFirst();
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  /// Sends the request and returns when the head of the response has come.
  ///
  /// @throws RoundTripException with the reason when there is no answer
  /// @throws IOException when the request's body cannot be read
  public Response send(Request request) throws IOException, InterruptedException {
    Route route =
        setup
            .routes()
            .match(Authority.host(request.host()), request.target())
            .orElseThrow(() -> new RoundTripException(Reason.NO_ROUTE));
    RoundTripStream stream = opened(route, request);
    try {
      sendBody(stream, request);
      return stream.awaitResponse();
    } catch (IOException | InterruptedException | RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  /// A stream that could not be opened is tried on another agent; nothing has been sent by then.
  private RoundTripStream opened(Route route, Request request)
      throws RoundTripException, InterruptedException {
    for (int open = 1; ; open++) {
      Upstream upstream =
          switch (setup.upstreams().choose(route)) {
            case Upstreams.Chosen(Upstream chosen) -> chosen;
            case Upstreams.None _ -> throw new RoundTripException(Reason.NO_AGENT);
          };
      var stream = new RoundTripStream(setup, upstream, request.method().equals("HEAD"));
      try {
        stream.open(head(request));
        return stream;
      } catch (RoundTripException e) {
        stream.close();
        if (e.reason() != Reason.NO_AGENT || open == VisitorExchange.MAX_OPENS) {
          throw e;
        }
      } catch (InterruptedException e) {
        stream.close();
        throw e;
      }
    }
  }

  private static void sendBody(RoundTripStream stream, Request request)
      throws IOException, InterruptedException {
    boolean chunked = request.bodyBytes() == Request.UNKNOWN_LENGTH;
    byte[] piece = new byte[RoundTripStream.PIECE_BYTES];
    long left = chunked ? Long.MAX_VALUE : request.bodyBytes();
    while (left > 0 && !stream.isAnswered()) {
      int read = request.body().read(piece, 0, (int) Math.min(left, piece.length));
      if (read < 0) {
        break;
      }
      left -= read;
      stream.write(chunked ? chunk(piece, read) : copy(piece, read));
    }
    if (chunked) {
      stream.write(chunk(piece, 0));
    } else if (left > 0 && !stream.isAnswered()) {
      throw new IOException("the request's body ended " + left + " bytes early");
    }
  }

  private static ByteBuf copy(byte[] piece, int length) {
    return PooledByteBufAllocator.DEFAULT.buffer(length).writeBytes(piece, 0, length);
  }

  private static ByteBuf chunk(byte[] piece, int length) {
    ByteBuf out = PooledByteBufAllocator.DEFAULT.buffer(length + 16);
    ByteBufUtil.writeAscii(out, Integer.toHexString(length) + "\r\n");
    out.writeBytes(piece, 0, length);
    HeadWriter.end(out);
    return out;
  }

  private static ByteBuf head(Request request) {
    ByteBuf out = PooledByteBufAllocator.DEFAULT.buffer();
    ByteBufUtil.writeAscii(out, request.method() + " " + request.target() + " HTTP/1.1\r\n");
    HeadWriter.field(out, "Host", request.host());
    for (Field field : request.fields()) {
      HeadWriter.field(out, field.name(), field.value());
    }
    if (request.bodyBytes() == Request.UNKNOWN_LENGTH) {
      HeadWriter.chunked(out);
    } else if (request.bodyBytes() > 0) {
      HeadWriter.contentLength(out, request.bodyBytes());
    }
    HeadWriter.end(out);
    return out;
  }
}
