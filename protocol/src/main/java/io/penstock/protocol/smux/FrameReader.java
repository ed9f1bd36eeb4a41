package io.penstock.protocol.smux;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.smux.SmuxCloseReason.ProtocolError;
import io.penstock.protocol.smux.SmuxCloseReason.ProtocolError.Fault;
import org.jspecify.annotations.Nullable;

/// Cuts the byte stream of a connection into frames and hands them to the session.
///
/// A header or the body of a window update may come in pieces and is gathered in one long; payload
/// is handed on as it comes, without waiting for the end of its frame. After a frame that breaks
/// the framing nothing more is read.
final class FrameReader {

  private enum Phase {
    HEADER,
    PAYLOAD,
    UPDATE,
    STOPPED
  }

  private final SmuxSession session;
  private final int version;
  private Phase phase = Phase.HEADER;
  private long gathered;
  private int gatheredBytes;
  private int payloadLeftBytes;

  /// The stream of the frame that is being read; null when its bytes are dropped.
  private @Nullable SmuxStream target;

  FrameReader(SmuxSession session, int version) {
    this.session = session;
    this.version = version;
  }

  /// Reads all of `in`, which stays the caller's.
  void read(ByteBuf in) {
    while (in.isReadable()) {
      switch (phase) {
        case HEADER -> {
          if (gather(in)) {
            onHeader(gathered);
          }
        }
        case UPDATE -> {
          if (gather(in)) {
            onUpdate(gathered);
          }
        }
        case PAYLOAD -> onPayload(in);
        case STOPPED -> {
          return;
        }
      }
    }
  }

  /// Ignores all further input.
  void stop() {
    phase = Phase.STOPPED;
    target = null;
  }

  /// Gathers eight bytes; true when they are complete.
  private boolean gather(ByteBuf in) {
    if (gatheredBytes == 0 && in.readableBytes() >= Long.BYTES) {
      gathered = in.readLongLE();
      return true;
    }
    if (gatheredBytes == 0) {
      gathered = 0;
    }
    while (gatheredBytes < Long.BYTES && in.isReadable()) {
      gathered |= (long) in.readUnsignedByte() << (8 * gatheredBytes);
      gatheredBytes++;
    }
    if (gatheredBytes < Long.BYTES) {
      return false;
    }
    gatheredBytes = 0;
    return true;
  }

  private void onHeader(long header) {
    if (SmuxFrame.version(header) != version) {
      fail(Fault.VERSION, SmuxFrame.version(header));
      return;
    }
    int command = SmuxFrame.command(header);
    int length = SmuxFrame.length(header);
    int streamId = SmuxFrame.streamId(header);
    switch (command) {
      case SmuxFrame.SYN, SmuxFrame.FIN, SmuxFrame.NOP -> onControl(command, length, streamId);
      case SmuxFrame.PSH -> {
        if (length > 0) {
          target = session.onPush(streamId, length);
          payloadLeftBytes = length;
          phase = Phase.PAYLOAD;
        }
      }
      case SmuxFrame.UPD -> onUpdateHeader(length, streamId);
      default -> fail(Fault.COMMAND, command);
    }
  }

  private void onControl(int command, int length, int streamId) {
    if (length != 0) {
      // Deviates from the original's version of 2019, which leaves the payload in the stream and
      // takes it for the next header. The newest one ends the session, too.
      fail(Fault.CONTROL_LENGTH, length);
    } else if (command == SmuxFrame.SYN) {
      session.onSyn(streamId);
    } else if (command == SmuxFrame.FIN) {
      session.onFin(streamId);
    }
  }

  private void onUpdateHeader(int length, int streamId) {
    if (version == 1) {
      fail(Fault.UPDATE_IN_VERSION_1, version);
    } else if (length != SmuxFrame.UPDATE_PAYLOAD_BYTES) {
      fail(Fault.UPDATE_LENGTH, length);
    } else {
      target = session.stream(streamId);
      phase = Phase.UPDATE;
    }
  }

  private void onUpdate(long body) {
    SmuxStream stream = target;
    target = null;
    phase = Phase.HEADER;
    if (stream != null) {
      stream.onUpdate((int) body, body >>> 32);
    }
  }

  private void onPayload(ByteBuf in) {
    int some = Math.min(payloadLeftBytes, in.readableBytes());
    payloadLeftBytes -= some;
    SmuxStream stream = target;
    if (payloadLeftBytes == 0) {
      target = null;
      phase = Phase.HEADER;
    }
    if (stream != null && stream.state().takesInput()) {
      stream.onBytes(in, some);
    } else {
      in.skipBytes(some);
    }
  }

  private void fail(Fault fault, int value) {
    session.close(new ProtocolError(fault, value));
  }
}
