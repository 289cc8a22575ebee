package io.millpond.eni;

/** An answer of EC2, or why there is none. */
public sealed interface CloudResult<T> {
  /** It worked. */
  record Success<T>(T value) implements CloudResult<T> {}

  /** It did not. */
  record Failed<T>(CloudFailure failure) implements CloudResult<T> {}
}
