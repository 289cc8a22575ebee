package io.millpond.linux.datapath;

import org.jspecify.annotations.NullMarked;

/** The datapath of a daemon that dies before one step of an attach or a detach. */
@NullMarked
public final class DyingDatapath {
  /** No exception that any undo would see: as if the process had ended there. */
  public static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  private DyingDatapath() {}

  /** Dies before this {@link Step}: {@code attach/VETH}, {@code detach/RULES}. */
  public static PodDatapath before(String step, PoolRoutes routes) {
    String name = step.substring(step.indexOf('/') + 1);
    Step last =
        step.startsWith("attach/") ? Step.OfAttach.valueOf(name) : Step.OfDetach.valueOf(name);
    return new PodDatapath(
        routes,
        at -> {
          if (at == last) {
            throw new Killed();
          }
        });
  }
}
