package io.penstock.protocol;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

class EnginesStayPureTest {

  private static final JavaClasses ENGINES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.penstock.protocol");

  @Test
  void an_engine_does_no_input_or_output_and_starts_no_thread() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "java.net..",
                "java.nio.channels..",
                "java.nio.file..",
                "java.util.concurrent",
                "java.util.logging..",
                "org.slf4j..",
                "io.netty.channel..",
                "io.netty.handler..",
                "io.netty.bootstrap..")
            .because(
                "an engine that does its own input and output cannot run under virtual time on a"
                    + " simulated network, which is how its faults are found"));
  }

  @Test
  void an_engine_reads_no_clock_and_draws_no_randomness_of_its_own() {
    check(
        noClasses()
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.security.SecureRandom")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.concurrent.ThreadLocalRandom")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.time.Clock")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.time.Instant")
            .because("time and randomness are passed in, so that a seed replays a run"));
  }

  private static void check(ArchRule rule) {
    rule.check(ENGINES);
  }
}
