package io.penstock.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testkit.PostgresCluster;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PostgresStorageTest extends StorageContract {

  private static @Nullable PostgresCluster cluster;

  private PostgresAddress address = PostgresAddress.parse("postgresql://127.0.0.1/none");

  @BeforeAll
  static void startCluster() throws Exception {
    cluster = PostgresCluster.start();
  }

  @AfterAll
  static void stopCluster() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @BeforeEach
  @Override
  void openStorage() throws Exception {
    if (cluster == null) {
      throw new IllegalStateException("the cluster is started before all tests");
    }
    address = PostgresAddress.parse(cluster.createDatabase());
    super.openStorage();
  }

  @Override
  JdbiStorage open(Clock clock) throws StorageException {
    return PostgresStorage.openJdbi(address, 4, clock);
  }

  @Test
  void hasTheDiskConfirmEveryCommitWhateverTheDatabaseIsSetTo() throws Exception {
    assertThat(storage.setting("SHOW synchronous_commit")).isEqualTo("on");
  }

  @Test
  void letsManyGatewaysStartOnOneNewDatabase() throws Exception {
    if (cluster == null) {
      throw new IllegalStateException("the cluster is started before all tests");
    }
    PostgresAddress fresh = PostgresAddress.parse(cluster.createDatabase());
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Storage>> starts =
          IntStream.range(0, 6)
              .<Callable<Storage>>mapToObj(_ -> () -> PostgresStorage.open(fresh, 1, clock))
              .toList();
      for (Future<Storage> each : executor.invokeAll(starts)) {
        try (Storage started = each.get()) {
          assertThat(started.routes()).isEmpty();
        }
      }
    }
  }

  @Test
  void saysWhereItCannotConnectAndNotThePassword() {
    PostgresAddress wrong = address.withPassword("wrong-hush");

    assertThatThrownBy(() -> PostgresStorage.open(wrong, 1, clock))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(address.toString())
        .hasMessageContaining("password authentication failed")
        .hasMessageNotContaining("hush");
  }
}
