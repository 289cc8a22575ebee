package io.millpond.node.install;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Says why a file could not be used. The daemon is root without CAP_DAC_OVERRIDE: what belongs to
 * another user is as closed to it as to any other program, which surprises people.
 */
final class Refusal {
  private Refusal() {}

  /** The failure, and who must give what to the daemon if that was what was missing. */
  static String why(IOException failure) {
    if (failure instanceof AccessDeniedException denied && denied.getFile() != null) {
      try {
        return owner(existing(Path.of(denied.getFile()).toAbsolutePath()));
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
    return failure.toString();
  }

  /** A file that may not be made is refused by its directory. */
  private static Path existing(Path path) {
    Path parent = path.getParent();
    return Files.exists(path) || parent == null ? path : existing(parent);
  }

  private static String owner(Path path) throws IOException {
    PosixFileAttributes now = Files.readAttributes(path, PosixFileAttributes.class);
    String owner = now.owner().getName();
    return "%s belongs to %s:%s with mode %s, and the daemon, which has no CAP_DAC_OVERRIDE, may not use it: %s %s"
        .formatted(
            path,
            owner,
            now.group().getName(),
            PosixFilePermissions.toString(now.permissions()),
            owner.equals("root") ? "chmod u+rwX" : "chown root:root",
            path);
  }
}
