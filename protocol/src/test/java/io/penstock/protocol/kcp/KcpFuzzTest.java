package io.penstock.protocol.kcp;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.testkit.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Whatever a peer sends, a session neither throws nor holds more than it may.
class KcpFuzzTest {

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_course_of_events_is_borne(byte[] script) {
    HostileScript.run(script);
  }

  @Test
  void random_courses_of_events_are_borne() {
    Seeds.forEach(
        2_000,
        seed -> {
          SplittableRandom random = new SplittableRandom(seed);
          byte[] script = new byte[random.nextInt(4_000)];
          random.nextBytes(script);
          HostileScript.run(script);
        });
  }
}
