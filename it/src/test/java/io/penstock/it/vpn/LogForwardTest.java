package io.penstock.it.vpn;

import static io.penstock.it.vpn.PipedManager.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.penstock.node.vpn.LogForwardAppender;
import io.penstock.node.vpn.VpnTunnelConfig;
import io.penstock.protocol.codervpn.message.Log;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/// Log records on their way to a manager.
@Timeout(120)
class LogForwardTest {

  private static final Logger APP = LoggerFactory.getLogger("app.web");
  private static final List<String> APP_NAMES = List.of("app", "web");

  /// What is let through in these tests, whatever the program's own setting is.
  private static final List<String> LOUD = List.of("app", "io.penstock.transport", "io.netty");

  @BeforeAll
  static void letThrough() {
    LOUD.forEach(name -> logger(name).setLevel(Level.DEBUG));
  }

  @AfterAll
  static void letThroughNoMore() {
    LOUD.forEach(name -> logger(name).setLevel(null));
  }

  private static ch.qos.logback.classic.Logger logger(String name) {
    return (ch.qos.logback.classic.Logger) LoggerFactory.getLogger(name);
  }

  private static VpnTunnelConfig.Builder config() {
    return VpnTunnelConfig.builder("laptop");
  }

  private static Log.Field field(String name, String value) {
    return Log.Field.newBuilder().setName(name).setValue(value).build();
  }

  private static List<Log> ofApp(PipedManager manager) {
    return manager.logs.stream().filter(log -> log.getLoggerNamesList().equals(APP_NAMES)).toList();
  }

  private static void awaitCount(PipedManager manager, int count) {
    await().atMost(PipedManager.LIMIT).until(() -> ofApp(manager).size() >= count);
  }

  @Test
  void a_record_keeps_its_level_its_logger_and_its_fields() throws Exception {
    try (PipedManager manager = new PipedManager(config().build());
        var _ = LogForwardAppender.attach(manager.tunnel.logs());
        var _ = MDC.putCloseable("request", "7")) {
      APP.atInfo().addKeyValue("port", 80).log("serving {}", "files");
      APP.warn("slow");
      APP.error("broken", new IllegalStateException("no disk"));
      awaitCount(manager, 3);
      List<Log> logs = ofApp(manager);
      assertThat(logs.getFirst())
          .isEqualTo(
              Log.newBuilder()
                  .setLevel(Log.Level.INFO)
                  .setMessage("serving files")
                  .addAllLoggerNames(APP_NAMES)
                  .addFields(field("port", "80"))
                  .addFields(field("request", "7"))
                  .build());
      assertThat(logs.get(1).getLevel()).isEqualTo(Log.Level.WARN);
      assertThat(logs.get(2).getLevel()).isEqualTo(Log.Level.ERROR);
      assertThat(logs.get(2).getFieldsList())
          .anySatisfy(
              field -> {
                assertThat(field.getName()).isEqualTo("exception");
                assertThat(field.getValue()).contains("IllegalStateException: no disk");
              });
    }
  }

  @Test
  void a_long_record_is_cut_between_characters_and_an_attached_log_lets_go() throws Exception {
    try (PipedManager manager = new PipedManager(config().build())) {
      try (var _ = LogForwardAppender.attach(manager.tunnel.logs())) {
        APP.info("x" + "\uD83D\uDE00".repeat(10_000));
        awaitCount(manager, 1);
      }
      assertThat(ofApp(manager).getFirst().getMessage())
          .hasSizeLessThanOrEqualTo(4097)
          .endsWith("\uD83D\uDE00…");
      APP.info("nobody is told of this");
      manager.tunnel.logs().offer(Log.newBuilder().addAllLoggerNames(APP_NAMES).build());
      awaitCount(manager, 2);
      assertThat(ofApp(manager).get(1).getMessage()).isEmpty();
    }
  }

  /// Sending records makes the code that sends them log, at the level at which tests run.
  @Test
  void nothing_loops() throws Exception {
    try (PipedManager manager = new PipedManager(config().build());
        var _ = LogForwardAppender.attach(manager.tunnel.logs())) {
      for (int i = 0; i < 100; i++) {
        APP.info("record {}", i);
      }
      LoggerFactory.getLogger("io.penstock.transport.codervpn.SpeakerConnection").error("loop");
      APP.info("last");
      awaitCount(manager, 101);
      assertThat(manager.logs)
          .extracting(log -> String.join(".", log.getLoggerNamesList()))
          .noneMatch(name -> name.contains("codervpn") || name.startsWith("io.netty"));
    }
  }

  @Test
  void what_the_manager_does_not_take_in_time_is_left_out_and_counted() throws Exception {
    CountDownLatch mayTake = new CountDownLatch(1);
    int offered = 20_000;
    try (PipedManager manager =
        new PipedManager(config().maxLogBytes(64 * 1024).build()) {
          @Override
          public void log(Log log) {
            try {
              mayTake.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            super.log(log);
          }
        }) {
      Log record =
          Log.newBuilder().setMessage("x".repeat(1000)).addAllLoggerNames(APP_NAMES).build();
      for (int i = 0; i < offered; i++) {
        manager.tunnel.logs().offer(record);
      }
      mayTake.countDown();
      await()
          .atMost(PipedManager.LIMIT)
          .until(() -> ofApp(manager).size() + leftOut(manager) == offered);
      assertThat(leftOut(manager)).isGreaterThan(offered / 2);
      assertThat(get(manager.manager.stop(PipedManager.LIMIT)).getSuccess()).isTrue();
    }
  }

  private static long leftOut(PipedManager manager) {
    return manager.logs.stream()
        .filter(log -> log.getMessage().startsWith("log records were left out"))
        .mapToLong(log -> Long.parseLong(log.getFields(0).getValue()))
        .sum();
  }
}
