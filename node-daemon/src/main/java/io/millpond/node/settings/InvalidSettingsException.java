package io.millpond.node.settings;

import java.util.List;

/** Settings that cannot be used; the message lists everything that is wrong, one a line. */
public final class InvalidSettingsException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<String> errors;

  InvalidSettingsException(List<String> errors) {
    super(errors.size() + " invalid settings:\n  " + String.join("\n  ", errors));
    this.errors = List.copyOf(errors);
  }

  /**
   * What is wrong, each naming the setting, the value, where it came from and what was expected.
   */
  public List<String> errors() {
    return errors;
  }
}
