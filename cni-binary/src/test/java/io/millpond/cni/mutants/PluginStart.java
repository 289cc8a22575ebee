package io.millpond.cni.mutants;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How a test starts the plugin; a mutant may start it otherwise. */
public final class PluginStart {
  public final Map<String, String> variables;
  public final List<String> arguments;

  /** What a shell does before it becomes the plugin. */
  public String shell;

  public byte[] stdin;
  public boolean stdinStaysOpen;

  /** Copies all of it. */
  public PluginStart(
      Map<String, String> variables,
      List<String> arguments,
      String shell,
      byte[] stdin,
      boolean stdinStaysOpen) {
    this.variables = new TreeMap<>(variables);
    this.arguments = new ArrayList<>(arguments);
    this.shell = shell;
    this.stdin = stdin.clone();
    this.stdinStaysOpen = stdinStaysOpen;
  }

  /** A variable; empty if it is not set. */
  public String get(String name) {
    return variables.getOrDefault(name, "");
  }

  /** Whether this is the verb. */
  public boolean is(String... verbs) {
    return List.of(verbs).contains(get("CNI_COMMAND"));
  }
}
