package io.millpond.linux.datapath;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The alias of a host veth, which is the record of an attachment: {@code mp1 k=<hash> c=<container>
 * i=<interface> 4=<address> n=<netns inode> w=<network> p=<pod>}. At most 255 octets fit; the pod's
 * name, last, is cut. The hash decides which attachment it is.
 *
 * @param hash 26 base32 characters of the key's digest
 * @param containerId cut to 64 characters
 * @param netnsInode of the pod's namespace
 * @param network cut to 40 characters
 * @param pod {@code namespace/name}, for people; may be empty or cut
 */
public record Alias(
    String hash,
    String containerId,
    String ifName,
    IpAddress address,
    long netnsInode,
    String network,
    String pod) {
  private static final String VERSION = "mp1";
  private static final int LIMIT = 255;

  static Alias of(AttachmentKey key, IpAddress address, long netnsInode, String pod) {
    return new Alias(
        HostVeth.hash(key),
        cut(key.containerId(), 64),
        key.ifName(),
        address,
        netnsInode,
        cut(key.network(), 40),
        pod);
  }

  private static String cut(String text, int limit) {
    return text.length() > limit ? text.substring(0, limit) : text;
  }

  /** Whether it is this attachment's. */
  public boolean isOf(AttachmentKey key) {
    return hash.equals(HostVeth.hash(key));
  }

  /**
   * The attachment. Where a part was cut, a key that stands for it: its container ID is the hash,
   * and its network {@code ?}.
   */
  public AttachmentKey key() {
    if (!network.isEmpty() && !containerId.isEmpty()) {
      AttachmentKey key = new AttachmentKey(network, containerId, ifName);
      if (isOf(key)) {
        return key;
      }
    }
    return new AttachmentKey("?", hash, ifName);
  }

  /** The text, at most 255 octets. */
  String format() {
    String text =
        "%s k=%s c=%s i=%s 4=%s n=%d w=%s p=%s"
            .formatted(VERSION, hash, containerId, ifName, address, netnsInode, network, pod);
    while (text.getBytes(UTF_8).length > LIMIT) {
      text = text.substring(0, text.length() - 1);
    }
    return text;
  }

  /** Reads an alias; empty if it is not of our form or of a newer version. */
  public static Optional<Alias> parse(String text) {
    if (!text.startsWith(VERSION + " ") || text.length() > LIMIT) {
      return Optional.empty();
    }
    Map<String, String> fields = new HashMap<>();
    for (String field : text.substring(VERSION.length() + 1).split(" ", -1)) {
      int equals = field.indexOf('=');
      if (equals > 0) {
        fields.put(field.substring(0, equals), field.substring(equals + 1));
      }
    }
    try {
      String hash = fields.getOrDefault("k", "");
      String ifName = fields.getOrDefault("i", "");
      if (hash.isEmpty() || ifName.isEmpty()) {
        return Optional.empty();
      }
      return Optional.of(
          new Alias(
              hash,
              fields.getOrDefault("c", ""),
              ifName,
              IpAddress.parse(fields.getOrDefault("4", "")),
              Long.parseLong(fields.getOrDefault("n", "0")),
              fields.getOrDefault("w", ""),
              fields.getOrDefault("p", "")));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
