package io.millpond.e2e;

import org.junit.jupiter.api.Assumptions;

/** What a run brings along for tests that need it. */
final class Given {
  private Given() {}

  /**
   * The value of a variable of the environment; without it the test is skipped, and says so.
   *
   * @param from who sets it
   */
  static String environment(String name, String from) {
    String value = System.getenv(name);
    Assumptions.assumeTrue(value != null, "needs " + name + ": " + from);
    return String.valueOf(value);
  }

  /** One that {@code ./verify --only kubernetes} sets, as it does all that a cluster needs. */
  static String ofCluster(String name) {
    return environment(name, "./verify --only kubernetes sets it and runs this");
  }
}
