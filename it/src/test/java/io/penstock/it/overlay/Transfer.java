package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.penstock.api.IpFamily;
import io.penstock.node.Node;
import io.penstock.node.overlay.PortRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;

/// One long download with a checksum: the server sends bytes that a seed makes and ends its stream,
/// the client adds up what comes.
final class Transfer extends ChannelInboundHandlerAdapter {

  private static final int PIECE_BYTES = 16 * 1024;
  private static final long LIMIT_SECONDS = 120;

  /// Done with the checksum of all that came when the server has ended its stream, and failed when
  /// the connection breaks.
  final CompletableFuture<Long> checksum = new CompletableFuture<>();

  private final CRC32 crc = new CRC32();
  private final AtomicLong bytes = new AtomicLong();

  /// How much has come.
  long bytes() {
    return bytes.get();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    ByteBuf piece = (ByteBuf) msg;
    crc.update(piece.nioBuffer());
    bytes.addAndGet(piece.readableBytes());
    piece.release();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    checksum.completeExceptionally(cause);
    ctx.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    checksum.complete(crc.getValue());
  }

  /// Begins so many transfers of so many pieces, half of them over each version of IP, and waits
  /// until something of each has come.
  static List<Transfer> begin(
      Node client, Node server, int transfers, int pieces, CompletableFuture<?> mayEnd)
      throws InterruptedException {
    int port =
        server
            .ports()
            .listen(PortRequest.everywhere(0, "files"), server(pieces, mayEnd))
            .toCompletableFuture()
            .join()
            .localAddress()
            .getPort();
    List<Transfer> begun = new ArrayList<>();
    for (int i = 0; i < transfers; i++) {
      Transfer transfer = new Transfer();
      begun.add(transfer);
      IpFamily family = i % 2 == 0 ? IpFamily.IPV4 : IpFamily.IPV6;
      OverlayNode.connect(client, OverlayNode.address(server, family), port, transfer);
    }
    await("something of each transfer")
        .atMost(OverlayNode.LIMIT)
        .until(() -> begun.stream().allMatch(transfer -> transfer.bytes() > 0));
    return begun;
  }

  /// Waits for their ends; each has to be whole.
  static void assertWhole(List<Transfer> transfers, int pieces) throws Exception {
    long right = checksumOf(pieces);
    for (Transfer transfer : transfers) {
      assertThat(transfer.checksum.get(LIMIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(right);
    }
  }

  /// What a client has to come to.
  static long checksumOf(int pieces) {
    CRC32 crc = new CRC32();
    Random random = new Random(1);
    byte[] piece = new byte[PIECE_BYTES];
    for (int i = 0; i < pieces; i++) {
      random.nextBytes(piece);
      crc.update(piece);
    }
    return crc.getValue();
  }

  /// Sends that many pieces of 16 KiB to whoever connects, as fast as they are taken, but the last
  /// one only when it is told to.
  static ChannelHandler server(int pieces, CompletableFuture<?> mayEnd) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel.pipeline().addLast(new Sender(pieces, mayEnd));
      }
    };
  }

  private static final class Sender extends ChannelInboundHandlerAdapter {
    private final Random random = new Random(1);
    private final byte[] piece = new byte[PIECE_BYTES];
    private final CompletableFuture<?> mayEnd;
    private int left;

    Sender(int pieces, CompletableFuture<?> mayEnd) {
      this.left = pieces;
      this.mayEnd = mayEnd;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      send(ctx);
      mayEnd.thenRun(() -> ctx.executor().execute(() -> send(ctx)));
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      send(ctx);
    }

    private void send(ChannelHandlerContext ctx) {
      while (left > (mayEnd.isDone() ? 0 : 1) && ctx.channel().isWritable()) {
        left--;
        random.nextBytes(piece);
        var sent = ctx.writeAndFlush(ctx.alloc().buffer(PIECE_BYTES).writeBytes(piece));
        if (left == 0) {
          sent.addListener(_ -> ctx.close());
        }
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
