package io.penstock.testkit.leak;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/// Test classes that leak or do not, for [LeakCheckTest] to run; the build itself does not see
/// them.
final class LeakySamples {

  private LeakySamples() {}

  static final class Leaking {
    @Test
    void dropsABuffer() {
      Unpooled.directBuffer(8).writeByte(1);
    }
  }

  static final class LeakingInside {
    @Nested
    final class Inside {
      @Test
      void dropsABuffer() {
        Unpooled.directBuffer(8).writeByte(2);
      }
    }
  }

  static final class Clean {
    @Test
    void releasesItsBuffer() {
      Unpooled.directBuffer(8).release();
    }
  }

  static final class Holding {
    static @Nullable ByteBuf held;

    @Test
    void keepsABuffer() {
      held = Unpooled.directBuffer(8).writeByte(3);
    }
  }
}
