package io.millpond.cni;

/**
 * Which pod it is, as far as the runtime says.
 *
 * @param namespace empty if unknown
 * @param name empty if unknown
 */
public record PodName(String namespace, String name) {
  /** {@code namespace/name}, or what there is of it. */
  @Override
  public String toString() {
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }
}
