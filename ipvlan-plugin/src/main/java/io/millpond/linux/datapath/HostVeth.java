package io.millpond.linux.datapath;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.MacAddress;

/**
 * The host end of an attachment's veth. Its name is derived from the attachment, so creating it is
 * the lock.
 *
 * @param name {@code mpd} and 12 base32 characters of the key's digest
 */
public record HostVeth(String name) {
  /** Names of host ends begin so, and none of another program's do. */
  public static final String PREFIX = "mpd";

  private static final String BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
  private static final int CHARACTERS = 12;

  public static HostVeth of(AttachmentKey key) {
    return new HostVeth(PREFIX + base32(key.digest(), CHARACTERS));
  }

  /** Whether a link of this name in the node's namespace is one of ours. */
  public static boolean isName(String name) {
    return name.length() == PREFIX.length() + CHARACTERS && name.startsWith(PREFIX);
  }

  /** The digest as the alias carries it: 26 characters, 130 bits. */
  static String hash(AttachmentKey key) {
    return base32(key.digest(), 26);
  }

  private static String base32(byte[] bytes, int characters) {
    StringBuilder text = new StringBuilder();
    int bits = 0;
    int held = 0;
    int at = 0;
    while (text.length() < characters) {
      if (held < 5) {
        bits = (bits << 8) | (bytes[at++] & 0xFF);
        held += 8;
      }
      text.append(BASE32.charAt((bits >>> (held - 5)) & 31));
      held -= 5;
    }
    return text.toString();
  }

  /** Locally administered; given, because a MAC that the kernel makes up is rewritten by udev. */
  static MacAddress hostMac(AttachmentKey key) {
    return mac(key, 0);
  }

  static MacAddress podMac(AttachmentKey key) {
    return mac(key, 8);
  }

  private static MacAddress mac(AttachmentKey key, int offset) {
    byte[] digest = key.digest();
    byte[] octets = {
      (byte) 0xae,
      digest[offset],
      digest[offset + 1],
      digest[offset + 2],
      digest[offset + 3],
      digest[offset + 4]
    };
    return MacAddress.ofBytes(octets);
  }
}
