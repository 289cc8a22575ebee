package io.millpond.cni;

import java.util.Arrays;
import java.util.Optional;

/** The versions of the specification, in order. All of them work. */
public enum CniVersion {
  V0_1_0("0.1.0"),
  V0_2_0("0.2.0"),
  V0_3_0("0.3.0"),
  V0_3_1("0.3.1"),
  V0_4_0("0.4.0"),
  V1_0_0("1.0.0"),
  V1_1_0("1.1.0");

  private final String text;

  CniVersion(String text) {
    this.text = text;
  }

  /** As in {@code cniVersion}; compared as a whole. */
  public String text() {
    return text;
  }

  /** The version of that name; {@code 1.0} is none. */
  public static Optional<CniVersion> of(String text) {
    return Arrays.stream(values()).filter(version -> version.text.equals(text)).findFirst();
  }

  public boolean atLeast(CniVersion other) {
    return compareTo(other) >= 0;
  }
}
