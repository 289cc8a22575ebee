package io.millpond.eni;

/** Carries a {@link CloudFailure} to the method that answers with it. */
final class CloudException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient CloudFailure failure;

  CloudException(CloudFailure failure) {
    super(failure.reason());
    this.failure = failure;
  }

  CloudFailure failure() {
    return failure;
  }
}
