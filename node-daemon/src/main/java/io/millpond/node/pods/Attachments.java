package io.millpond.node.pods;

import io.millpond.node.kernel.KernelView;
import io.millpond.pool.value.AttachmentKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * What is known of attachments beyond the pool's state: whose pod it is, and in which namespace.
 * Keyed by the name of the host veth, which the key's hash makes.
 *
 * <p>An attachment found in the kernel after a start does not tell its network's name (the alias
 * has no room for it). Its key is guessed with the network's usual name and proved by the hash;
 * where that fails it is filed under a stand-in until a request names the true key. Safe for any
 * thread.
 */
public final class Attachments {
  /**
   * Stands for a network's name that nobody has told since the start; no valid name contains a
   * star.
   */
  private static final String UNKNOWN_NETWORK = "*";

  private final Function<AttachmentKey, String> linkName;
  private final Map<String, Attachment> byLink = new ConcurrentHashMap<>();

  /**
   * An attachment.
   *
   * @param key as the pool knows it
   * @param hostLink name of its host veth
   * @param pod {@code namespace/name}, empty if unknown
   * @param netnsInode 0 if unknown
   */
  public record Attachment(AttachmentKey key, String hostLink, String pod, long netnsInode) {}

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
  public Attachment found(KernelView.Seen seen, String usualNetwork) {
    AttachmentKey key =
        seen.keyIn(usualNetwork, linkName)
            .orElseGet(() -> new AttachmentKey(UNKNOWN_NETWORK, seen.containerId(), seen.ifName()));
    Attachment attachment = new Attachment(key, seen.hostLink(), seen.pod(), seen.netnsInode());
    byLink.put(seen.hostLink(), attachment);
    return attachment;
  }

  /** Files an attachment that was built. */
  public void built(AttachmentKey key, String pod, long netnsInode) {
    String hostLink = linkName.apply(key);
    byLink.put(hostLink, new Attachment(key, hostLink, pod, netnsInode));
  }

  /** Forgets it. */
  public void removed(AttachmentKey key) {
    byLink.remove(linkName.apply(key));
    byLink.values().removeIf(attachment -> attachment.key().equals(key));
  }

  /**
   * The attachment's true key, if it belongs to this network. Empty also where a long container ID
   * was cut in the kernel's record, so that nobody can tell.
   */
  public Optional<AttachmentKey> keyIn(String network, Attachment attachment) {
    AttachmentKey filed = attachment.key();
    if (!filed.network().equals(UNKNOWN_NETWORK)) {
      return filed.network().equals(network) ? Optional.of(filed) : Optional.empty();
    }
    AttachmentKey guess = new AttachmentKey(network, filed.containerId(), filed.ifName());
    return linkName.apply(guess).equals(attachment.hostLink())
        ? Optional.of(guess)
        : Optional.empty();
  }

  /** The attachment behind a host veth. */
  public Optional<Attachment> byLink(String hostLink) {
    return Optional.ofNullable(byLink.get(hostLink));
  }

  /** The attachment that the pool knows by this key. */
  public Optional<Attachment> byPoolKey(AttachmentKey key) {
    Attachment direct = byLink.get(linkName.apply(key));
    if (direct != null) {
      return Optional.of(direct);
    }
    return byLink.values().stream().filter(attachment -> attachment.key().equals(key)).findFirst();
  }

  /** All of them. */
  public List<Attachment> all() {
    return List.copyOf(byLink.values());
  }
}
