package io.millpond.cni.mutants;

/** What the plugin left; a mutant may leave something else. */
public record PluginEnd(int status, String out, String err) {
  boolean failed() {
    return status != 0;
  }

  PluginEnd saying(String text) {
    return new PluginEnd(status, text, err);
  }

  /** An error instead. */
  static PluginEnd error(int code) {
    return new PluginEnd(
        1, "{\"cniVersion\":\"1.0.0\",\"code\":%d,\"msg\":\"a mutant's\"}\n".formatted(code), "");
  }
}
