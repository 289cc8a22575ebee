package io.millpond.node.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.cni.CniFrame;
import io.millpond.linux.unix.Deadline;
import io.millpond.linux.unix.UnixConnection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** A plugin's side of the socket, and that of those who are none. */
public final class PluginClient implements AutoCloseable {
  private static final String STDIN =
      "{\"cniVersion\":\"1.1.0\",\"name\":\"millpond\",\"type\":\"millpond\"}";

  private final UnixConnection connection;

  private PluginClient(UnixConnection connection) {
    this.connection = connection;
  }

  /** Connects; fails if nobody listens. */
  public static PluginClient connect(Path socket) throws IOException {
    return new PluginClient(UnixConnection.connect(socket.toString()));
  }

  /** A reply: what the plugin would exit with and print. */
  public record Reply(int exitStatus, String document) {}

  /** A whole request. */
  public static byte[] request(String verb, String container) {
    return request(verb, container, STDIN.getBytes(UTF_8));
  }

  /** A whole request with another stdin. */
  public static byte[] request(String verb, String container, byte[] stdin) {
    Map<String, String> variables = new HashMap<>(Map.of("CNI_COMMAND", verb));
    if (!container.isEmpty()) {
      variables.put("CNI_CONTAINERID", container);
      variables.put("CNI_IFNAME", "eth0");
      variables.put("CNI_NETNS", "/run/netns/" + container);
    }
    return new CniFrame(variables, ByteBuffer.wrap(stdin), "test").write();
  }

  /** Sends octets. */
  public PluginClient send(byte[] octets) throws IOException {
    connection.send(octets, Deadline.after(TestNode.SOON));
    return this;
  }

  /** Sends octets with a descriptor beside the first. */
  public PluginClient send(byte[] octets, int descriptor) throws IOException {
    connection.send(octets, descriptor, Deadline.after(TestNode.SOON));
    return this;
  }

  /** The reply, which must come. */
  public Reply reply() throws IOException {
    return reply(TestNode.SOON);
  }

  /** The reply, which must come in time. */
  public Reply reply(Duration within) throws IOException {
    Deadline deadline = Deadline.after(within);
    ByteBuffer header = connection.receive(CniFrame.HEADER, deadline);
    ByteBuffer rest = connection.receive(header.getInt(4), deadline);
    return new Reply(rest.getInt(), UTF_8.decode(rest).toString());
  }

  /** Waits until the server closes without a word; fails if it says something or does not. */
  public void awaitClosed() {
    try {
      connection.receive(1, Deadline.after(TestNode.SOON));
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).contains("in time")) {
        throw new AssertionError("the server keeps the connection", e);
      }
      return;
    }
    throw new AssertionError("the server answered");
  }

  @Override
  public void close() {
    connection.close();
  }
}
