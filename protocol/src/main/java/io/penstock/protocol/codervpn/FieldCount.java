package io.penstock.protocol.codervpn;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Counts the fields of an encoded message, with those of the messages in it, before it is decoded.
///
/// An empty message inside another takes two bytes of a frame and some fifty of memory: the bytes
/// of a frame alone bound nothing. The elements of a packed list count, too.
final class FieldCount {

  /// No field is shorter: one byte of tag, one of value.
  static final int LEAST_FIELD_BYTES = 2;

  private final int limit;
  private int count;

  private FieldCount(int limit) {
    this.limit = limit;
  }

  /// Whether the message has more than `limit` fields, which is found without looking further.
  ///
  /// @throws IOException when it is no message
  static boolean exceeds(int limit, ByteBuffer message, Descriptor type) throws IOException {
    if (message.remaining() / LEAST_FIELD_BYTES <= limit) {
      return false;
    }
    var counter = new FieldCount(limit);
    counter.walk(CodedInputStream.newInstance(message), type);
    return counter.count > limit;
  }

  private void walk(CodedInputStream in, Descriptor type) throws IOException {
    // Groups are of no message that we know, so the numbers in them mean nothing.
    int groups = 0;
    while (count <= limit) {
      int tag = in.readTag();
      if (tag == 0) {
        return;
      }
      count++;
      switch (WireFormat.getTagWireType(tag)) {
        case WireFormat.WIRETYPE_START_GROUP -> groups++;
        case WireFormat.WIRETYPE_END_GROUP -> groups--;
        case WireFormat.WIRETYPE_LENGTH_DELIMITED -> {
          FieldDescriptor field =
              groups > 0 ? null : type.findFieldByNumber(WireFormat.getTagFieldNumber(tag));
          walkInto(in, field, tag);
        }
        default -> in.skipField(tag);
      }
    }
  }

  private void walkInto(CodedInputStream in, @Nullable FieldDescriptor field, int tag)
      throws IOException {
    if (field == null || !(field.isPackable() || isMessage(field))) {
      in.skipField(tag);
      return;
    }
    int length = in.readRawVarint32();
    int outer = in.pushLimit(length);
    if (isMessage(field)) {
      walk(in, field.getMessageType());
    } else {
      // At most one element in each byte.
      count += length;
      in.skipRawBytes(length);
    }
    if (count <= limit) {
      in.popLimit(outer);
    }
  }

  private static boolean isMessage(FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
  }
}
