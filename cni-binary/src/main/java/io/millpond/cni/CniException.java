package io.millpond.cni;

/** Carries a {@link CniError} out of the parser. */
public final class CniException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient CniError error;

  public CniException(CniError error) {
    super(error.msg() + ": " + error.details());
    this.error = error;
  }

  public CniError error() {
    return error;
  }
}
