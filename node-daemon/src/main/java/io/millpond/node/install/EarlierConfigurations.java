package io.millpond.node.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.cni.ConfigurationList;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The configurations that sort before ours, and that runtimes take in its place. Some lead to
 * millpond all the same: Multus calls the networks that it is told to.
 */
final class EarlierConfigurations {
  /** The endings that runtimes read. */
  private static final List<String> READ = List.of(".conf", ".conflist", ".json");

  /** Multus' two forms, whose networks may stand elsewhere, and millpond itself. */
  private static final Set<String> LEADING =
      Set.of("multus", "multus-shim", ConfigurationList.TYPE);

  /** In bytes; a configuration has hundreds. */
  private static final int LIMIT = 1 << 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  private EarlierConfigurations() {}

  /**
   * Those of the files that keep pods from millpond, by name.
   *
   * @throws IOException if the names cannot be read to their end
   */
  static List<Path> inTheWay(DirectoryStream<Path> files) throws IOException {
    List<Path> found = new ArrayList<>();
    try {
      for (Path file : files) {
        String name = file.getFileName().toString();
        if (READ.stream().anyMatch(name::endsWith)
            && name.compareTo(Conflist.NAME) < 0
            && !leadsToMillpond(file)) {
          found.add(file);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    found.sort(null);
    return found;
  }

  /** Not if it cannot be read or understood: whoever wrote it must look at it. */
  private static boolean leadsToMillpond(Path file) {
    if (!Files.isRegularFile(file)) {
      return false; // a pipe would never end
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] octets = in.readNBytes(LIMIT + 1);
      return octets.length <= LIMIT && leadsToMillpond(JSON.readTree(octets));
    } catch (IOException e) {
      return false;
    }
  }

  /** A plugin's entry, a list of them, or one that delegates to either; JSON's depth is bounded. */
  private static boolean leadsToMillpond(JsonNode configuration) {
    if (LEADING.contains(configuration.path("type").asText())) {
      return true;
    }
    for (String key : new String[] {"plugins", "delegates"}) {
      for (JsonNode one : configuration.path(key)) {
        if (leadsToMillpond(one)) {
          return true;
        }
      }
    }
    return configuration.has("delegate") && leadsToMillpond(configuration.path("delegate"));
  }
}
