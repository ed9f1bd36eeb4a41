package io.penstock.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

/// Whatever a document holds, it is a config that reads back the same or an error with a message,
/// and what it means is a plan or an error with a message.
class ServeConfigFuzzTest {

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_bytes_are_a_config_or_refused(byte[] bytes) throws Exception {
    try {
      ServeConfig config = ServeConfig.parse(bytes);
      assertThat(ServeConfig.parse(config.toJson())).isEqualTo(config);
      ServePlan plan = ServePlan.of(config, ServePlan.Unsupported.IGNORE);
      ServeChange change = ServeChange.reconcile(plan, plan);
      assertThat(change.unchanged()).hasSize(plan.ports().size());
      UpdateRules.check(config, config, TypeChange.REFUSE);
    } catch (ServeException e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
  }
}
