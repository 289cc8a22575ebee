package io.millpond.linux.nft;

import static io.millpond.linux.Libc.LIBC;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millpond.linux.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The tables of {@code iptables-legacy}, which nf_tables does not show. They are only read: a table
 * can be changed as a whole alone, and two programs that do so lose each other's rules.
 *
 * <p>Layouts as in {@code linux/netfilter_ipv4/ip_tables.h} and {@code x_tables.h} on 64-bit
 * machines.
 */
public final class LegacyTables {
  /** Asking for a table that is not there would create it. */
  private static final Path NAMES = Path.of("/proc/thread-self/net/ip_tables_names");

  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
  private static final int IPPROTO_IP = 0;
  private static final int IPT_SO_GET_INFO = 64;
  private static final int IPT_SO_GET_ENTRIES = 65;
  private static final int NAME = 32;
  private static final int INFO = 84;
  private static final int ENTRIES = 40;
  private static final int FORWARD = 2;
  // struct ipt_getinfo
  private static final int HOOK_ENTRY = 36;
  private static final int UNDERFLOW = 56;
  private static final int SIZE = 80;
  // struct ipt_entry
  private static final int IN_FACE = 16;
  private static final int OUT_FACE = 32;
  private static final int FACE = 16;
  private static final int IN_MASK = 48;
  private static final int OUT_MASK = 64;
  private static final int PROTOCOL = 80;
  private static final int MATCH = 84;
  private static final int TARGET_OFFSET = 88;
  private static final int NEXT_OFFSET = 90;
  private static final int ENTRY = 112;
  // struct xt_entry_target and xt_entry_match, struct xt_standard_target
  private static final int TARGET_NAME = 2;
  private static final int VERDICT = 32;
  private static final int DROP = -1;
  private static final int ACCEPT = -2;

  private static final byte[] PREFIX_MASK = {-1, -1, -1, 0};

  private LegacyTables() {}

  /**
   * Whether the table {@code filter} of this namespace drops what is forwarded, by its policy or
   * its last rule, and does not accept pod veths in both directions.
   *
   * @throws IOException if the kernel does not say
   */
  public static boolean dropForwarded() throws IOException {
    try {
      if (Files.readAllLines(NAMES, US_ASCII).stream().noneMatch("filter"::equals)) {
        return false;
      }
    } catch (NoSuchFileException e) {
      return false;
    }
    int socket = LIBC.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
    if (socket < 0) {
      throw new IOException("no socket to read ip_tables with: errno " + Libc.errno());
    }
    try {
      ByteBuffer info = ask(socket, IPT_SO_GET_INFO, INFO, 0);
      int size = info.getInt(SIZE);
      ByteBuffer table = ask(socket, IPT_SO_GET_ENTRIES, ENTRIES + size, size);
      return drops(
          table.slice(ENTRIES, size).order(ByteOrder.nativeOrder()),
          info.getInt(HOOK_ENTRY + 4 * FORWARD),
          info.getInt(UNDERFLOW + 4 * FORWARD));
    } finally {
      int ignored = LIBC.close(socket);
    }
  }

  private static ByteBuffer ask(int socket, int question, int length, int size) throws IOException {
    ByteBuffer value = ByteBuffer.allocateDirect(length).order(ByteOrder.nativeOrder());
    value.put(0, "filter".getBytes(US_ASCII)).putInt(NAME, size);
    ByteBuffer octets =
        ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putInt(0, length);
    if (LIBC.getsockopt(socket, IPPROTO_IP, question, value, octets) != 0) {
      throw new IOException("the table filter of ip_tables cannot be read: errno " + Libc.errno());
    }
    return value;
  }

  /**
   * Of the chain from its first rule to the one that stands for its policy.
   *
   * @throws IOException if the table is not of the form that is known
   */
  static boolean drops(ByteBuffer table, int first, int policy) throws IOException {
    try {
      return dropsInside(table, first, policy);
    } catch (IndexOutOfBoundsException e) {
      throw new IOException("the table filter of ip_tables is not of the form that is known", e);
    }
  }

  private static boolean dropsInside(ByteBuffer table, int first, int policy) throws IOException {
    boolean from = false;
    boolean to = false;
    boolean refuses = verdict(table, policy) == DROP;
    for (int entry = first; entry < policy; entry += size(table, entry + NEXT_OFFSET, ENTRY)) {
      boolean accepts =
          verdict(table, entry) == ACCEPT
              && isZero(table, entry, IN_FACE)
              && isZero(table, entry + PROTOCOL, MATCH - PROTOCOL)
              && matchesNoMore(table, entry);
      boolean anyIn = isZero(table, entry + IN_FACE, FACE);
      boolean anyOut = isZero(table, entry + OUT_FACE, FACE);
      from |= accepts && anyOut && isPods(table, entry + IN_FACE, entry + IN_MASK);
      to |= accepts && anyIn && isPods(table, entry + OUT_FACE, entry + OUT_MASK);
      if (entry + size(table, entry + NEXT_OFFSET, ENTRY) == policy) {
        refuses |= matchesAll(table, entry) && isRefusal(table, entry);
      }
    }
    return refuses && !(from && to);
  }

  /** A size that is written there; smaller ones would lead nowhere, for ever. */
  private static int size(ByteBuffer table, int at, int least) throws IOException {
    int size = Short.toUnsignedInt(table.getShort(at));
    if (size < least) {
      throw new IOException("a rule of ip_tables has a size of " + size);
    }
    return size;
  }

  private static int target(ByteBuffer table, int entry) throws IOException {
    return entry + size(table, entry + TARGET_OFFSET, ENTRY);
  }

  private static int verdict(ByteBuffer table, int entry) throws IOException {
    int target = target(table, entry);
    return table.get(target + TARGET_NAME) == 0 ? table.getInt(target + VERDICT) : 0;
  }

  private static boolean isRefusal(ByteBuffer table, int entry) throws IOException {
    byte[] name = new byte[6];
    table.get(target(table, entry) + TARGET_NAME, name);
    return verdict(table, entry) == DROP || new String(name, US_ASCII).equals("REJECT");
  }

  private static boolean matchesAll(ByteBuffer table, int entry) throws IOException {
    return isZero(table, entry, MATCH) && matchesNoMore(table, entry);
  }

  /** Whether a rule has no other match than addresses, interfaces and protocol. */
  private static boolean matchesNoMore(ByteBuffer table, int entry) throws IOException {
    int target = target(table, entry);
    for (int match = entry + ENTRY; match < target; match += size(table, match, VERDICT)) {
      byte[] name = new byte[8];
      table.get(match + TARGET_NAME, name);
      if (!new String(name, US_ASCII).equals("comment\0")) {
        return false;
      }
    }
    return true;
  }

  private static boolean isZero(ByteBuffer table, int at, int length) {
    for (int i = at; i < at + length; i++) {
      if (table.get(i) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether a rule is for all names with our prefix; its {@code +} stands behind the mask. */
  private static boolean isPods(ByteBuffer table, int name, int mask) {
    byte[] prefix = new byte[3];
    table.get(name, prefix);
    byte[] counts = new byte[4];
    table.get(mask, counts);
    return new String(prefix, US_ASCII).equals("mpd") && Arrays.equals(counts, PREFIX_MASK);
  }
}
