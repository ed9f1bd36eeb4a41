package io.penstock.it.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.transport.netstack.Link;
import io.penstock.transport.netstack.LinkReceiver;
import java.io.IOException;
import java.util.SplittableRandom;

/// A link that loses packets in both directions, by a seed: the kernels that tests run on seldom
/// have `netem`.
final class LossyLink implements Link {

  private final Link link;
  private final double loss;
  private final SplittableRandom random;

  /// @param loss the probability with which each packet is lost
  LossyLink(Link link, double loss, long seed) {
    this.link = link;
    this.loss = loss;
    this.random = new SplittableRandom(seed);
  }

  private boolean isLost() {
    return random.nextDouble() < loss;
  }

  @Override
  public EventLoop eventLoop() {
    return link.eventLoop();
  }

  @Override
  public LinkTraits traits() {
    return link.traits();
  }

  @Override
  public void start(LinkReceiver receiver) {
    link.start(new Receiver(receiver));
  }

  @Override
  public boolean isWritable() {
    return link.isWritable();
  }

  @Override
  public void send(ByteBuf packet, int segmentBytes) {
    if (isLost()) {
      packet.release();
    } else {
      link.send(packet, segmentBytes);
    }
  }

  @Override
  public void flush() {
    link.flush();
  }

  @Override
  public void close() {
    link.close();
  }

  private final class Receiver implements LinkReceiver {

    private final LinkReceiver to;

    Receiver(LinkReceiver to) {
      this.to = to;
    }

    @Override
    public void packet(ByteBuf packet, boolean checksumRight) {
      if (isLost()) {
        packet.release();
      } else {
        to.packet(packet, checksumRight);
      }
    }

    @Override
    public void batchEnd() {
      to.batchEnd();
    }

    @Override
    public void writable() {
      to.writable();
    }

    @Override
    public void mtuChanged(int mtuBytes) {
      to.mtuChanged(mtuBytes);
    }

    @Override
    public void linkUp() {
      to.linkUp();
    }

    @Override
    public void closed(IOException cause) {
      to.closed(cause);
    }
  }
}
