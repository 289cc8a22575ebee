package io.millpond.node.kubernetes;

import io.millpond.node.pods.ExpectedPods.BoundPod;
import java.util.Set;

/**
 * What is read of a pod, or of a Status that stands in its place; texts are empty where the object
 * does not have them.
 *
 * @param mirrors the uid of the static pod that it shows, whose sandbox is made with that
 * @param deleting whether it is terminating
 * @param phase Pending, Running, Succeeded, Failed, Unknown
 * @param podIp its address, if its sandbox has had one
 * @param code of a Status
 * @param message of a Status
 */
record PodSeen(
    String uid,
    String namespace,
    String name,
    String mirrors,
    String resourceVersion,
    String nodeName,
    boolean hostNetwork,
    boolean deleting,
    String phase,
    String podIp,
    int code,
    String message) {
  private static final Set<String> FINISHED = Set.of("Succeeded", "Failed");

  /**
   * Whether its ADD is to come. The kubelet makes no sandbox for a pod that terminates or has
   * finished; pods in the node's network need no address; one that has an address is attached
   * already. A static pod is a pod like any other.
   */
  boolean isExpectedOn(String node) {
    return nodeName.equals(node)
        && !uid.isEmpty()
        && !hostNetwork
        && !deleting
        && !FINISHED.contains(phase)
        && podIp.isEmpty();
  }

  /** As it will be named by whoever asks for its address. */
  BoundPod bound() {
    return new BoundPod(sandboxUid(), namespace + "/" + name);
  }

  /** The uid that the runtime names on ADD. */
  String sandboxUid() {
    return mirrors.isEmpty() ? uid : mirrors;
  }
}
