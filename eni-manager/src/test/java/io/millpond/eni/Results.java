package io.millpond.eni;

import io.millpond.eni.CloudResult.Failed;
import io.millpond.eni.CloudResult.Success;

/** What a test expects of a result. */
final class Results {
  private Results() {}

  static <T> T value(CloudResult<T> result) {
    return switch (result) {
      case Success<T> success -> success.value();
      case Failed<T> failed -> throw new AssertionError(failed.failure().reason());
    };
  }

  static CloudFailure failure(CloudResult<?> result) {
    return switch (result) {
      case Success<?> success -> throw new AssertionError("succeeded: " + success.value());
      case Failed<?> failed -> failed.failure();
    };
  }
}
