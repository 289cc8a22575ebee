package io.millpond.linux.datapath;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What went wrong while everything that can be removed is removed. */
final class Problems {
  private final List<String> found = new ArrayList<>();

  /** Something that may fail. */
  @FunctionalInterface
  interface Part {
    void run() throws IOException;
  }

  /** Does a part; the next one is done even if this one fails. */
  void during(Part part) {
    try {
      part.run();
    } catch (IOException | RuntimeException e) {
      found.add(Attach.message(e));
    }
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  Optional<String> text() {
    return found.isEmpty() ? Optional.empty() : Optional.of(toString());
  }

  @Override
  public String toString() {
    return String.join("; ", found);
  }
}
