package io.millpond.node.policy;

/** A field of an object has a value that cannot be used. */
final class UnusableException extends Exception {
  private static final long serialVersionUID = 1L;

  private static final int LONGEST_VALUE = 60;

  private final String field;
  private final String value;
  private final String remedy;

  /**
   * The field below {@code spec}, its value, and what helps.
   *
   * @param value from outside: cut and without control characters where it is shown
   */
  UnusableException(String field, String value, String remedy) {
    super("spec.%s=%s: %s".formatted(field, shown(value), remedy));
    this.field = field;
    this.value = value;
    this.remedy = remedy;
  }

  UnusableException under(String outer) {
    return new UnusableException(outer + "." + field, value, remedy);
  }

  static String shown(String text) {
    String safe = text.replaceAll("[^\\x20-\\x7e]", "?");
    return safe.length() > LONGEST_VALUE ? safe.substring(0, LONGEST_VALUE) + "…" : safe;
  }
}
