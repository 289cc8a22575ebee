package io.millpond.linux.unix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a process of root may still do: the kernel's capabilities that are left to it, as {@code
 * /proc} says. The launcher takes away what is not needed before the JVM begins, because each of
 * its threads has a set of its own.
 *
 * @param permitted the set, as a bit mask
 * @param bounding what a program that it starts could get at most, as a bit mask
 * @param noNewPrivileges whether no program that it starts gets more, whatever its file says
 */
public record Capabilities(long permitted, long bounding, boolean noNewPrivileges) {
  /** Those that the daemon needs (include/uapi/linux/capability.h), and what for. */
  public enum Needed {
    /** Links, addresses, routes, nf_tables, settings below {@code /proc/sys/net}. */
    NET_ADMIN(12, "no pod can be attached"),
    /** The packet socket that asks for the gateway's MAC address. */
    NET_RAW(13, "a gateway's MAC address is not learned, so that a pod can lie about it"),
    /** To look for a namespace among the processes. */
    SYS_PTRACE(19, "a pod whose namespace has no file below /run/netns is not put right"),
    /** To enter network namespaces, and to make those for rehearsals and probes. */
    SYS_ADMIN(21, "no pod can be attached");

    private final int bit;
    private final String without;

    Needed(int bit, String without) {
      this.bit = bit;
      this.without = without;
    }

    long mask() {
      return 1L << bit;
    }
  }

  /** By number; later kernels may have more. */
  private static final List<String> NAMES =
      List.of(
          "chown",
          "dac_override",
          "dac_read_search",
          "fowner",
          "fsetid",
          "kill",
          "setgid",
          "setuid",
          "setpcap",
          "linux_immutable",
          "net_bind_service",
          "net_broadcast",
          "net_admin",
          "net_raw",
          "ipc_lock",
          "ipc_owner",
          "sys_module",
          "sys_rawio",
          "sys_chroot",
          "sys_ptrace",
          "sys_pacct",
          "sys_admin",
          "sys_boot",
          "sys_nice",
          "sys_resource",
          "sys_time",
          "sys_tty_config",
          "mknod",
          "lease",
          "audit_write",
          "audit_control",
          "setfcap",
          "mac_override",
          "mac_admin",
          "syslog",
          "wake_alarm",
          "block_suspend",
          "audit_read",
          "perfmon",
          "bpf",
          "checkpoint_restore");

  /**
   * Those of this process, as it was started.
   *
   * @throws IOException if there is no {@code /proc}
   */
  public static Capabilities ofThisProcess() throws IOException {
    return parse(Files.readAllLines(Path.of("/proc/self/status")));
  }

  /** Reads {@code /proc/PID/status}; what is not there is nothing. */
  static Capabilities parse(List<String> status) {
    return new Capabilities(
        hexadecimal(status, "CapPrm:"),
        hexadecimal(status, "CapBnd:"),
        status.contains("NoNewPrivs:\t1"));
  }

  private static long hexadecimal(List<String> status, String name) {
    return status.stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip())
        .filter(value -> value.matches("[0-9a-f]{1,16}"))
        .findFirst()
        .map(value -> Long.parseUnsignedLong(value, 16))
        .orElse(0L);
  }

  private static long needed() {
    long mask = 0;
    for (Needed one : Needed.values()) {
      mask |= one.mask();
    }
    return mask;
  }

  /** The names of those that are kept. */
  public List<String> names() {
    return names(permitted);
  }

  /** The names of those that it has, or could get, and does not need. */
  public List<String> superfluous() {
    return names((permitted | bounding) & ~needed());
  }

  /** What does not work for want of a capability, one sentence each. */
  public List<String> missing() {
    List<String> missing = new ArrayList<>();
    for (Needed one : Needed.values()) {
      if ((permitted & one.mask()) == 0) {
        missing.add("without the capability " + names(one.mask()).getFirst() + " " + one.without);
      }
    }
    return missing;
  }

  private static List<String> names(long mask) {
    List<String> names = new ArrayList<>();
    for (int bit = 0; bit < Long.SIZE; bit++) {
      if ((mask & 1L << bit) != 0) {
        names.add(bit < NAMES.size() ? NAMES.get(bit) : Integer.toString(bit));
      }
    }
    return names;
  }
}
