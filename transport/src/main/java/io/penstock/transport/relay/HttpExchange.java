package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One HTTP/1.1 request and its response between a near channel and a [FarEnd].
///
/// The owner, a handler of the near channel, parses the request head, writes the rewritten one, and
/// feeds in what the near channel reads; the exchange passes both bodies on by their framing,
/// parses response heads, passes on interim ones, and asks the owner about the final one. After
/// `101` both directions are plain bytes, and the end of one closes both.
///
/// ```
///  AWAITING ──final head──► BODY ──end of framing──► ENDED
///      └────────101───────► TUNNEL ──either ends───► ENDED
/// ```
///
/// Nothing is gathered: the far end is read while the near channel takes bytes, and the owner reads
/// the near channel while [#wantsInput]. What ends inside its framing is reported as cut short. All
/// methods run on the near event loop, and the owner hears of the end exactly once unless it
/// [#abandon]s the exchange.
public final class HttpExchange implements FarEnd.Listener {

  /// The handler of the near channel that runs the exchange.
  public interface Owner {

    /// A final response head has come, or `101`; false refuses it, which ends the exchange with
    /// [Ending#REFUSED]. The owner may drop fields; those of the connection are dropped anyway.
    boolean acceptResponse(HttpHead head);

    /// Appends the owner's own fields to the response head.
    ///
    /// @param endsWithConnection whether only the end of the near channel will end the body
    void addResponseFields(ByteBuf out, boolean endsWithConnection);

    /// The connection is upgraded: what the near peer has sent behind its request goes to
    /// [#nearRead] now.
    void tunnelStarted();

    /// The exchange is over. Unless it is [Ending#COMPLETE], the far end is closed.
    void exchangeEnded(Ending ending);
  }

  /// How an exchange ended.
  public enum Ending {
    /// The response has passed whole, whatever became of the request body.
    COMPLETE,
    /// An upgraded connection was ended by the far end.
    TUNNEL_ENDED,
    /// The far end closed before a response head came.
    NO_RESPONSE,
    /// What came is no response; nothing was passed on.
    BAD_RESPONSE,
    /// The owner refused the response; nothing was passed on.
    REFUSED,
    /// The request body is malformed.
    BAD_REQUEST,
    /// The response ended inside its framing after it had begun to pass.
    CUT_SHORT
  }

  /// What of the request decides how the exchange goes.
  ///
  /// @param head the method is `HEAD`
  /// @param minorVersion of the near peer
  /// @param upgrade the value of `Upgrade` when the request asks for one that we pass on
  /// @param body what follows the head
  public record Request(boolean head, int minorVersion, @Nullable String upgrade, BodyRelay body) {

    /// Reads them off a request head that still has the fields of its connection.
    public static Request of(HttpHead head) {
      boolean upgrades =
          head.minorVersion() == 1
              && head.has(KnownField.UPGRADE)
              && head.hasWord(KnownField.CONNECTION, "upgrade");
      return new Request(
          head.isMethod("HEAD"),
          head.minorVersion(),
          upgrades ? head.joined(KnownField.UPGRADE) : null,
          BodyRelay.ofRequest(head));
    }
  }

  private enum Phase {
    AWAITING,
    BODY,
    TUNNEL,
    ENDED
  }

  /// A body that fits behind the head travels in the head's buffer.
  private static final int COALESCED_BYTES = 4096;

  private static final int HEAD_SPARE_BYTES = 256;

  private final Channel near;
  private final Owner owner;
  private final HeadReader responses;
  private final FarEnd far;
  private final Request asked;
  private final BodyRelay.Output toNear = this::writeNear;
  private final BodyRelay.Output toFar;
  private BodyRelay request;
  private BodyRelay response = BodyRelay.none();
  private Phase phase = Phase.AWAITING;
  private @Nullable ByteBuf pendingHead;
  private int status;
  private int owedBytes;
  private long sentBytes;
  private long progressNanos = System.nanoTime();
  private boolean farKeepsAlive;
  private boolean farAnswered;

  /// @param responses a reader of response heads that nothing else uses meanwhile
  public HttpExchange(Channel near, Owner owner, HeadReader responses, FarEnd far, Request asked) {
    this.near = near;
    this.owner = owner;
    this.responses = responses;
    this.far = far;
    this.asked = asked;
    this.request = asked.body();
    this.toFar = far::write;
  }

  // ---- the near channel ----

  /// Sends the rewritten request head and begins to listen to the far end.
  public void begin(ByteBuf head) {
    responses.reset();
    if (!request.isDone()) {
      far.timeWrites();
    }
    far.listen(this);
    far.write(head);
    far.flush();
  }

  /// Takes bytes of the request body; owns them. What follows the request comes back, owned by the
  /// caller, or null.
  public @Nullable ByteBuf nearRead(ByteBuf in) {
    if (phase == Phase.ENDED) {
      in.release();
      return null;
    }
    progressNanos = System.nanoTime();
    ByteBuf rest = request.accept(in, toFar);
    if (request.isFaulty()) {
      end(Ending.BAD_REQUEST);
    }
    return rest;
  }

  /// Sends on what [#nearRead] took.
  public void nearReadComplete() {
    if (phase != Phase.ENDED) {
      far.flush();
    }
  }

  /// Says that the near channel takes bytes again.
  public void nearWritable() {
    settle();
  }

  /// Says that the near peer has ended its half of an upgraded connection: the far end is closed
  /// after what was passed to it, and the owner closes the near one.
  public void nearTunnelEnded() {
    phase = Phase.ENDED;
    far.listen(null);
    far.closeAfterWrites();
  }

  /// Ends the exchange without a word to the owner: the near channel is gone or will be.
  public void abandon() {
    if (phase != Phase.ENDED) {
      phase = Phase.ENDED;
      dropPendingHead();
      far.close();
    }
  }

  /// Says whether to read from the near channel: more of the request is to come and the far end
  /// takes it.
  public boolean wantsInput() {
    return phase != Phase.ENDED && !request.isDone() && far.isWritable();
  }

  // ---- queries ----

  /// Says whether the request has been read to its end.
  public boolean requestDone() {
    return request.isDone();
  }

  /// Says whether no final response head has come yet.
  public boolean isAwaiting() {
    return phase == Phase.AWAITING;
  }

  /// Says whether the connection was upgraded.
  public boolean isTunnel() {
    return phase == Phase.TUNNEL;
  }

  /// Says whether any byte of a response has come.
  public boolean farAnswered() {
    return farAnswered;
  }

  /// Says whether the far connection can carry another exchange after this one is complete.
  public boolean farReusable() {
    return farKeepsAlive && request.isDone();
  }

  /// The status of the final response, or 0.
  public int status() {
    return status;
  }

  /// Bytes written to the near channel, heads included.
  public long sentBytes() {
    return sentBytes;
  }

  /// Payload of the request body so far.
  public long requestBytes() {
    return request.payloadBytes();
  }

  /// When a byte last moved in either direction; one of the request body moves when the near
  /// channel has given it and again when the far one has taken it.
  public long progressNanos() {
    return far.laterOfTaken(progressNanos);
  }

  public FarEnd far() {
    return far;
  }

  // ---- the far end ----

  @Override
  public void farRead(ByteBuf bytes) {
    owedBytes += bytes.readableBytes();
    progressNanos = System.nanoTime();
    farAnswered = true;
    ByteBuf in = bytes;
    while (in != null) {
      in =
          switch (phase) {
            case AWAITING -> readHead(in);
            case BODY -> readBody(in);
            case TUNNEL -> {
              writeNear(in);
              yield null;
            }
            case ENDED -> {
              in.release();
              yield null;
            }
          };
    }
  }

  @Override
  public void farReadComplete() {
    flushNear();
    settle();
  }

  @Override
  public void farWritable() {
    // Not after the end of the request: the near peer may have ended its half by then, and an epoll
    // channel fails when it is read after that.
    if (wantsInput()) {
      near.read();
    }
  }

  @Override
  public void farPeerFinished() {
    // Bytes before the end may still be on their way; the end comes in its place.
  }

  @Override
  public void farInputEnded() {
    farClosed(null);
  }

  @Override
  public void farClosed(@Nullable Throwable failure) {
    switch (phase) {
      case AWAITING -> end(Ending.NO_RESPONSE);
      case BODY -> {
        farKeepsAlive = false;
        boolean whole = failure == null && response.sourceEnded(toNear, near.alloc());
        end(whole ? Ending.COMPLETE : Ending.CUT_SHORT);
      }
      case TUNNEL -> end(failure == null ? Ending.TUNNEL_ENDED : Ending.CUT_SHORT);
      case ENDED -> {}
    }
  }

  private @Nullable ByteBuf readHead(ByteBuf in) {
    switch (responses.read(in)) {
      case HeadResult.Complete(HttpHead head) -> takeHead(head, in.readableBytes());
      case HeadResult.Fault _ -> end(Ending.BAD_RESPONSE);
      case HeadResult.Incomplete _ -> {}
    }
    if (in.isReadable()) {
      return in;
    }
    in.release();
    return null;
  }

  private void takeHead(HttpHead head, int bytesBehind) {
    if (head.status() == 101) {
      if (asked.upgrade() == null || !request.isDone()) {
        end(Ending.BAD_RESPONSE);
      } else if (owner.acceptResponse(head)) {
        startTunnel(head);
      } else {
        end(Ending.REFUSED);
      }
    } else if (head.status() < 200) {
      interimHead(head);
    } else if (owner.acceptResponse(head)) {
      finalHead(head, bytesBehind);
    } else {
      end(Ending.REFUSED);
    }
  }

  private void startTunnel(HttpHead head) {
    String protocol = head.joined(KnownField.UPGRADE);
    status = 101;
    ByteBuf out = withoutBody(head);
    HeadWriter.field(out, "Connection", "Upgrade");
    HeadWriter.field(
        out, "Upgrade", protocol == null ? Objects.requireNonNull(asked.upgrade()) : protocol);
    owner.addResponseFields(out, false);
    HeadWriter.end(out);
    writeNear(out);
    request = BodyRelay.untilEnd(BodyRelay.Target.PLAIN);
    response = BodyRelay.untilEnd(BodyRelay.Target.PLAIN);
    phase = Phase.TUNNEL;
    owner.tunnelStarted();
    if (phase == Phase.TUNNEL) {
      near.read();
    }
  }

  /// > A proxy MUST forward 1xx responses unless the proxy itself requested the generation of the
  /// > 1xx response (RFC 9110 section 15.2)
  private void interimHead(HttpHead head) {
    if (asked.minorVersion() == 0) {
      return;
    }
    ByteBuf out = withoutBody(head);
    HeadWriter.end(out);
    writeNear(out);
  }

  /// Begins a response head that no framed body follows.
  private ByteBuf withoutBody(HttpHead head) {
    head.dropHopByHop();
    head.drop(KnownField.CONTENT_LENGTH);
    head.drop(KnownField.TRANSFER_ENCODING);
    ByteBuf out = near.alloc().buffer(HEAD_SPARE_BYTES);
    head.writeStatusLine(out);
    head.writeFields(out);
    return out;
  }

  private void finalHead(HttpHead head, int bytesBehind) {
    status = head.status();
    response =
        asked.minorVersion() == 1
            ? BodyRelay.ofResponse(
                head, asked.head(), BodyRelay.Target.SAME, BodyRelay.Target.CHUNKS)
            : BodyRelay.ofResponse(head, asked.head());
    boolean toChunks = response.source() == BodyRelay.Source.UNTIL_END && asked.minorVersion() == 1;
    boolean fromChunks = response.source() == BodyRelay.Source.CHUNKED && asked.minorVersion() == 0;
    farKeepsAlive =
        head.minorVersion() == 1
            && !head.hasWord(KnownField.CONNECTION, "close")
            && response.source() != BodyRelay.Source.UNTIL_END;
    head.dropHopByHop();
    if (asked.minorVersion() == 0 || status == 204) {
      head.drop(KnownField.TRANSFER_ENCODING);
    }
    if (status == 204) {
      head.drop(KnownField.CONTENT_LENGTH);
    }
    ByteBuf out =
        near.alloc().buffer(2 * HEAD_SPARE_BYTES + Math.min(COALESCED_BYTES, bytesBehind));
    head.writeStatusLine(out);
    head.writeFields(out);
    if (toChunks) {
      HeadWriter.chunked(out);
    }
    boolean endsWithConnection =
        asked.minorVersion() == 0
            && (fromChunks || response.source() == BodyRelay.Source.UNTIL_END);
    owner.addResponseFields(out, endsWithConnection);
    HeadWriter.end(out);
    sentBytes += out.readableBytes();
    pendingHead = out;
    phase = Phase.BODY;
    if (response.isDone()) {
      end(Ending.COMPLETE);
    }
  }

  private @Nullable ByteBuf readBody(ByteBuf in) {
    ByteBuf rest = response.accept(in, toNear);
    if (response.isFaulty()) {
      end(Ending.CUT_SHORT);
    } else if (response.isDone()) {
      // Bytes behind the response belong to nothing that was asked.
      farKeepsAlive &= rest == null;
      end(Ending.COMPLETE);
    }
    return rest;
  }

  // ---- writing to the near channel ----

  private void writeNear(ByteBuf bytes) {
    int size = bytes.readableBytes();
    sentBytes += size;
    ByteBuf head = pendingHead;
    if (head != null) {
      if (size <= COALESCED_BYTES && size <= head.maxFastWritableBytes()) {
        head.writeBytes(bytes);
        bytes.release();
        return;
      }
      pendingHead = null;
      near.write(head, near.voidPromise());
    }
    near.write(bytes, near.voidPromise());
  }

  private void flushNear() {
    ByteBuf head = pendingHead;
    if (head != null) {
      pendingHead = null;
      near.write(head, near.voidPromise());
    }
    near.flush();
  }

  private void dropPendingHead() {
    ByteBuf head = pendingHead;
    if (head != null) {
      pendingHead = null;
      head.release();
    }
  }

  /// Gives the far end credit for what the near channel has taken.
  private void settle() {
    if (owedBytes > 0 && near.isWritable()) {
      int owed = owedBytes;
      owedBytes = 0;
      far.consumed(owed);
    }
  }

  private void end(Ending ending) {
    phase = Phase.ENDED;
    if (ending == Ending.COMPLETE || ending == Ending.TUNNEL_ENDED) {
      flushNear();
    } else {
      dropPendingHead();
    }
    far.consumed(owedBytes);
    owedBytes = 0;
    if (ending == Ending.COMPLETE) {
      far.listen(null);
    } else {
      far.close();
    }
    owner.exchangeEnded(ending);
  }
}
