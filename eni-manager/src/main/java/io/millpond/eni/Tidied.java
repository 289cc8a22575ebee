package io.millpond.eni;

import java.util.List;

/**
 * What tidying up came to.
 *
 * @param done what was deleted, for people
 * @param more whether something unattached stays that is too young to be nobody's: it is worth
 *     tidying again after {@link CloudEnis#ORPHAN_AGE}
 */
public record Tidied(List<String> done, boolean more) {
  public Tidied {
    done = List.copyOf(done);
  }
}
