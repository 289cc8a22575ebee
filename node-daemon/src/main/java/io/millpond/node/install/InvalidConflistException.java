package io.millpond.node.install;

import java.util.List;

/** A network configuration that runtimes or the plugin would refuse. */
public final class InvalidConflistException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<String> errors;

  InvalidConflistException(List<String> errors) {
    super(String.join("; ", errors));
    this.errors = List.copyOf(errors);
  }

  /** What is wrong, each naming the file, what was found there and what to do. */
  public List<String> errors() {
    return errors;
  }
}
