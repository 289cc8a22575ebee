package io.millpond.simulator.account;

/** A refusal, with EC2's error code and a message as EC2 words it. */
public final class AwsError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String code;

  public AwsError(String code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  public String code() {
    return code;
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }

  static AwsError invalidValue(String message) {
    return new AwsError("InvalidParameterValue", message);
  }
}
