package io.millpond.linux.netlink;

import static io.millpond.linux.Libc.LIBC;

import io.millpond.linux.Libc;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * An rtnetlink socket in the network namespace of the thread that opens it. Messages of one batch
 * go out in one send and are handled by the kernel in order; each is acknowledged on its own, and
 * the batch goes on behind a refused one unless the caller looks. Used by one thread at a time.
 */
public final class NetlinkSocket implements AutoCloseable {
  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final int SO_RCVBUFFORCE = 33;
  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_EXT_ACK = 11;
  private static final int NETLINK_CAP_ACK = 10;
  private static final int EXT_ACK_MSG = 1;
  private static final int EINTR = 4;
  private static final int EAGAIN = 11;
  private static final int BUFFER = 256 * 1024;
  private static final int DUMP_TRIES = 10;

  private final int fd;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.nativeOrder());
  private int sequence = 1;

  private NetlinkSocket(int fd) {
    this.fd = fd;
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
    int fd = LIBC.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw new NetlinkException("opening a netlink socket", Libc.errno(), "");
    }
    NetlinkSocket socket = new NetlinkSocket(fd);
    try {
      socket.option(SOL_NETLINK, NETLINK_EXT_ACK, 1);
      socket.option(SOL_NETLINK, NETLINK_CAP_ACK, 1);
      socket.option(SOL_SOCKET, SO_RCVBUFFORCE, groups == 0 ? 1 << 20 : 8 << 20);
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

  /** No answer takes the kernel 5 s; a lost one must not hold a thread for ever. */
  private void receiveTimeout() {
    ByteBuffer timeval = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder()).putLong(0, 5);
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
  }

  /**
   * Sends the messages in one call and reads every acknowledgement.
   *
   * @return the outcomes, in the order of the messages
   * @throws NetlinkException if the socket itself fails
   */
  public List<Outcome> send(List<Message> messages) throws NetlinkException {
    if (messages.isEmpty()) {
      return List.of();
    }
    int first = sequence;
    buffer.clear();
    for (Message message : messages) {
      buffer.put(message.encode(sequence++, true));
      while (buffer.position() % 4 != 0) {
        buffer.put((byte) 0);
      }
    }
    transmit(messages.getFirst().what());
    Outcome[] outcomes = new Outcome[messages.size()];
    for (int missing = messages.size(); missing > 0; ) {
      int received = receive(messages.getFirst().what());
      for (int at = 0; at + Message.HEADER <= received; ) {
        int length = buffer.getInt(at);
        int index = buffer.getInt(at + 8) - first;
        if (length < Message.HEADER || at + length > received) {
          break;
        }
        boolean answer = (buffer.getShort(at + 4) & 0xFFFF) == Rt.NLMSG_ERROR;
        if (answer && index >= 0 && index < outcomes.length && outcomes[index] == null) {
          outcomes[index] = outcome(messages.get(index), at, length);
          missing--;
        }
        at += (length + 3) & ~3;
      }
    }
    return List.of(outcomes);
  }

  /**
   * Sends the messages and insists on each.
   *
   * @throws NetlinkException for the first that the kernel refused
   */
  public void require(Message... messages) throws NetlinkException {
    for (Outcome outcome : send(List.of(messages))) {
      outcome.orThrow();
    }
  }

  private Outcome outcome(Message message, int at, int length) {
    int errno = -buffer.getInt(at + 16);
    String text = "";
    // With NETLINK_CAP_ACK the request's header alone is repeated; the attributes follow it.
    int attributes = at + Message.HEADER + 4 + Message.HEADER;
    if (errno != 0 && attributes < at + length) {
      byte[] octets = new byte[at + length - attributes];
      buffer.get(attributes, octets);
      text = Attributes.read(octets, 0).text(EXT_ACK_MSG).orElse("");
    }
    return new Outcome(message, errno, text);
  }

  private void transmit(String what) throws NetlinkException {
    int length = buffer.position();
    buffer.flip();
    if (LIBC.send(fd, buffer, length, 0) != length) {
      throw new NetlinkException("sending: " + what, Libc.errno(), "");
    }
    buffer.clear();
  }

  private int receive(String what) throws NetlinkException {
    buffer.clear();
    while (true) {
      long received = LIBC.recv(fd, buffer, BUFFER, 0);
      if (received > 0) {
        return (int) received;
      }
      int errno = received == 0 ? EAGAIN : Libc.errno();
      if (errno != EINTR) {
        throw new NetlinkException("waiting for the answer to: " + what, errno, "");
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
    int mine = sequence++;
    buffer.clear();
    buffer.put(question.encode(mine, false));
    transmit(question.what());
    while (true) {
      int received = receive(question.what());
      if (received >= Message.HEADER && buffer.getInt(8) == mine) {
        int type = buffer.getShort(4) & 0xFFFF;
        if (type == Rt.NLMSG_ERROR) {
          return new Found(List.of(), OptionalInt.of(-buffer.getInt(16)));
        }
        return new Found(
            List.of(reply(0, Math.min(received, buffer.getInt(0)))), OptionalInt.empty());
      }
    }
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
    int mine = sequence++;
    buffer.clear();
    buffer.put(question.encode(mine, false));
    transmit(question.what());
    boolean consistent = true;
    while (true) {
      int received = receive(question.what());
      for (int at = 0; at + Message.HEADER <= received; ) {
        int length = buffer.getInt(at);
        if (length < Message.HEADER || at + length > received) {
          break;
        }
        if (buffer.getInt(at + 8) == mine) {
          int type = buffer.getShort(at + 4) & 0xFFFF;
          consistent &= (buffer.getShort(at + 6) & Rt.DUMP_INTR) == 0;
          if (type == Rt.NLMSG_DONE) {
            return consistent;
          }
          if (type == Rt.NLMSG_ERROR) {
            throw new NetlinkException(question.what(), -buffer.getInt(at + 16), "");
          }
          replies.add(reply(at, length));
        }
        at += (length + 3) & ~3;
      }
    }
  }

  private Reply reply(int at, int length) {
    byte[] payload = new byte[length - Message.HEADER];
    buffer.get(at + Message.HEADER, payload);
    return new Reply(buffer.getShort(at + 4) & 0xFFFF, payload);
  }

  /**
   * Waits for changes of the groups this socket was opened for.
   *
   * @return what was heard; empty when nothing came for a few seconds
   * @throws NetlinkException ENOBUFS when changes were lost: look at everything again
   */
  public List<Reply> listen() throws NetlinkException {
    int received;
    try {
      received = receive("changes of links, addresses and routes");
    } catch (NetlinkException e) {
      if (e.errno() == EAGAIN) {
        return List.of();
      }
      throw e;
    }
    List<Reply> heard = new ArrayList<>();
    for (int at = 0; at + Message.HEADER <= received; ) {
      int length = buffer.getInt(at);
      if (length < Message.HEADER || at + length > received) {
        break;
      }
      heard.add(reply(at, length));
      at += (length + 3) & ~3;
    }
    return heard;
  }

  @Override
  public void close() {
    int ignored = LIBC.close(fd);
  }
}
