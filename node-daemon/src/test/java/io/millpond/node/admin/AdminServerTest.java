package io.millpond.node.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminServerTest {
  private final int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  @TempDir Path directory;

  AdminServerTest() throws IOException {}

  private static String broken() {
    throw new IllegalStateException("a bug");
  }

  @Test
  void aQuestionWhoseAnswerIsABugIsHungUpOnAndTheNextIsAnswered() throws IOException {
    Path socket = directory.resolve("admin.sock");
    try (AdminServer _ =
        AdminServer.start(
            socket, Map.of("bad", AdminServerTest::broken, "good", () -> "yes"), self)) {
      assertThatThrownBy(() -> AdminClient.ask(socket, "bad"))
          .isInstanceOf(IOException.class)
          .message()
          .doesNotContain("in time");
      assertThat(AdminClient.ask(socket, "good")).isEqualTo("yes");
    }
  }
}
