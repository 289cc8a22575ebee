package io.millpond.eni;

import java.util.List;
import java.util.Optional;

/**
 * What a round of {@link CloudEnis#sweep} came to.
 *
 * @param deleted ids of the ENIs that were deleted
 * @param left how many more are known whose instance is gone: to be seen again, or of a later round
 * @param failure why some of them could not be deleted
 */
public record Swept(List<String> deleted, int left, Optional<CloudFailure> failure) {
  /** Copies the list. */
  public Swept {
    deleted = List.copyOf(deleted);
  }
}
