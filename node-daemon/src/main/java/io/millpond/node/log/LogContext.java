package io.millpond.node.log;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Which request, pod, ENI and address the lines of this thread are about, until closed. Contexts
 * nest: closing one brings back the one before.
 */
public final class LogContext implements AutoCloseable {
  /** Number of the request, from the plugin to the EC2 call. */
  public static final String REQ = "req";

  /** Pod as {@code namespace/name}. */
  public static final String POD = "pod";

  /** Container ID. */
  public static final String CID = "cid";

  /** ENI. */
  public static final String ENI = "eni";

  /** Address. */
  public static final String IP = "ip";

  private final @Nullable Map<String, String> before;

  private LogContext(Map<String, String> fields) {
    before = MDC.getCopyOfContextMap();
    fields.forEach(MDC::put);
  }

  /** Lines of this thread carry these fields too, until the context is closed. */
  public static LogContext with(Map<String, String> fields) {
    return new LogContext(fields);
  }

  /** Lines of this thread carry this field too, until the context is closed. */
  public static LogContext with(String field, String value) {
    return new LogContext(Map.of(field, value));
  }

  @Override
  public void close() {
    if (before == null) {
      MDC.clear();
    } else {
      MDC.setContextMap(before);
    }
  }
}
