package io.millpond.node.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.linux.unix.Deadline;
import io.millpond.linux.unix.UnixConnection;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A text on the administrator's socket. */
final class AdminMessage {
  /** A pool of 750 addresses has about 150 KiB. */
  private static final int LONGEST = 16 << 20;

  private AdminMessage() {}

  static void send(UnixConnection connection, String text, Deadline deadline) throws IOException {
    connection.send(octets(text), deadline);
  }

  static void send(UnixConnection connection, String text, int descriptor, Deadline deadline)
      throws IOException {
    connection.send(octets(text), descriptor, deadline);
  }

  private static byte[] octets(String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    return ByteBuffer.allocate(4 + utf8.length).putInt(utf8.length).put(utf8).array();
  }

  static String receive(UnixConnection connection, Deadline deadline) throws IOException {
    int length = connection.receive(4, deadline).getInt();
    if (length < 0 || length > LONGEST) {
      throw new IOException("a message of " + Integer.toUnsignedString(length) + " octets");
    }
    return UTF_8.decode(connection.receive(length, deadline)).toString();
  }
}
