package io.millpond.linux.datapath;

import io.millpond.linux.netns.Sysctl;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Settings of the pod's namespace that must stand before its links are made, which take theirs from
 * {@code default}: a rogue router finds no listener, the unnumbered veth has no reverse-path filter
 * (the effective value is the larger of {@code all} and the link's), and a reply carries the mark
 * of what it answers. Every method runs on a thread inside the namespace.
 *
 * <p>What was set before is one text without spaces, so that it can be kept in the slave's alias
 * and put back when the attachment goes.
 */
final class PodSettings {
  /**
   * A setting.
   *
   * @param name below {@code net}
   */
  private record Setting(String name, String value) {}

  private static final String ABSENT = "-";

  private static final List<Setting> ALL =
      List.of(
          new Setting("ipv4/conf/all/rp_filter", "0"),
          new Setting("ipv4/conf/default/rp_filter", "0"),
          new Setting("ipv4/conf/all/accept_redirects", "0"),
          new Setting("ipv4/conf/default/accept_redirects", "0"),
          new Setting("ipv4/tcp_fwmark_accept", "1"),
          new Setting("ipv4/fwmark_reflect", "1"),
          new Setting("ipv6/conf/all/accept_ra", "0"),
          new Setting("ipv6/conf/default/accept_ra", "0"),
          new Setting("ipv6/conf/all/autoconf", "0"),
          new Setting("ipv6/conf/default/autoconf", "0"));

  private PodSettings() {}

  /** Sets all, and says what they were. */
  static String apply() throws IOException {
    List<String> before = new ArrayList<>(Collections.nCopies(ALL.size(), ABSENT));
    try {
      for (int i = 0; i < ALL.size(); i++) {
        Setting setting = ALL.get(i);
        before.set(i, Sysctl.exchange(setting.name(), setting.value()).orElse(ABSENT));
      }
    } catch (IOException e) {
      restore(String.join(",", before));
      throw e;
    }
    return String.join(",", before);
  }

  /** Whether the text can be what {@link #apply} said. */
  static boolean isRecord(String before) {
    return before.matches("([0-9]|-)(,([0-9]|-)){9}");
  }

  /**
   * Puts the settings back that still are as {@link #apply} left them. The text may come from
   * within the pod: only small numbers are taken from it.
   */
  static void restore(String before) throws IOException {
    String[] values = before.split(",", -1);
    if (values.length != ALL.size()) {
      return;
    }
    for (int i = 0; i < values.length; i++) {
      Setting setting = ALL.get(i);
      if (values[i].matches("[0-9]")) {
        Sysctl.replace(setting.name(), setting.value(), values[i]);
      }
    }
  }

  /** Which settings are not as they must be, for people. */
  static List<String> differences() throws IOException {
    List<String> found = new ArrayList<>();
    for (Setting setting : ALL) {
      if (Sysctl.exists(setting.name()) && !Sysctl.get(setting.name()).equals(setting.value())) {
        found.add(
            "net/%s in the pod is %s, not %s"
                .formatted(setting.name(), Sysctl.get(setting.name()), setting.value()));
      }
    }
    return found;
  }
}
