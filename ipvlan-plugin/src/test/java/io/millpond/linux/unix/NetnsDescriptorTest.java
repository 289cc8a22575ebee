package io.millpond.linux.unix;

import static io.millpond.linux.unix.Native.LIBC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetnsDescriptorTest {
  @TempDir private Path directory;

  private static void isRefused(String path, String why) {
    int fd = LIBC.open(path, 0, 0);
    assertThat(fd).as(path).isNotNegative();
    try {
      assertThatThrownBy(() -> NetnsDescriptor.verify(fd))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(why);
    } finally {
      assertThat(LIBC.close(fd)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mnt", "uts", "ipc", "pid", "user", "cgroup"})
  void aNamespaceOfAnotherKindIsRefused(String kind) {
    isRefused("/proc/self/ns/" + kind, "not a network namespace");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/dev/null", "/proc/self/status", "/"})
  void aFileThatIsNoNamespaceIsRefused(String path) {
    isRefused(path, "not a namespace");
  }

  @Test
  void aRegularFileAndADirectoryAreRefused() {
    isRefused(directory.toString(), "not a namespace");
  }

  @Test
  void theNodesOwnNamespaceIsRefused() {
    isRefused("/proc/self/ns/net", "node's own");
  }
}
