package io.millpond.node.probe;

import java.util.Locale;

/**
 * How the daemon is, for a probe of the kubelet.
 *
 * @param phase what it does
 * @param why what it waits for or suffers from, for people; may be empty
 */
public record ProbeState(Phase phase, String why) {
  /** In characters; the probe's program takes 1024 octets. */
  private static final int LONGEST = 300;

  /** What a daemon does. The names are known to {@code src/main/c/probe.c}. */
  public enum Phase {
    /** It does not serve yet. */
    STARTING,
    /** Another daemon serves, and hands over to this one when it is told to stop. */
    STANDBY,
    /** It answers plugins; whether it has addresses for pods is another question. */
    SERVING,
    /** It is to be restarted. */
    SICK,
    /** It was told to stop. */
    STOPPING
  }

  /** The answer: a line, {@code phase} or {@code phase: why}. */
  String line() {
    String text = phase.name().toLowerCase(Locale.ROOT) + (why.isEmpty() ? "" : ": " + why);
    String printable = text.replaceAll("\\p{Cntrl}+", " ");
    return printable.substring(0, Math.min(LONGEST, printable.length())) + "\n";
  }
}
