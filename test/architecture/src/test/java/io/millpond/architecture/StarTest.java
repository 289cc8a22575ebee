package io.millpond.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * The star of {@code docs/design.md}: three boundaries that do not see one another, a pure heart,
 * and one room that knows them all.
 */
@AnalyzeClasses(packages = "io.millpond", importOptions = DoNotIncludeTests.class)
class StarTest {
  private static final String CNI = "io.millpond.cni..";
  private static final String LINUX = "io.millpond.linux..";
  private static final String ENI = "io.millpond.eni..";
  private static final String POOL = "io.millpond.pool..";
  private static final String VALUES = "io.millpond.pool.value..";
  private static final String NODE = "io.millpond.node..";
  private static final String SIMULATOR = "io.millpond.simulator..";

  @ArchTest static final ArchRule theCniBoundarySeesOnlyValues = seesOfOursOnly(CNI);

  @ArchTest static final ArchRule theLinuxBoundarySeesOnlyValues = seesOfOursOnly(LINUX);

  @ArchTest static final ArchRule theAwsBoundarySeesOnlyValues = seesOfOursOnly(ENI);

  @ArchTest
  static final ArchRule valuesSeeNothingOfOurs =
      noClasses()
          .that()
          .resideInAPackage(VALUES)
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.millpond..").and(resideInAPackage(VALUES).negate()));

  @ArchTest
  static final ArchRule theHeartSeesOnlyItselfAndTheLanguage =
      noClasses()
          .that()
          .resideInAPackage(POOL)
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(
                      POOL,
                      "java.lang..",
                      "java.util..",
                      "java.time..",
                      "java.math..",
                      "java.text..")
                  .or(resideInAnyPackage("java.nio..", "java.net..", "java.security.."))
                  .or(resideInAnyPackage("org.jspecify.."))
                  .negate());

  @ArchTest
  static final ArchRule theHeartHasNoClockNoThreadsNoInputOrOutput =
      noClasses()
          .that()
          .resideInAPackage("io.millpond.pool")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("java.util.concurrent..", "java.nio..", "java.net..", "java.io..")
                  .or(resideInAnyPackage("java.time..").and(isAClock())))
          .orShould()
          .dependOnClassesThat(isAThread());

  @ArchTest
  static final ArchRule theSimulatorSharesNoCodeWithWhatItTests =
      noClasses()
          .that()
          .resideInAPackage(SIMULATOR)
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.millpond..").and(resideInAPackage(SIMULATOR).negate()));

  @ArchTest static final ArchRule onlyTheAwsBoundaryKnowsTheSdk = onlyIn(ENI, "software.amazon..");

  @ArchTest static final ArchRule onlyTheLinuxBoundaryKnowsNativeCode = onlyIn(LINUX, "jnr..");

  @ArchTest
  static final ArchRule onlyItsRoomsOfTheDaemonKnowKubernetes =
      noClasses()
          .that(
              resideInAnyPackage(
                      "io.millpond.node.kubernetes..",
                      "io.millpond.node.policy..",
                      "io.millpond.node.cleaner..")
                  .negate())
          .should()
          .dependOnClassesThat(resideInAPackage("io.fabric8.."));

  @ArchTest
  static final ArchRule onlyTheDaemonIsACommand =
      noClasses()
          .that(resideInAnyPackage(NODE, SIMULATOR).negate())
          .should()
          .dependOnClassesThat(resideInAPackage("picocli.."));

  @ArchTest
  static final ArchRule noVirtualThreadsWhereNamespacesAreEntered =
      noClasses()
          .that()
          .resideInAPackage(LINUX)
          .should()
          .callMethod(Thread.class, "ofVirtual")
          .orShould()
          .callMethod(Thread.class, "startVirtualThread", Runnable.class)
          .orShould()
          .callMethod(java.util.concurrent.Executors.class, "newVirtualThreadPerTaskExecutor");

  @ArchTest
  static final ArchRule packagesOfTheLinuxBoundaryHaveNoCycles =
      slices().matching("io.millpond.linux.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule packagesOfTheDaemonHaveNoCycles =
      slices().matching("io.millpond.node.(*)..").should().beFreeOfCycles();

  private static ArchRule seesOfOursOnly(String boundary) {
    return noClasses()
        .that()
        .resideInAPackage(boundary)
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.millpond..").and(resideInAnyPackage(boundary, VALUES).negate()));
  }

  private static ArchRule onlyIn(String room, String library) {
    return noClasses()
        .that(resideInAPackage(room).negate())
        .should()
        .dependOnClassesThat(resideInAPackage(library));
  }

  private static com.tngtech.archunit.base.DescribedPredicate<
          com.tngtech.archunit.core.domain.JavaClass>
      isAClock() {
    return com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf(
        java.time.Clock.class, java.time.InstantSource.class);
  }

  private static com.tngtech.archunit.base.DescribedPredicate<
          com.tngtech.archunit.core.domain.JavaClass>
      isAThread() {
    return com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf(Thread.class);
  }
}
