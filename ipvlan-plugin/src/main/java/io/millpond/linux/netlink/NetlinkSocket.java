package io.millpond.linux.netlink;

import static io.millpond.linux.Libc.LIBC;

import io.millpond.linux.Libc;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * An rtnetlink socket in the network namespace of the thread that opens it. Messages of one batch
 * go out in one send and are handled by the kernel in order; each is acknowledged on its own, and
 * the batch goes on behind a refused one unless the caller looks. Used by one thread at a time.
 *
 * <p>No call waits longer than 5 s for the kernel.
 */
public final class NetlinkSocket implements AutoCloseable {
  private static final int AF_NETLINK = 16;
  private static final int NETLINK_ROUTE = 0;
  private static final int NETLINK_NETFILTER = 12;
  private static final int NFTABLES_GROUP = 1 << 6;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final int SO_RCVBUFFORCE = 33;
  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_EXT_ACK = 11;
  private static final int NETLINK_CAP_ACK = 10;
  private static final int EINTR = 4;
  private static final int EAGAIN = 11;
  private static final int EMSGSIZE = 90;
  private static final int ETIMEDOUT = 110;

  /** Dumps come in datagrams of at most 32 KiB (net/netlink/af_netlink.c, netlink_dump). */
  private static final int BUFFER = 64 * 1024;

  private static final int DUMP_TRIES = 10;
  private static final int WAIT_SECONDS = 5;

  /** Far above what a node has, far below what hurts. */
  private static final int MAX_REPLIES = 1_000_000;

  /** Buffers outside of the heap are dear to make and late to be freed: a few are kept. */
  private static final ArrayBlockingQueue<ByteBuffer> SPARE = new ArrayBlockingQueue<>(16);

  private final int fd;
  private final ByteBuffer buffer;
  private int sequence = 1;
  private boolean closed;

  private NetlinkSocket(int fd) {
    this.fd = fd;
    ByteBuffer spare = SPARE.poll();
    this.buffer =
        spare == null ? ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.nativeOrder()) : spare;
  }

  /**
   * Opens a socket for requests.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public static NetlinkSocket open() throws NetlinkException {
    return open(0);
  }

  /**
   * Opens a socket that also hears of changes.
   *
   * @param groups bit mask of {@code RTMGRP_*} (rtnetlink.h)
   * @throws NetlinkException if the kernel refuses
   */
  public static NetlinkSocket open(int groups) throws NetlinkException {
    return open(groups, groups == 0 ? 1 << 20 : 8 << 20);
  }

  /**
   * Opens a socket that hears of changes to nf_tables.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public static NetlinkSocket openForNftables() throws NetlinkException {
    return open(NETLINK_NETFILTER, NFTABLES_GROUP, 1 << 20);
  }

  /**
   * Opens a socket for questions to nf_tables and to the connection tracking.
   *
   * @throws NetlinkException if the kernel refuses
   */
  public static NetlinkSocket openToNetfilter() throws NetlinkException {
    return open(NETLINK_NETFILTER, 0, 1 << 16);
  }

  /** As {@link #open(int)}, with another size of the kernel's buffer, in octets. */
  static NetlinkSocket open(int groups, int kernelBuffer) throws NetlinkException {
    return open(NETLINK_ROUTE, groups, kernelBuffer);
  }

  private static NetlinkSocket open(int protocol, int groups, int kernelBuffer)
      throws NetlinkException {
    int fd = LIBC.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0) {
      throw new NetlinkException("opening a netlink socket", Libc.errno(), "");
    }
    NetlinkSocket socket = new NetlinkSocket(fd);
    try {
      socket.option(SOL_NETLINK, NETLINK_EXT_ACK, 1);
      socket.option(SOL_NETLINK, NETLINK_CAP_ACK, 1);
      socket.option(SOL_SOCKET, SO_RCVBUFFORCE, kernelBuffer);
      socket.receiveTimeout();
      socket.bind(groups);
      return socket;
    } catch (NetlinkException e) {
      socket.close();
      throw e;
    }
  }

  private void option(int level, int name, int value) {
    ByteBuffer number =
        ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putInt(0, value);
    // None of the options is vital: without them errors have no text, or a buffer is smaller.
    int ignored = LIBC.setsockopt(fd, level, name, number, 4);
  }

  private void receiveTimeout() {
    ByteBuffer timeval =
        ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder()).putLong(0, WAIT_SECONDS);
    int ignored = LIBC.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval, 16);
  }

  private void bind(int groups) throws NetlinkException {
    ByteBuffer address =
        ByteBuffer.allocateDirect(12)
            .order(ByteOrder.nativeOrder())
            .putShort(0, (short) AF_NETLINK)
            .putInt(8, groups);
    if (LIBC.bind(fd, address, 12) != 0) {
      throw new NetlinkException("binding a netlink socket", Libc.errno(), "");
    }
  }

  /** The outcome of one message of a batch: errno 0 means done. */
  public record Outcome(Message message, int errno, String text) {
    public boolean done() {
      return errno == 0;
    }

    /** Throws unless it was done. */
    public void orThrow() throws NetlinkException {
      if (errno != 0) {
        throw new NetlinkException(message.what(), errno, text);
      }
    }

    /** Throws unless it was done, or refused with this number. */
    public void orThrowUnless(int harmless) throws NetlinkException {
      if (errno != harmless) {
        orThrow();
      }
    }
  }

  /**
   * Sends the messages in one call and reads every acknowledgement.
   *
   * @return the outcomes, in the order of the messages
   * @throws NetlinkException if the socket itself fails, or the batch is too large for one call
   */
  public List<Outcome> send(List<Message> messages) throws NetlinkException {
    if (messages.isEmpty()) {
      return List.of();
    }
    String what = messages.getFirst().what();
    int first = sequence;
    buffer.clear();
    for (Message message : messages) {
      put(message.encode(sequence++, true), message.what());
    }
    transmit(what);
    @Nullable Outcome[] outcomes = new Outcome[messages.size()];
    Deadline deadline = new Deadline(what);
    for (int missing = messages.size(); missing > 0; ) {
      for (Packet packet : receive(deadline)) {
        int index = packet.sequence() - first;
        if (packet.isAcknowledgement()
            && index >= 0
            && index < outcomes.length
            && outcomes[index] == null) {
          outcomes[index] = new Outcome(messages.get(index), packet.errno(), packet.words());
          missing--;
        }
      }
    }
    List<Outcome> all = new ArrayList<>();
    for (Outcome outcome : outcomes) {
      if (outcome != null) {
        all.add(outcome);
      }
    }
    return all;
  }

  /**
   * Sends the messages and insists on each.
   *
   * @throws NetlinkException for the first that the kernel refused
   */
  public void require(Message... messages) throws NetlinkException {
    require(List.of(messages));
  }

  /** As {@link #require(Message...)}. */
  public void require(List<Message> messages) throws NetlinkException {
    for (Outcome outcome : send(messages)) {
      outcome.orThrow();
    }
  }

  private void put(byte[] message, String what) throws NetlinkException {
    int padded = (message.length + 3) & ~3;
    if (buffer.remaining() < padded) {
      throw new NetlinkException(what, EMSGSIZE, "the batch is larger than " + BUFFER + " octets");
    }
    buffer.put(message);
    while (buffer.position() % 4 != 0) {
      buffer.put((byte) 0);
    }
  }

  private void transmit(String what) throws NetlinkException {
    int length = buffer.position();
    buffer.flip();
    if (LIBC.send(fd, buffer, length, 0) != length) {
      throw new NetlinkException("sending: " + what, Libc.errno(), "");
    }
    buffer.clear();
  }

  /** What a socket that answers, but never with what is waited for, must not outlast. */
  private record Deadline(String what, long end) {
    Deadline(String what) {
      this(what, System.nanoTime() + WAIT_SECONDS * 1_000_000_000L);
    }

    void check() throws NetlinkException {
      if (System.nanoTime() - end > 0) {
        throw new NetlinkException("waiting for the answer to: " + what, ETIMEDOUT, "");
      }
    }
  }

  private List<Packet> receive(Deadline deadline) throws NetlinkException {
    buffer.clear();
    while (true) {
      deadline.check();
      long received = LIBC.recv(fd, buffer, BUFFER, 0);
      if (received > 0) {
        return Packet.split(buffer, (int) received);
      }
      int errno = received == 0 ? EAGAIN : Libc.errno();
      if (errno != EINTR) {
        throw new NetlinkException("waiting for the answer to: " + deadline.what(), errno, "");
      }
    }
  }

  /**
   * Asks for one object.
   *
   * @return its message, or the error number
   * @throws NetlinkException if the socket itself fails
   */
  public Found get(Message question) throws NetlinkException {
    int mine = ask(question);
    Deadline deadline = new Deadline(question.what());
    while (true) {
      for (Packet packet : receive(deadline)) {
        if (packet.sequence() == mine) {
          return packet.isAcknowledgement()
              ? new Found(List.of(), OptionalInt.of(packet.errno()))
              : new Found(List.of(packet.reply()), OptionalInt.empty());
        }
      }
    }
  }

  private int ask(Message question) throws NetlinkException {
    int mine = sequence++;
    buffer.clear();
    put(question.encode(mine, false), question.what());
    transmit(question.what());
    return mine;
  }

  /** One object, or why there is none. */
  public record Found(List<Reply> reply, OptionalInt errno) {}

  /**
   * Asks for all objects of a kind. A dump that the kernel says was interrupted by a change is
   * asked for again.
   *
   * @throws NetlinkException if the kernel refuses, or the table changed too often
   */
  public List<Reply> dump(Message question) throws NetlinkException {
    for (int attempt = 0; attempt < DUMP_TRIES; attempt++) {
      List<Reply> replies = new ArrayList<>();
      if (dumpOnce(question, replies)) {
        return replies;
      }
    }
    throw new NetlinkException(question.what(), EINTR, "the table changed during every dump");
  }

  private boolean dumpOnce(Message question, List<Reply> replies) throws NetlinkException {
    int mine = ask(question);
    Deadline deadline = new Deadline(question.what());
    boolean consistent = true;
    while (true) {
      for (Packet packet : receive(deadline)) {
        if (packet.sequence() != mine) {
          continue;
        }
        consistent &= !packet.isOfInterruptedDump();
        if (packet.isEndOfDump() || packet.isAcknowledgement()) {
          if (packet.errno() != 0) {
            throw new NetlinkException(question.what(), packet.errno(), packet.words());
          }
          return consistent;
        }
        replies.add(packet.reply());
        if (replies.size() > MAX_REPLIES) {
          throw new NetlinkException(question.what(), EMSGSIZE, "more than a million objects");
        }
      }
    }
  }

  /**
   * Waits for changes of the groups this socket was opened for.
   *
   * @return what was heard; empty when nothing came for a few seconds
   * @throws NetlinkException ENOBUFS when changes were lost: look at everything again
   */
  public List<Reply> listen() throws NetlinkException {
    try {
      return receive(new Deadline("changes of links, addresses and routes")).stream()
          .map(Packet::reply)
          .toList();
    } catch (NetlinkException e) {
      if (e.errno() == EAGAIN || e.errno() == ETIMEDOUT) {
        return List.of();
      }
      throw e;
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      int ignored = LIBC.close(fd);
      boolean unusedOffer = SPARE.offer(buffer);
    }
  }
}
