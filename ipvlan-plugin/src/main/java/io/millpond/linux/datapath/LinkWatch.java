package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Reply;
import io.millpond.linux.netlink.Rt;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Hears of changes to links, addresses, routes, settings of links and nf_tables in the namespace in
 * which it was started, on threads of its own. A burst can overrun the kernel's buffer; then {@link
 * Listener#lost} is told, and everything must be looked at.
 */
public final class LinkWatch implements AutoCloseable {
  private static final int RTMGRP_LINK = 0x1;
  private static final int RTMGRP_NEIGH = 0x4;
  private static final int RTMGRP_IPV4_IFADDR = 0x10;
  private static final int RTMGRP_IPV4_ROUTE = 0x40;

  private static final int RTMGRP_IPV4_NETCONF = 1 << 23;

  private static final Duration PAUSE = Duration.ofMillis(100);

  static final int GROUPS =
      RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_NETCONF;

  /** Is told on the watch's threads and must return soon. */
  public interface Listener {
    /** A host end of a veth of ours is gone. */
    void vethGone(String veth, Optional<Alias> alias);

    /** Something else changed that may be ours. */
    void changed();

    /** Changes were lost. */
    void lost(String why);
  }

  private final Listener listener;
  private volatile boolean closed;

  private LinkWatch(Listener listener) {
    this.listener = listener;
  }

  /**
   * Starts to listen. What changed before is not heard of.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public static LinkWatch start(Listener listener) throws NetlinkException {
    NetlinkSocket links = NetlinkSocket.open(GROUPS);
    NetlinkSocket rules;
    try {
      rules = NetlinkSocket.openForNftables();
    } catch (NetlinkException e) {
      links.close();
      throw e;
    }
    LinkWatch watch = start(links, listener);
    // Of a ruleset with thousands of rules only the end matters, and not whether all was heard.
    watch.hear("rule-watch", rules, _ -> listener.changed());
    return watch;
  }

  /** Takes the socket over. */
  static LinkWatch start(NetlinkSocket socket, Listener listener) {
    LinkWatch watch = new LinkWatch(listener);
    watch.hear("link-watch", socket, listener::lost);
    return watch;
  }

  private void hear(String name, NetlinkSocket socket, Consumer<String> overrun) {
    Thread.ofPlatform().name(name).daemon().start(() -> run(socket, overrun));
  }

  private void run(NetlinkSocket socket, Consumer<String> overrun) {
    try (socket) {
      while (!closed) {
        listen(socket, overrun);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void listen(NetlinkSocket socket, Consumer<String> overrun) throws InterruptedException {
    try {
      for (Reply reply : socket.listen()) {
        dispatch(reply);
      }
    } catch (NetlinkException e) {
      if (!closed && e.errno() == Rt.ENOBUFS) {
        overrun.accept(String.valueOf(e.getMessage()));
      } else if (!closed) {
        listener.lost(String.valueOf(e.getMessage()));
        // An overrun is over when it is read; another error may last, and must not fill the log.
        Thread.sleep(PAUSE);
      }
    } catch (RuntimeException e) {
      listener.lost("a listener failed: " + e);
      Thread.sleep(PAUSE);
    }
  }

  private void dispatch(Reply reply) {
    if (reply.type() == Rt.DELLINK) {
      Link link = Links.read(reply);
      if (HostVeth.isName(link.name())) {
        listener.vethGone(link.name(), link.alias().flatMap(Alias::parse));
      }
    } else if (reply.type() == Rt.NEWLINK
        || reply.type() == Rt.DELROUTE
        || reply.type() == Rt.DELNEIGH
        || reply.type() == Rt.NEWADDR
        || reply.type() == Rt.NEWNETCONF
        || reply.type() == Rt.NFT_NEWGEN) {
      listener.changed();
    }
  }

  /** Ends the threads within a few seconds. */
  @Override
  public void close() {
    closed = true;
  }
}
