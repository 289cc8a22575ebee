package io.millpond.node.pods;

/**
 * Passes on what a pod's owner should hear of its ADD, for whoever listens. Safe for any thread; a
 * listener must not block.
 */
public final class PodNotices {
  private volatile Listener listener = (_, _, _, _) -> {};

  /** What a notice is about. */
  public enum Kind {
    /** There is no address yet; the pod waits. */
    LATE,
    /** There was no address in time; the runtime asks again. */
    NO_ADDRESS,
    /** It will not succeed until somebody changes something. */
    REFUSED,
    /** There is an address, and the pod could not be built on it. */
    FAILED
  }

  /** Who passes notices on. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Something happened to a pod's ADD.
     *
     * @param cause for people
     * @param remedy what helps, empty if nothing is known
     */
    void notice(PodRequest pod, Kind kind, String cause, String remedy);
  }

  /** Nobody listens. */
  public PodNotices() {}

  /** From now on this one listens, and no other. */
  public void listen(Listener now) {
    listener = now;
  }

  void tell(PodRequest pod, Kind kind, String cause, String remedy) {
    listener.notice(pod, kind, cause, remedy);
  }

  /** Tells of an end that is no success. */
  void tell(PodRequest pod, AddOutcome end) {
    switch (end) {
      case AddOutcome.NoAddress(var cause, var remedy, _) ->
          tell(pod, Kind.NO_ADDRESS, cause, remedy);
      case AddOutcome.NoSuchPool(var what, var remedy) -> tell(pod, Kind.REFUSED, what, remedy);
      case AddOutcome.TooManyPorts(var detail) -> tell(pod, Kind.REFUSED, detail, "");
      case AddOutcome.PortTaken(var detail) -> tell(pod, Kind.REFUSED, detail, "");
      case AddOutcome.Failed(var detail) -> tell(pod, Kind.FAILED, detail, "");
      // These are no news to the pod's owner: somebody deletes the pod, or the runtime errs.
      case AddOutcome.Added _,
          AddOutcome.Abandoned _,
          AddOutcome.ExistsElsewhere _,
          AddOutcome.BadNamespace _ -> {}
    }
  }
}
