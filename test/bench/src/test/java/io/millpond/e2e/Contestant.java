package io.millpond.e2e;

import java.nio.file.Path;
import java.util.Map;

/**
 * A plugin on a node of its own.
 *
 * @param environment what the plugin needs beside a runtime's variables
 * @param daemon the process whose CPU time counts too; 0 for a plugin without one
 */
record Contestant(
    String name,
    String netns,
    Path plugin,
    String configuration,
    Map<String, String> environment,
    long daemon) {}
