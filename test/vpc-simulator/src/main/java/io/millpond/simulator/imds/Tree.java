package io.millpond.simulator.imds;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Paths and their texts; a path on the way to others is a directory. Not thread-safe. */
final class Tree {
  private final Map<String, Tree> children = new LinkedHashMap<>();
  private Optional<String> text = Optional.empty();

  /** Puts a text at a path such as {@code latest/meta-data/mac}. */
  Tree put(String path, String value) {
    Tree node = this;
    for (String name : path.split("/", -1)) {
      node = node.children.computeIfAbsent(name, n -> new Tree());
    }
    node.text = Optional.of(value);
    return this;
  }

  /** Takes away a path and what is below it. */
  void remove(String path) {
    int slash = path.lastIndexOf('/');
    find(slash < 0 ? "" : path.substring(0, slash))
        .ifPresent(parent -> parent.children.remove(path.substring(slash + 1)));
  }

  /** The text at a path, or the listing of the directory there; a slash at the end is no matter. */
  Optional<String> read(String path) {
    return find(path).map(node -> node.text.orElseGet(node::listing));
  }

  private Optional<Tree> find(String path) {
    Tree node = this;
    for (String name : path.split("/", -1)) {
      if (name.isEmpty()) {
        continue;
      }
      node = node.children.get(name);
      if (node == null) {
        return Optional.empty();
      }
    }
    return Optional.of(node);
  }

  /** One name a line, directories with a slash. */
  private String listing() {
    return children.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(child -> child.getKey() + (child.getValue().text.isPresent() ? "" : "/"))
        .collect(Collectors.joining("\n"));
  }
}
