package io.millpond.linux.datapath;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The alias of a host veth, which is the record of an attachment: {@code mp1 k=<hash> c=<container>
 * i=<interface> 4=<address> n=<netns inode> x=<place> w=<network> p=<pod>}. At most 255 octets fit;
 * the pod's name, last, is cut. The hash decides which attachment it is. While the attachment is
 * being built {@code b=1} stands behind the hash. The only attachment of a pod has no {@code x=}.
 *
 * <p>The pod's slave has one too, so that it can be told whose it is after the veth is gone; its
 * {@code s=} holds the settings that the namespace had before.
 *
 * @param hash 26 base32 characters of the key's digest
 * @param containerId cut to 64 characters
 * @param netnsInode of the pod's namespace
 * @param network cut to 40 characters
 * @param pod {@code namespace/name}, for people; may be empty or cut
 * @param building whether the attach has not come to its end
 * @param settings what {@link PodSettings} remembers; empty on the node's side
 * @param place among the attachments of the pod
 */
public record Alias(
    String hash,
    String containerId,
    String ifName,
    IpAddress address,
    long netnsInode,
    String network,
    String pod,
    boolean building,
    String settings,
    Place place) {
  private static final String VERSION = "mp1";
  private static final int LIMIT = 255;
  private static final int CONTAINER_LIMIT = 64;
  private static final int LINK_LIMIT = 15;
  private static final int NETWORK_LIMIT = 40;
  private static final Pattern HASH = Pattern.compile("[a-z2-7]{26}");

  /** What is written here; inside a pod anybody may have written something else. */
  private static final Pattern PRINTABLE = Pattern.compile("[ -~]{0," + LIMIT + "}");

  private static final Pattern UNSAFE = Pattern.compile("[^A-Za-z0-9._/:@+-]");

  static Alias of(AttachmentKey key, IpAddress address, long netnsInode, String pod) {
    return new Alias(
        HostVeth.hash(key),
        safe(key.containerId(), CONTAINER_LIMIT),
        safe(key.ifName(), LINK_LIMIT),
        address,
        netnsInode,
        safe(key.network(), NETWORK_LIMIT),
        safe(pod, LIMIT),
        false,
        "",
        Place.FIRST);
  }

  Alias whileBuilding() {
    return new Alias(
        hash, containerId, ifName, address, netnsInode, network, pod, true, settings, place);
  }

  /** The slave's, with what the namespace's settings were. */
  Alias ofSlave(String before) {
    return new Alias(
        hash, containerId, ifName, address, netnsInode, network, pod, false, before, place);
  }

  /** With another place. */
  Alias at(Place another) {
    return new Alias(
        hash, containerId, ifName, address, netnsInode, network, pod, building, settings, another);
  }

  /** A name from outside must not look like fields. */
  private static String safe(String text, int limit) {
    String cut = text.length() > limit ? text.substring(0, limit) : text;
    return UNSAFE.matcher(cut).replaceAll("_");
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
        "%s k=%s%s c=%s i=%s 4=%s n=%d%s%s w=%s p=%s"
            .formatted(
                VERSION,
                hash,
                building ? " b=1" : "",
                containerId,
                ifName,
                address,
                netnsInode,
                place.equals(Place.FIRST) ? "" : " x=" + place.format(),
                settings.isEmpty() ? "" : " s=" + settings,
                network,
                pod);
    return text.length() > LIMIT ? text.substring(0, LIMIT) : text;
  }

  /**
   * Reads an alias; empty if it is not of our form, such as with a longer part than is ever
   * written, or of a newer version.
   */
  public static Optional<Alias> parse(String text) {
    if (!text.startsWith(VERSION + " ") || !PRINTABLE.matcher(text).matches()) {
      return Optional.empty();
    }
    Map<String, String> fields = new HashMap<>();
    for (String field : text.substring(VERSION.length() + 1).split(" ", -1)) {
      int equals = field.indexOf('=');
      if (equals > 0) {
        fields.putIfAbsent(field.substring(0, equals), field.substring(equals + 1));
      }
    }
    try {
      String hash = fields.getOrDefault("k", "");
      String ifName = fields.getOrDefault("i", "");
      String containerId = fields.getOrDefault("c", "");
      String network = fields.getOrDefault("w", "");
      if (!HASH.matcher(hash).matches()
          || ifName.isEmpty()
          || UNSAFE.matcher(ifName).find()
          || ifName.length() > LINK_LIMIT
          || containerId.length() > CONTAINER_LIMIT
          || network.length() > NETWORK_LIMIT) {
        return Optional.empty();
      }
      return Optional.of(
          new Alias(
              hash,
              containerId,
              ifName,
              IpAddress.parse(fields.getOrDefault("4", "")),
              Long.parseLong(fields.getOrDefault("n", "0")),
              network,
              fields.getOrDefault("p", ""),
              fields.containsKey("b"),
              fields.getOrDefault("s", ""),
              Place.parse(fields.getOrDefault("x", ""))));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
