package io.millpond.cni;

/**
 * Which pod it is, as far as the runtime says.
 *
 * @param namespace empty if unknown
 * @param name empty if unknown
 * @param uid of the Kubernetes object, which no other pod of that name ever has; empty if unknown
 */
public record PodName(String namespace, String name, String uid) {
  /** Of a runtime that says no more. */
  public PodName(String namespace, String name) {
    this(namespace, name, "");
  }

  /** {@code namespace/name}, or what there is of it. */
  @Override
  public String toString() {
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }
}
