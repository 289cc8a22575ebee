package io.millpond.linux.datapath;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millpond.linux.netns.Netns;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** A server in a namespace that tells every caller, over TCP and UDP, which address it saw. */
final class Echo implements AutoCloseable {
  static final int PORT = 8080;
  private static final int WAIT_MILLIS = 4000;

  private final ServerSocket tcp;
  private final DatagramSocket udp;

  private Echo(ServerSocket tcp, DatagramSocket udp) {
    this.tcp = tcp;
    this.udp = udp;
  }

  static Echo in(Netns netns) throws IOException {
    InetAddress any = Inet4Address.ofLiteral("0.0.0.0");
    Echo echo =
        new Echo(
            netns.inside(() -> new ServerSocket(PORT, 50, any)),
            netns.inside(() -> new DatagramSocket(PORT, any)));
    Thread.ofPlatform().daemon().name("echo-tcp").start(echo::serveTcp);
    Thread.ofPlatform().daemon().name("echo-udp").start(echo::serveUdp);
    return echo;
  }

  private void serveTcp() {
    while (!tcp.isClosed()) {
      try (Socket caller = tcp.accept()) {
        caller.getOutputStream().write(caller.getInetAddress().getHostAddress().getBytes(US_ASCII));
      } catch (IOException e) {
        // A caller went away, or the server was closed.
      }
    }
  }

  private void serveUdp() {
    DatagramPacket packet = new DatagramPacket(new byte[64], 64);
    while (!udp.isClosed()) {
      try {
        udp.receive(packet);
        byte[] seen = packet.getAddress().getHostAddress().getBytes(US_ASCII);
        udp.send(new DatagramPacket(seen, seen.length, packet.getSocketAddress()));
      } catch (IOException e) {
        // An earlier answer was refused, or the server was closed.
      }
    }
  }

  /** Which address the server saw, over TCP; or what went wrong. */
  static String tcp(Netns from, String to, int port) throws IOException {
    return tcpFrom(from, "0.0.0.0", to, port);
  }

  /** The same from a socket that is bound to an address. */
  static String tcpFrom(Netns from, String source, String to, int port) throws IOException {
    try (Socket socket = from.inside(Socket::new)) {
      return from.inside(
          () -> {
            socket.bind(new InetSocketAddress(Inet4Address.ofLiteral(source), 0));
            socket.connect(new InetSocketAddress(Inet4Address.ofLiteral(to), port), WAIT_MILLIS);
            socket.setSoTimeout(WAIT_MILLIS);
            return new String(socket.getInputStream().readAllBytes(), US_ASCII);
          });
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** The same over UDP. */
  static String udp(Netns from, String to, int port) throws IOException {
    return from.inside(
        () -> {
          try (DatagramSocket socket = new DatagramSocket(0, Inet4Address.ofLiteral("0.0.0.0"))) {
            socket.setSoTimeout(WAIT_MILLIS);
            socket.send(
                new DatagramPacket(
                    new byte[1], 1, new InetSocketAddress(Inet4Address.ofLiteral(to), port)));
            DatagramPacket answer = new DatagramPacket(new byte[64], 64);
            socket.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), US_ASCII);
          } catch (SocketTimeoutException e) {
            return e.toString();
          }
        });
  }

  @Override
  public void close() throws IOException {
    tcp.close();
    udp.close();
  }
}
