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
  private static final int HASH_CHARACTERS = 26;
  private static final int MAC_OCTETS = 5;

  /** The end of this attachment. */
  public static HostVeth of(AttachmentKey key) {
    return new HostVeth(PREFIX + hash(key).substring(0, CHARACTERS));
  }

  /** Whether a link of this name in the node's namespace is one of ours. */
  public static boolean isName(String name) {
    return name.length() == PREFIX.length() + CHARACTERS && name.startsWith(PREFIX);
  }

  /** Whether the record is of the attachment whose host end this is. */
  boolean isOf(Alias alias) {
    return name.equals(PREFIX + alias.hash().substring(0, CHARACTERS));
  }

  /** The digest as the alias carries it: 26 characters, 130 bits. */
  static String hash(AttachmentKey key) {
    byte[] digest = key.digest();
    StringBuilder text = new StringBuilder();
    for (int at = 0; at < HASH_CHARACTERS * 5; at += 5) {
      text.append(BASE32.charAt(bits(digest, at)));
    }
    return text.toString();
  }

  /** Five bits of the digest, the first of which has this number. */
  private static int bits(byte[] digest, int at) {
    int two = ((digest[at / 8] & 0xFF) << 8) | (digest[at / 8 + 1] & 0xFF);
    return (two >>> (11 - at % 8)) & 31;
  }

  /** Locally administered; given, because a MAC that the kernel makes up is rewritten by udev. */
  static MacAddress hostMac(AttachmentKey key) {
    return hostMac(hash(key));
  }

  /** As {@link #podMac(String)}, of the node's end. */
  static MacAddress hostMac(String hash) {
    return mac(hash, 0);
  }

  static MacAddress podMac(AttachmentKey key) {
    return podMac(hash(key));
  }

  /** Of the attachment with this hash: a record suffices to know the MACs. */
  static MacAddress podMac(String hash) {
    return mac(hash, 64);
  }

  /** {@code ae:} and 40 bits of the digest. */
  private static MacAddress mac(String hash, int firstBit) {
    long bits = 0xae;
    for (int at = firstBit; at < firstBit + MAC_OCTETS * 8; at++) {
      int five = BASE32.indexOf(hash.charAt(at / 5));
      bits = (bits << 1) | ((five >>> (4 - at % 5)) & 1);
    }
    return new MacAddress(bits);
  }
}
