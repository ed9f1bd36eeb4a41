package io.penstock.node.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.node.demo.DemoCheck.Result;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DemoCheckTest {

  private static final long TRANSFER_BYTES = 4L << 20;

  @Test
  void everythingPassesOnTheAppItself() throws IOException {
    List<Result> told = new ArrayList<>();
    try (SampleApp app = SampleApp.start()) {
      DemoCheck check =
          new DemoCheck(app.address(), "hello.localhost", () -> "the same", TRANSFER_BYTES);
      assertThat(check.run(told::add)).isEqualTo(told).hasSize(6).allMatch(Result::passed);
    }
  }

  @Test
  void anAgentThatLeftAfterTheAbortIsAFailure() throws IOException {
    AtomicInteger agents = new AtomicInteger();
    try (SampleApp app = SampleApp.start()) {
      var check =
          new DemoCheck(app.address(), "hello.localhost", agents::incrementAndGet, TRANSFER_BYTES);
      assertThat(check.run(_ -> {}))
          .filteredOn(result -> !result.passed())
          .singleElement()
          .satisfies(result -> assertThat(result.name()).isEqualTo("Visitor that aborts"))
          .satisfies(result -> assertThat(result.detail()).contains("changed from 1 to 2"));
    }
  }

  @Test
  void everythingFailsWhereNobodyListens() throws IOException {
    InetSocketAddress free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
    }
    DemoCheck check = new DemoCheck(free, "hello.localhost", () -> "the same", TRANSFER_BYTES);
    assertThat(check.run(_ -> {})).hasSize(6).noneMatch(Result::passed);
  }
}
