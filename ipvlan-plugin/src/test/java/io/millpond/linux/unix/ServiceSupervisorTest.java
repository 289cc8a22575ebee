package io.millpond.linux.unix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import jnr.ffi.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What systemd hears. */
class ServiceSupervisorTest {
  private static final int LONGEST = 200;

  @TempDir private Path directory;

  @FunctionalInterface
  private interface Teller {
    void tell() throws IOException;
  }

  /** Binds as systemd does, and reads what came. */
  private static String heard(String name, Teller teller) throws IOException {
    int fd = Native.LIBC.socket(Native.AF_UNIX, Native.SOCK_DGRAM | Native.SOCK_CLOEXEC, 0);
    try {
      Pointer address = UnixServer.address(name);
      int length = UnixServer.ADDRESS;
      if (name.startsWith("@")) {
        address.putByte(2, (byte) 0);
        length = 2 + name.length();
      }
      assertThat(Native.LIBC.bind(fd, address, length)).isZero();
      teller.tell();
      Pointer text = Native.memory(LONGEST);
      Pointer vector = Native.memory(16);
      vector.putAddress(0, text.address());
      vector.putLong(8, LONGEST);
      Pointer message = Native.memory(56);
      message.putAddress(16, vector.address());
      message.putLong(24, 1);
      int read = (int) Native.LIBC.recvmsg(fd, message, Native.MSG_DONTWAIT);
      byte[] octets = new byte[Math.max(read, 0)];
      text.get(0, octets, 0, octets.length);
      return new String(octets, UTF_8);
    } finally {
      Native.LIBC.close(fd);
    }
  }

  @Test
  void aStateReachesASocketThatHasAFile() throws Exception {
    String path = directory.resolve("notify").toString();
    String state = "READY=1\nSTATUS=serves";
    assertThat(heard(path, () -> ServiceSupervisor.at(Optional.of(path)).tell(state)))
        .isEqualTo(state);
  }

  @Test
  void aStateReachesASocketThatHasANameAlone() throws Exception {
    String name = "@millpond-test-" + ProcessHandle.current().pid();
    assertThat(heard(name, () -> ServiceSupervisor.at(Optional.of(name)).tell("STOPPING=1")))
        .isEqualTo("STOPPING=1");
  }

  @Test
  void nobodyNeedListen() {
    assertThatCode(() -> ServiceSupervisor.at(Optional.empty()).tell("READY=1"))
        .doesNotThrowAnyException();
  }

  @Test
  void whoDoesNotHearIsNamed() {
    String path = directory.resolve("gone").toString();
    assertThatThrownBy(() -> ServiceSupervisor.at(Optional.of(path)).tell("READY=1"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(path);
  }
}
