package io.penstock.node.capture;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.protocol.netstack.PacketTap;
import io.penstock.protocol.netstack.pcap.PcapFormat;
import io.penstock.transport.netstack.NetStackDriver;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A capture of all packets of a stack, both ways, in a file that tcpdump and Wireshark open.
///
/// Packets wait for the disk in at most [#MAX_WAITING_BYTES]; beyond that they are left out and
/// counted, as nothing may slow the stack down. The file is whole once [#close] has returned.
public final class PacketCapture implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PacketCapture.class);

  /// What a disk that pauses for a while may cost.
  public static final int MAX_WAITING_BYTES = 8 * 1024 * 1024;

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final NetStackDriver driver;
  private final FileChannel file;
  private final Path path;
  private final PacketTap tap = (_, packet, _) -> captured(packet);
  private final Thread writer;

  // Guarded by this.
  private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();
  private int waitingBytes;
  private long leftOut;
  private boolean closed;
  private @Nullable IOException failure;

  private PacketCapture(NetStackDriver driver, FileChannel file, Path path) {
    this.driver = driver;
    this.file = file;
    this.path = path;
    writer = Thread.ofVirtual().name("penstock-node-pcap").unstarted(this::write);
  }

  /// Begins a capture.
  ///
  /// @param path of a file that is not there yet
  /// @throws IOException when the file is there, or cannot be written
  public static PacketCapture start(NetStackDriver driver, Path path) throws IOException {
    FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    PacketCapture capture = new PacketCapture(driver, file, path);
    ByteBuf header = PooledByteBufAllocator.DEFAULT.buffer(PcapFormat.FILE_HEADER_BYTES);
    PcapFormat.writeFileHeader(header, PcapFormat.DEFAULT_SNAP_BYTES);
    capture.enqueue(header);
    capture.writer.start();
    driver.tap(capture.tap);
    return capture;
  }

  /// How many packets were left out because the disk was too slow.
  public synchronized long leftOut() {
    return leftOut;
  }

  /// Why nothing is written any more; empty as long as all is well.
  public synchronized Optional<IOException> failure() {
    return Optional.ofNullable(failure);
  }

  /// Whether it has not been closed, also when nothing is written any more.
  public synchronized boolean isOpen() {
    return !closed;
  }

  private void captured(ByteBuf packet) {
    int bytes = PcapFormat.PACKET_HEADER_BYTES + packet.readableBytes();
    if (!hasRoom(bytes)) {
      return;
    }
    Instant now = Instant.now();
    long epochNanos = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    ByteBuf record = PooledByteBufAllocator.DEFAULT.buffer(bytes);
    PcapFormat.writePacket(record, epochNanos, packet, PcapFormat.DEFAULT_SNAP_BYTES);
    enqueue(record);
  }

  private synchronized boolean hasRoom(int bytes) {
    if (closed || failure != null) {
      return false;
    }
    if (waitingBytes + bytes > MAX_WAITING_BYTES) {
      leftOut++;
      return false;
    }
    return true;
  }

  private synchronized void enqueue(ByteBuf record) {
    if (closed || failure != null) {
      record.release();
      return;
    }
    waiting.add(record);
    waitingBytes += record.readableBytes();
    notifyAll();
  }

  private void write() {
    try (file) {
      for (Optional<ByteBuf> next = next(); next.isPresent(); next = next()) {
        ByteBuf record = next.get();
        try {
          while (record.isReadable()) {
            record.readBytes(file, record.readableBytes());
          }
        } finally {
          record.release();
        }
      }
    } catch (IOException e) {
      LOG.warn("the capture ends file={} cause=\"{}\"", path, e.getMessage());
      failed(e);
    }
  }

  private synchronized Optional<ByteBuf> next() {
    boolean interrupted = false;
    while (waiting.isEmpty() && !closed) {
      try {
        wait();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    ByteBuf first = waiting.poll();
    if (first != null) {
      waitingBytes -= first.readableBytes();
    }
    return Optional.ofNullable(first);
  }

  private synchronized void failed(IOException cause) {
    failure = cause;
    waiting.forEach(ByteBuf::release);
    waiting.clear();
  }

  /// Ends the capture: what was seen until now is written, within 5 s. Repeatable.
  @Override
  public void close() {
    close(CLOSE_LIMIT);
  }

  /// As above with another limit.
  public void close(Duration limit) {
    driver.untap(tap);
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      if (!writer.join(limit)) {
        LOG.warn("the capture was not written in time file={}", path);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
