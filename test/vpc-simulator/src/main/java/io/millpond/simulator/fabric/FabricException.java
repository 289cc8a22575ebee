package io.millpond.simulator.fabric;

/** The network could not be brought into the wanted state; the message says what was attempted. */
public final class FabricException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public FabricException(String message) {
    super(message);
  }

  public FabricException(String message, Throwable cause) {
    super(message, cause);
  }
}
