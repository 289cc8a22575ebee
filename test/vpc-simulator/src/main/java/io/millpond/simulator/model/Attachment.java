package io.millpond.simulator.model;

import java.time.Instant;

/**
 * The tie between an interface and an instance.
 *
 * @param since when the state was entered; for {@code ATTACHED} the link exists from then on
 */
public record Attachment(
    String id,
    String instanceId,
    int deviceIndex,
    int networkCard,
    State state,
    boolean deleteOnTermination,
    Instant attachTime,
    Instant since) {
  /** Where the attachment is on its way. */
  public enum State {
    ATTACHING("attaching"),
    ATTACHED("attached"),
    DETACHING("detaching");

    private final String ec2Name;

    State(String ec2Name) {
      this.ec2Name = ec2Name;
    }

    public String ec2Name() {
      return ec2Name;
    }
  }

  public Attachment withState(State newState, Instant now) {
    return new Attachment(
        id, instanceId, deviceIndex, networkCard, newState, deleteOnTermination, attachTime, now);
  }

  public Attachment withDeleteOnTermination(boolean delete) {
    return new Attachment(
        id, instanceId, deviceIndex, networkCard, state, delete, attachTime, since);
  }
}
