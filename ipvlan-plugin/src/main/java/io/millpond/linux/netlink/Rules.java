package io.millpond.linux.netlink;

import io.millpond.pool.value.IpAddress;
import java.util.Optional;

/** Messages about policy rules: {@code struct fib_rule_hdr} (12 octets) and FRA_* attributes. */
public final class Rules {
  private static final int FIXED = 12;

  private Rules() {}

  /**
   * Packets with a source address, and a mark, look into a table.
   *
   * @param source of the packets, or of all
   * @param mark of no meaning without a mask
   */
  public record Rule(int priority, Optional<IpAddress> source, long mark, long mask, int table) {
    /** For all that has this source; the priority is the table's number. */
    public static Rule from(IpAddress source, int table) {
      return new Rule(table, Optional.of(source), 0, 0, table);
    }

    /** The same for what has this mark as well. */
    public Rule marked(long with, long masked) {
      return new Rule(priority, source, with, masked, table);
    }
  }

  private static Message message(Rule rule, String verb, int type, int flags) {
    Message message =
        new Message(verb + " rule " + rule.priority(), type, flags)
            .u8(Rt.AF_INET)
            .u8(0)
            .u8(rule.source().isPresent() ? 32 : 0)
            .u8(0)
            .u8(0)
            .u8(0)
            .u8(0)
            .u8(Rt.FR_ACT_TO_TBL)
            .u32(0);
    rule.source().ifPresent(source -> message.attribute(Rt.FRA_SRC, source.toBytes()));
    message.attributeU32(Rt.FRA_PRIORITY, rule.priority());
    if (rule.mask() != 0) {
      message.attributeU32(Rt.FRA_FWMARK, rule.mark()).attributeU32(Rt.FRA_FWMASK, rule.mask());
    }
    return message.attributeU32(Rt.FRA_TABLE, rule.table());
  }

  public static Message add(Rule rule) {
    return message(rule, "add", Rt.NEWRULE, Rt.CREATE | Rt.EXCL);
  }

  /** Deletes the rule of that priority which leads to the table, whatever packets it is for. */
  public static Message delete(int priority, int table) {
    return message(new Rule(priority, Optional.empty(), 0, 0, table), "delete", Rt.DELRULE, 0);
  }

  public static Message dump() {
    return new Message("list rules", Rt.GETRULE, Rt.DUMP).u8(Rt.AF_INET).u8(0).u16(0).u32(0).u32(0);
  }

  /** Reads an IPv4 rule that has a priority. */
  public static Optional<Rule> read(Reply reply) {
    Attributes a = reply.attributes(FIXED);
    if (reply.u8(0) != Rt.AF_INET || a.u32(Rt.FRA_PRIORITY).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Rule(
            a.u32(Rt.FRA_PRIORITY).getAsInt(),
            a.bytes(Rt.FRA_SRC)
                .filter(octets -> octets.length == 4 && reply.u8(2) == 32)
                .map(IpAddress::ofBytes),
            a.u32(Rt.FRA_FWMARK).orElse(0) & 0xFFFF_FFFFL,
            a.u32(Rt.FRA_FWMASK).orElse(0) & 0xFFFF_FFFFL,
            a.u32(Rt.FRA_TABLE).orElse(reply.u8(4))));
  }
}
