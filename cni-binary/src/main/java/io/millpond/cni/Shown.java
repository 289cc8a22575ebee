package io.millpond.cni;

/** Makes text from outside fit for an error message: bounded, without control characters. */
final class Shown {
  private static final int LIMIT = 80;

  private Shown() {}

  static String of(String text) {
    String cut = text.length() > LIMIT ? text.substring(0, LIMIT) + "…" : text;
    return "'" + cut.replaceAll("\\p{Cntrl}", "?") + "'";
  }
}
