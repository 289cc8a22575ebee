package io.millpond.linux.netns;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Kernel settings below {@code /proc/sys/net}, which shows the namespace of the thread that opens a
 * file.
 */
public final class Sysctl {
  private static final Path ROOT = Path.of("/proc/sys/net");

  private Sysctl() {}

  /**
   * Sets a value unless it is set already.
   *
   * @param name below {@code net}, with slashes: an interface's name may have dots
   * @return whether it was changed
   * @throws IOException if the kernel refuses, naming the setting and the value
   */
  public static boolean set(String name, String value) throws IOException {
    Path file = ROOT.resolve(name);
    try {
      if (Files.readString(file, US_ASCII).trim().equals(value)) {
        return false;
      }
      Files.writeString(file, value, US_ASCII);
      return true;
    } catch (IOException e) {
      throw new IOException("cannot set net/" + name + " to " + value + ": " + e, e);
    }
  }

  /** As {@link #set}; a setting that this kernel does not have is left alone. */
  public static boolean setIfPresent(String name, String value) throws IOException {
    return exists(name) && set(name, value);
  }

  /** Whether this kernel has the setting. */
  public static boolean exists(String name) {
    return Files.exists(ROOT.resolve(name));
  }

  /**
   * Reads a value.
   *
   * @throws NoSuchFileException if there is no such setting
   */
  public static String get(String name) throws IOException {
    return Files.readString(ROOT.resolve(name), US_ASCII).trim();
  }
}
