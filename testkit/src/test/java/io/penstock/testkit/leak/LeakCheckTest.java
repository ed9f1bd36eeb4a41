package io.penstock.testkit.leak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

class LeakCheckTest {

  @Test
  void aClassThatDropsABufferFailsAndTheRecordNamesTheCulprit() {
    List<Failure> failures = run(LeakySamples.Leaking.class);

    assertThat(failures).hasSize(1);
    assertThat(failures.getFirst().what()).isEqualTo("LeakySamples$Leaking");
    assertThat(failures.getFirst().why())
        .contains("leaked, found until the end of")
        .contains("ByteBuf was never released")
        .contains("LeakySamples$Leaking.dropsABuffer");
  }

  @Test
  void aLeakInANestedClassFailsTheClassAroundIt() {
    List<Failure> failures = run(LeakySamples.LeakingInside.class);

    assertThat(failures).extracting(Failure::what).containsExactly("LeakySamples$LeakingInside");
  }

  @Test
  void aClassThatReleasesItsBuffersPasses() {
    assertThat(run(LeakySamples.Clean.class)).isEmpty();
  }

  @Test
  void aBufferThatBecomesGarbageAfterTheLastClassFailsTheRun() {
    List<Failure> failures = run(LeakySamples.Holding.class);

    assertThat(failures).hasSize(1);
    assertThat(failures.getFirst().what()).isEqualTo("JUnit Jupiter");
    assertThat(failures.getFirst().why())
        .contains("at the end of the run")
        .contains("LeakySamples$Holding.keepsABuffer");
  }

  @Test
  void aClassIsNotBlamedForTheLeakOfTheOneBefore() {
    List<Failure> failures = run(LeakySamples.Leaking.class, LeakySamples.Clean.class);

    assertThat(failures).extracting(Failure::what).containsExactly("LeakySamples$Leaking");
  }

  private record Failure(String what, String why) {}

  /// Runs test classes in this JVM as the build does, and returns what failed.
  private static List<Failure> run(Class<?>... classes) {
    List<Failure> failures = new ArrayList<>();
    var request = LauncherDiscoveryRequestBuilder.request();
    for (Class<?> each : classes) {
      request.selectors(selectClass(each));
    }
    LauncherFactory.create().execute(request.build(), new FailureListener(failures));
    return failures;
  }

  /// Notes failures, and drops the buffer that a class has kept once that class is over.
  private record FailureListener(List<Failure> failures) implements TestExecutionListener {

    @Override
    public void executionFinished(TestIdentifier finished, TestExecutionResult result) {
      result
          .getThrowable()
          .ifPresent(why -> failures.add(new Failure(finished.getDisplayName(), why.toString())));
      if (finished.getDisplayName().contains("Holding")) {
        LeakySamples.Holding.held = null;
      }
    }
  }
}
