package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Reply;
import io.millpond.linux.netlink.Rt;
import java.time.Duration;
import java.util.Optional;

/**
 * Hears of changes to links, addresses, routes and rules in the namespace in which it was started,
 * on a thread of its own. A burst can overrun the kernel's buffer; then {@link Listener#lost} is
 * told, and everything must be looked at.
 */
public final class LinkWatch implements AutoCloseable {
  private static final int RTMGRP_LINK = 0x1;
  private static final int RTMGRP_NEIGH = 0x4;
  private static final int RTMGRP_IPV4_IFADDR = 0x10;
  private static final int RTMGRP_IPV4_ROUTE = 0x40;

  private static final Duration PAUSE = Duration.ofMillis(100);

  static final int GROUPS = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE;

  /** Is told on the watch's thread and must return soon. */
  public interface Listener {
    /** A host end of a veth of ours is gone. */
    void vethGone(String veth, Optional<Alias> alias);

    /** Something else changed that may be ours. */
    void changed();

    /** Changes were lost. */
    void lost(String why);
  }

  private final NetlinkSocket socket;
  private final Listener listener;
  private final Thread thread;
  private volatile boolean closed;

  private LinkWatch(NetlinkSocket socket, Listener listener) {
    this.socket = socket;
    this.listener = listener;
    this.thread = Thread.ofPlatform().name("link-watch").daemon().unstarted(this::run);
  }

  /**
   * Starts to listen. What changed before is not heard of.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public static LinkWatch start(Listener listener) throws NetlinkException {
    return start(NetlinkSocket.open(GROUPS), listener);
  }

  /** Takes the socket over. */
  static LinkWatch start(NetlinkSocket socket, Listener listener) {
    LinkWatch watch = new LinkWatch(socket, listener);
    watch.thread.start();
    return watch;
  }

  private void run() {
    try (socket) {
      while (!closed) {
        listen();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void listen() throws InterruptedException {
    try {
      for (Reply reply : socket.listen()) {
        dispatch(reply);
      }
    } catch (NetlinkException e) {
      if (!closed) {
        listener.lost(String.valueOf(e.getMessage()));
        if (e.errno() != Rt.ENOBUFS) {
          // An overrun is over when it is read; another error may last, and must not fill the log.
          Thread.sleep(PAUSE);
        }
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
        || reply.type() == Rt.NEWADDR) {
      listener.changed();
    }
  }

  /** Ends the thread within a few seconds. */
  @Override
  public void close() {
    closed = true;
  }
}
