package io.millpond.linux.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a container the node's settings are elsewhere. */
class SysctlTest {
  @TempDir Path directory;

  SysctlTest() {}

  @BeforeEach
  void elsewhere() throws IOException {
    Files.createDirectories(directory.resolve("ipv4"));
    Files.writeString(directory.resolve("ipv4/ip_forward"), "0\n");
    Sysctl.root(directory);
  }

  @AfterEach
  void asItWas() {
    Sysctl.root(Sysctl.ROOT);
  }

  @Test
  void settingsAreReadAndWrittenBelowTheDirectoryThatWasGiven() throws IOException {
    assertThat(Sysctl.get("ipv4/ip_forward")).isEqualTo("0");
    assertThat(Sysctl.set("ipv4/ip_forward", "1")).isTrue();
    assertThat(directory.resolve("ipv4/ip_forward")).content().startsWith("1");
    assertThat(Sysctl.exists("ipv4/conf")).isFalse();
    assertThatThrownBy(() -> Sysctl.set("ipv4/none", "1")).hasMessageContaining("net/ipv4/none");
  }
}
