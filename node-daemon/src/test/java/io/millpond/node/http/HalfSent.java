package io.millpond.node.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;

/** Connections on which a request was begun and is never ended. */
record HalfSent(List<Socket> sockets) implements AutoCloseable {
  static HalfSent requests(InetSocketAddress to, int count) throws IOException {
    HalfSent begun = new HalfSent(new ArrayList<>());
    try {
      for (int i = 0; i < count; i++) {
        begun.add(to);
      }
    } catch (IOException e) {
      begun.close();
      throw e;
    }
    return begun;
  }

  private void add(InetSocketAddress to) throws IOException {
    Socket socket = new Socket();
    sockets.add(socket);
    socket.connect(to, 10_000);
    socket.setSoTimeout(20_000);
    try {
      socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: loc".getBytes(UTF_8));
    } catch (SocketException e) {
      // The server has closed it already: reading will say so.
    }
  }

  /** Waits until the server closes one of them. */
  boolean closedByTheServer(int which) throws IOException {
    try {
      return sockets.get(which).getInputStream().read() < 0;
    } catch (SocketException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
