package io.millpond.linux.netlink;

import java.util.Optional;

/** Messages about policy rules: {@code struct fib_rule_hdr} (12 octets) and FRA_* attributes. */
public final class Rules {
  private static final int FIXED = 12;

  private Rules() {}

  /** Packets with a mark look into a table. */
  public record MarkRule(int priority, long mark, long mask, int table) {}

  private static Message message(MarkRule rule, String verb, int type, int flags) {
    return new Message(verb + " rule " + rule.priority(), type, flags)
        .u8(Rt.AF_INET)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(Rt.FR_ACT_TO_TBL)
        .u32(0)
        .attributeU32(Rt.FRA_PRIORITY, rule.priority())
        .attributeU32(Rt.FRA_FWMARK, rule.mark())
        .attributeU32(Rt.FRA_FWMASK, rule.mask())
        .attributeU32(Rt.FRA_TABLE, rule.table());
  }

  public static Message add(MarkRule rule) {
    return message(rule, "add", Rt.NEWRULE, Rt.CREATE | Rt.EXCL);
  }

  public static Message delete(MarkRule rule) {
    return message(rule, "delete", Rt.DELRULE, 0);
  }

  public static Message dump() {
    return new Message("list rules", Rt.GETRULE, Rt.DUMP).u8(Rt.AF_INET).u8(0).u16(0).u32(0).u32(0);
  }

  /** Reads a rule by mark. */
  public static Optional<MarkRule> read(Reply reply) {
    Attributes a = reply.attributes(FIXED);
    if (reply.u8(0) != Rt.AF_INET
        || a.u32(Rt.FRA_FWMARK).isEmpty()
        || a.u32(Rt.FRA_PRIORITY).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new MarkRule(
            a.u32(Rt.FRA_PRIORITY).getAsInt(),
            a.u32(Rt.FRA_FWMARK).getAsInt() & 0xFFFF_FFFFL,
            a.u32(Rt.FRA_FWMASK).orElse(-1) & 0xFFFF_FFFFL,
            a.u32(Rt.FRA_TABLE).orElse(reply.u8(4))));
  }
}
