package io.millpond.pool.value;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the CNI specification calls an attachment: one interface of one container in one network.
 * All state is kept by this key (CNI 1.1.0, section 2: "a plugin should store state by container ID
 * and interface name").
 *
 * <p>The parts are what the runtime sent; their form is checked where requests are parsed. Here
 * they are only required to be present and bounded.
 *
 * <p>Immutable, and safe for any thread.
 */
public final class AttachmentKey implements Comparable<AttachmentKey> {
  /**
   * The longest part, in bytes of UTF-8: far above what any runtime sends, far below what hurts.
   */
  public static final int MAX_PART = 8192;

  private static final int SHOWN = 80;

  private static final Comparator<AttachmentKey> ORDER =
      Comparator.comparing(AttachmentKey::network)
          .thenComparing(AttachmentKey::containerId)
          .thenComparing(AttachmentKey::ifName);

  private final String network;
  private final String containerId;
  private final String ifName;

  /** Asked for several times in every request. */
  private volatile byte @Nullable [] digest;

  /**
   * The key of these parts.
   *
   * @param network the network's name
   * @param containerId the runtime's container ID
   * @param ifName the interface's name inside the container
   * @throws IllegalArgumentException if a part is empty or longer than {@link #MAX_PART}
   */
  public AttachmentKey(String network, String containerId, String ifName) {
    check("network", network);
    check("container ID", containerId);
    check("interface name", ifName);
    this.network = network;
    this.containerId = containerId;
    this.ifName = ifName;
  }

  /** The network's name. */
  public String network() {
    return network;
  }

  /** The runtime's container ID. */
  public String containerId() {
    return containerId;
  }

  /** The interface's name inside the container. */
  public String ifName() {
    return ifName;
  }

  private static void check(String what, String part) {
    if (part.isEmpty() || part.length() > MAX_PART || part.getBytes(UTF_8).length > MAX_PART) {
      throw new IllegalArgumentException(
          "the " + what + " has 1 to " + MAX_PART + " bytes: " + Shown.of(part));
    }
  }

  /**
   * SHA-256 over the three parts, each preceded by its length in bytes as a 32-bit big-endian
   * number, so that no two keys run together.
   */
  public byte[] digest() {
    byte[] known = digest;
    if (known == null) {
      known = compute();
      digest = known;
    }
    return known.clone();
  }

  private byte[] compute() {
    MessageDigest sha = sha256();
    for (String part : new String[] {network, containerId, ifName}) {
      byte[] bytes = part.getBytes(UTF_8);
      sha.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
      sha.update(bytes);
    }
    return sha.digest();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof AttachmentKey that
        && containerId.equals(that.containerId)
        && ifName.equals(that.ifName)
        && network.equals(that.network);
  }

  @Override
  public int hashCode() {
    return Objects.hash(network, containerId, ifName);
  }

  @Override
  public int compareTo(AttachmentKey other) {
    return ORDER.compare(this, other);
  }

  /**
   * {@code network/container/interface} for an error message, which others see and keep: each part
   * cut to 80 characters.
   */
  public String shown() {
    return cut(network) + "/" + cut(containerId) + "/" + cut(ifName);
  }

  private static String cut(String part) {
    return part.length() > SHOWN ? part.substring(0, SHOWN) + "…" : part;
  }

  /** {@code network/container/interface}, for people. */
  @Override
  public String toString() {
    return network + "/" + containerId + "/" + ifName;
  }
}
