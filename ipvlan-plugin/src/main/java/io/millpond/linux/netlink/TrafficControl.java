package io.millpond.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalInt;

/** Messages about queues and filters of links: {@code struct tcmsg} (20 octets) and TCA_*. */
public final class TrafficControl {
  private static final int FIXED = 20;
  private static final long FIRST_HANDLE = 0x0001_0000;
  private static final long CLSACT_HANDLE = 0xFFFF_0000L;
  private static final long U32 = 0xFFFF_FFFFL;

  /** {@code struct tc_tbf_qopt}. */
  private static final int TBF_PARMS = 36;

  private TrafficControl() {}

  private static Message message(
      String what, int type, int flags, int link, long handle, long parent, long info) {
    return new Message(what, type, flags)
        .u32(Rt.AF_UNSPEC)
        .u32(link)
        .u32(handle)
        .u32(parent)
        .u32(info);
  }

  /**
   * A link's queue that lets packets out at a rate.
   *
   * @param rate octets a second
   * @param burst octets that may go at once after a pause
   * @param limit octets that may wait
   */
  public record TokenBucket(long rate, long burst, long limit) {}

  /** Puts a token bucket in the place of a link's queue. */
  public static Message add(int link, TokenBucket bucket) {
    Message m =
        message(
                "limit the rate of link " + link,
                Rt.NEWQDISC,
                Rt.CREATE | Rt.EXCL,
                link,
                FIRST_HANDLE,
                Rt.TC_H_ROOT,
                0)
            .attributeText(Rt.TCA_KIND, "tbf");
    return m.nested(
        Rt.TCA_OPTIONS,
        () -> {
          m.attribute(Rt.TCA_TBF_PARMS, parms(bucket));
          // The kernel works out the bucket's depth in time from this one.
          m.attributeU32(Rt.TCA_TBF_BURST, bucket.burst());
          if (bucket.rate() > U32) {
            m.attribute(Rt.TCA_TBF_RATE64, u64(bucket.rate()));
          }
        });
  }

  private static byte[] parms(TokenBucket bucket) {
    return ByteBuffer.allocate(TBF_PARMS)
        .order(ByteOrder.nativeOrder())
        .put(1, (byte) Rt.TC_LINKLAYER_ETHERNET)
        .putInt(8, (int) Math.min(bucket.rate(), U32))
        .putInt(24, (int) bucket.limit())
        .array();
  }

  private static byte[] u64(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(value).array();
  }

  /** Gives a link the places for filters of what comes in and of what goes out. */
  public static Message addClsact(int link) {
    return message(
            "add clsact to link " + link,
            Rt.NEWQDISC,
            Rt.CREATE | Rt.EXCL,
            link,
            CLSACT_HANDLE,
            Rt.TC_H_CLSACT,
            0)
        .attributeText(Rt.TCA_KIND, "clsact");
  }

  /** Takes them away, with all filters. */
  public static Message deleteClsact(int link) {
    return message(
            "remove clsact from link " + link,
            Rt.DELQDISC,
            0,
            link,
            CLSACT_HANDLE,
            Rt.TC_H_CLSACT,
            0)
        .attributeText(Rt.TCA_KIND, "clsact");
  }

  /**
   * Sends everything that comes in by a link, or goes out by it, to another link first. The filter
   * is a {@code u32} with a key that all match: the newer {@code matchall} is not in small kernels.
   *
   * @param parent {@link Rt#TC_H_MIN_INGRESS} or {@link Rt#TC_H_MIN_EGRESS}
   */
  public static Message redirect(int link, long parent, int to) {
    Message m =
        message(
                "redirect link " + link + " to link " + to,
                Rt.NEWTFILTER,
                Rt.CREATE | Rt.EXCL,
                link,
                0,
                parent,
                1 << 16 | protocol())
            .attributeText(Rt.TCA_KIND, "u32");
    return m.nested(
        Rt.TCA_OPTIONS,
        () ->
            m.attribute(Rt.TCA_U32_SEL, everything())
                .nested(
                    Rt.TCA_U32_ACT,
                    () ->
                        m.nested(
                            1,
                            () ->
                                m.attributeText(Rt.TCA_ACT_KIND, "mirred")
                                    .nested(
                                        Rt.TCA_ACT_OPTIONS,
                                        () -> m.attribute(Rt.TCA_MIRRED_PARMS, mirred(to))))));
  }

  /** {@code struct tc_u32_sel} with one {@code struct tc_u32_key}, whose mask is 0. */
  private static byte[] everything() {
    byte[] selector = new byte[32];
    selector[0] = Rt.TC_U32_TERMINAL;
    selector[2] = 1;
    return selector;
  }

  /** In network order, as in a frame. */
  private static int protocol() {
    return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? Rt.ETH_P_ALL << 8 : Rt.ETH_P_ALL;
  }

  /** {@code struct tc_mirred}. */
  private static byte[] mirred(int to) {
    return ByteBuffer.allocate(28)
        .order(ByteOrder.nativeOrder())
        .putInt(8, Rt.TC_ACT_STOLEN)
        .putInt(20, Rt.TCA_EGRESS_REDIR)
        .putInt(24, to)
        .array();
  }

  /** Lists the queues of all links. */
  public static Message dumpQueues() {
    return message("list queues", Rt.GETQDISC, Rt.DUMP, 0, 0, 0, 0);
  }

  /** Lists the filters of a link. */
  public static Message dumpFilters(int link, long parent) {
    return message("list filters of link " + link, Rt.GETTFILTER, Rt.DUMP, link, 0, parent, 0);
  }

  /** The link that a message about a queue is about. */
  public static int link(Reply reply) {
    return reply.u32(4);
  }

  /** Rate and limit of a token bucket, which the kernel tells without its burst. */
  public static Optional<TokenBucket> readBucket(Reply reply) {
    Attributes a = reply.attributes(FIXED);
    if (!a.text(Rt.TCA_KIND).equals(Optional.of("tbf"))) {
      return Optional.empty();
    }
    Attributes options = a.nested(Rt.TCA_OPTIONS);
    return options
        .bytes(Rt.TCA_TBF_PARMS)
        .filter(parms -> parms.length >= TBF_PARMS)
        .map(parms -> ByteBuffer.wrap(parms).order(ByteOrder.nativeOrder()))
        .map(
            parms ->
                new TokenBucket(
                    options
                        .bytes(Rt.TCA_TBF_RATE64)
                        .filter(b -> b.length == 8)
                        .map(b -> ByteBuffer.wrap(b).order(ByteOrder.nativeOrder()).getLong())
                        .orElse(parms.getInt(8) & U32),
                    0,
                    parms.getInt(24) & U32));
  }

  /** The link that a filter redirects everything to. */
  public static OptionalInt readRedirect(Reply reply) {
    Attributes a = reply.attributes(FIXED);
    if (!a.text(Rt.TCA_KIND).equals(Optional.of("u32"))) {
      return OptionalInt.empty();
    }
    Attributes action = a.nested(Rt.TCA_OPTIONS).nested(Rt.TCA_U32_ACT).nested(1);
    if (!action.text(Rt.TCA_ACT_KIND).equals(Optional.of("mirred"))) {
      return OptionalInt.empty();
    }
    return action
        .nested(Rt.TCA_ACT_OPTIONS)
        .bytes(Rt.TCA_MIRRED_PARMS)
        .filter(parms -> parms.length >= 28)
        .map(parms -> ByteBuffer.wrap(parms).order(ByteOrder.nativeOrder()))
        .filter(parms -> parms.getInt(20) == Rt.TCA_EGRESS_REDIR)
        .map(parms -> OptionalInt.of(parms.getInt(24)))
        .orElse(OptionalInt.empty());
  }
}
