package io.millpond.linux.datapath;

import static io.millpond.linux.Libc.LIBC;

import io.millpond.linux.Libc;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;

/**
 * Asks for the MAC address of a subnet's gateway on an ENI's link, with the ENI's own address as
 * the sender, which the VPC allows although no link of the node has it.
 */
public final class GatewayArp {
  private static final int AF_PACKET = 17;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int ETH_P_ARP = 0x0806;
  private static final int POLLIN = 1;
  private static final int FRAME = 42;
  private static final int TRIES = 3;

  private GatewayArp() {}

  /**
   * Asks up to three times.
   *
   * @param wait for each answer
   * @throws IOException if no socket can be had
   */
  public static Optional<MacAddress> ask(
      EniLink eni, IpAddress eniAddress, IpAddress gateway, Duration wait) throws IOException {
    int fd =
        LIBC.socket(
            AF_PACKET,
            SOCK_RAW | SOCK_CLOEXEC,
            Short.toUnsignedInt(Short.reverseBytes((short) ETH_P_ARP)));
    if (fd < 0) {
      throw new IOException("cannot open a packet socket: errno " + Libc.errno());
    }
    try {
      ByteBuffer address = ByteBuffer.allocateDirect(20).order(ByteOrder.nativeOrder());
      address.putShort(0, (short) AF_PACKET).putInt(4, eni.index());
      address.order(ByteOrder.BIG_ENDIAN).putShort(2, (short) ETH_P_ARP);
      if (LIBC.bind(fd, address, 20) != 0) {
        throw new IOException("cannot listen on " + eni.name() + ": errno " + Libc.errno());
      }
      for (int attempt = 0; attempt < TRIES; attempt++) {
        LIBC.send(fd, request(eni.mac(), eniAddress, gateway), FRAME, 0);
        Optional<MacAddress> answer = answer(fd, gateway, wait);
        if (answer.isPresent()) {
          return answer;
        }
      }
      return Optional.empty();
    } finally {
      int ignored = LIBC.close(fd);
    }
  }

  /** RFC 826, over Ethernet. */
  static ByteBuffer request(MacAddress mac, IpAddress from, IpAddress wanted) {
    ByteBuffer frame = ByteBuffer.allocateDirect(FRAME);
    frame.put(new MacAddress(0xFFFF_FFFF_FFFFL).toBytes()).put(mac.toBytes());
    frame.putShort((short) ETH_P_ARP).putShort((short) 1).putShort((short) 0x0800);
    frame.put((byte) 6).put((byte) 4).putShort((short) 1);
    frame.put(mac.toBytes()).put(from.toBytes());
    frame.put(new byte[6]).put(wanted.toBytes());
    return frame.flip();
  }

  private static Optional<MacAddress> answer(int fd, IpAddress gateway, Duration wait) {
    long end = System.nanoTime() + wait.toNanos();
    ByteBuffer frame = ByteBuffer.allocateDirect(2048);
    ByteBuffer poll = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
    while (true) {
      long left = (end - System.nanoTime()) / 1_000_000;
      poll.putInt(0, fd).putShort(4, (short) POLLIN).putShort(6, (short) 0);
      if (left <= 0 || LIBC.poll(poll, 1, (int) left) <= 0) {
        return Optional.empty();
      }
      long length = LIBC.recv(fd, frame, frame.capacity(), 0);
      Optional<MacAddress> answer = length < FRAME ? Optional.empty() : sender(frame, gateway);
      if (answer.isPresent()) {
        return answer;
      }
    }
  }

  /** The sender's MAC, if the frame is an ARP reply about the gateway. */
  static Optional<MacAddress> sender(ByteBuffer frame, IpAddress gateway) {
    byte[] address = new byte[4];
    byte[] mac = new byte[6];
    frame.get(28, address);
    frame.get(22, mac);
    return frame.getShort(20) == 2 && IpAddress.ofBytes(address).equals(gateway)
        ? Optional.of(MacAddress.ofBytes(mac))
        : Optional.empty();
  }
}
