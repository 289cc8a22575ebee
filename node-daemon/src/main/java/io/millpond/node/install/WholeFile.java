package io.millpond.node.install;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * Files that others read at any moment: they are there as a whole, or not. The temporary file lies
 * in the same directory, because containerd sees a rename within the directory that it watches and
 * not one from elsewhere, and has an ending that no runtime reads.
 */
final class WholeFile {
  private WholeFile() {}

  /**
   * Puts the content in place by rename.
   *
   * @param mode such as {@code rw-------}
   * @throws IOException if that is impossible; what was there stays
   */
  static void put(Path target, byte[] content, String mode) throws IOException {
    Path directory = target.toAbsolutePath().getParent();
    if (directory == null) {
      throw new IOException("not a file in a directory: " + target);
    }
    Files.createDirectories(directory);
    Path temporary = directory.resolve("." + target.getFileName() + ".new");
    Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(mode);
    Files.deleteIfExists(temporary); // of somebody who died here
    try {
      try (FileChannel file =
          FileChannel.open(
              temporary,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        ByteBuffer left = ByteBuffer.wrap(content);
        while (left.hasRemaining()) {
          file.write(left);
        }
        Files.setPosixFilePermissions(temporary, permissions);
        file.force(true);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
    remember(directory);
  }

  /** Its content, if there is such a file. */
  static Optional<byte[]> read(Path file) throws IOException {
    try {
      return Optional.of(Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Removes it, if it is there. */
  static void remove(Path file) throws IOException {
    if (Files.deleteIfExists(file)) {
      Path directory = file.toAbsolutePath().getParent();
      if (directory != null) {
        remember(directory);
      }
    }
  }

  /** A name outlives a crash of the machine only when its directory is written. */
  private static void remember(Path directory) throws IOException {
    try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
      names.force(true);
    }
  }
}
