package io.millpond.node.pods;

import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.PodPlan;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * What is known of attachments beyond the pool's state: whose pod it is, and in which namespace.
 * Keyed by the name of the host veth, which the key's hash makes, because the kernel's record of an
 * attachment may lack part of a long key: such a one is filed under a stand-in until a request
 * names the true key. Safe for any thread.
 */
public final class Attachments {
  /** What is left in an alias for a pod's name when all else in it is as long as it may be. */
  private static final int SHORTEST_CUT_NAME = 36;

  private final Function<AttachmentKey, String> linkName;
  private final Map<String, Attachment> byLink = new ConcurrentHashMap<>();

  /**
   * An attachment.
   *
   * @param key as the pool knows it
   * @param hostLink name of its host veth
   * @param pod {@code namespace/name}, empty if unknown; found in the kernel, it may lack its end
   * @param podUid of the Kubernetes object, empty if unknown
   * @param netnsInode 0 if unknown
   * @param extraRoutes of its network's configuration, as far as this run was told
   * @param demands host ports and bandwidth limits
   */
  public record Attachment(
      AttachmentKey key,
      String hostLink,
      String pod,
      String podUid,
      long netnsInode,
      List<Prefix> extraRoutes,
      PodDemands demands) {
    /** Copies the list. */
    public Attachment {
      extraRoutes = List.copyOf(extraRoutes);
    }

    /** A kernel's record cuts long names; what it keeps of them is longer than most names are. */
    private boolean isNamed(String other) {
      return pod.length() < SHORTEST_CUT_NAME ? pod.equals(other) : other.startsWith(pod);
    }
  }

  /**
   * Empty.
   *
   * @param linkName the host veth's name for a key
   */
  public Attachments(Function<AttachmentKey, String> linkName) {
    this.linkName = linkName;
  }

  /** The key under which the pool files this attachment. */
  public AttachmentKey poolKey(AttachmentKey asked) {
    Attachment known = byLink.get(linkName.apply(asked));
    return known == null ? asked : known.key();
  }

  /** Files an attachment that was found in the kernel. */
  public void found(KernelView.Seen seen) {
    byLink.put(
        seen.hostLink(),
        new Attachment(
            seen.key(),
            seen.hostLink(),
            seen.pod(),
            "",
            seen.netnsInode(),
            List.of(),
            seen.demands()));
  }

  /**
   * Files an attachment that was built.
   *
   * @param podUid empty if unknown
   */
  public void built(PodPlan plan, String podUid, long netnsInode) {
    String hostLink = linkName.apply(plan.key());
    byLink.put(
        hostLink,
        new Attachment(
            plan.key(),
            hostLink,
            plan.pod(),
            podUid,
            netnsInode,
            plan.extraRoutes(),
            plan.demands()));
  }

  /** Forgets what the pool knows by this key. */
  public void removed(AttachmentKey key) {
    byLink.values().removeIf(attachment -> attachment.key().equals(key));
  }

  /** The attachment behind a host veth. */
  public Optional<Attachment> byLink(String hostLink) {
    return Optional.ofNullable(byLink.get(hostLink));
  }

  /** The attachment that the pool knows by this key. */
  public Optional<Attachment> byPoolKey(AttachmentKey key) {
    return byLink.values().stream().filter(attachment -> attachment.key().equals(key)).findFirst();
  }

  /** Whether a pod has one: by its uid where that is known, else by its name. */
  public boolean has(String pod, String podUid) {
    return byLink.values().stream()
        .anyMatch(
            attachment ->
                (attachment.podUid().isEmpty() || podUid.isEmpty())
                    ? attachment.isNamed(pod)
                    : attachment.podUid().equals(podUid));
  }

  /** All of them. */
  public List<Attachment> all() {
    return List.copyOf(byLink.values());
  }
}
