package io.millpond.node.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.encoder.EncoderBase;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One log event as one line of JSON. The fields come in a fixed order: {@code ts level msg}, then
 * {@code req pod cid eni ip} where known, then fields of the line itself, then {@code err} and, for
 * bugs, the stack. No field is longer than {@value #LONGEST} characters.
 */
public final class JsonLinesEncoder extends EncoderBase<ILoggingEvent> {
  private static final int LONGEST = 4096;
  private static final int STACK_DEPTH = 12;
  private static final List<String> CONTEXT =
      List.of(LogContext.REQ, LogContext.POD, LogContext.CID, LogContext.ENI, LogContext.IP);

  @Override
  public byte[] encode(ILoggingEvent event) {
    StringBuilder line = new StringBuilder(200).append('{');
    field(
        line,
        "ts",
        Instant.ofEpochMilli(event.getTimeStamp()).truncatedTo(ChronoUnit.MILLIS).toString());
    field(line, "level", event.getLevel().toString().toLowerCase(Locale.ROOT));
    field(line, "msg", event.getFormattedMessage());
    Map<String, String> fields = new LinkedHashMap<>();
    for (String name : CONTEXT) {
      String value = event.getMDCPropertyMap().get(name);
      if (value != null) {
        fields.put(name, value);
      }
    }
    if (event.getKeyValuePairs() != null) {
      event.getKeyValuePairs().forEach(pair -> fields.put(pair.key, String.valueOf(pair.value)));
    }
    fields.forEach((name, value) -> field(line, name, value));
    IThrowableProxy thrown = event.getThrowableProxy();
    if (thrown != null) {
      field(line, "err", summary(thrown));
      field(line, "stack", stack(thrown));
    }
    if (!event.getLoggerName().startsWith("io.millpond.")) {
      field(line, "logger", event.getLoggerName());
    }
    line.setCharAt(line.length() - 1, '}');
    return line.append('\n').toString().getBytes(UTF_8);
  }

  private static String summary(IThrowableProxy thrown) {
    StringBuilder text = new StringBuilder();
    for (IThrowableProxy t = thrown; t != null && text.length() < LONGEST; t = t.getCause()) {
      text.append(text.isEmpty() ? "" : "; caused by ")
          .append(t.getClassName())
          .append(": ")
          .append(t.getMessage());
    }
    return text.toString();
  }

  private static String stack(IThrowableProxy thrown) {
    StringBuilder text = new StringBuilder();
    StackTraceElementProxy[] frames = thrown.getStackTraceElementProxyArray();
    for (int i = 0; i < Math.min(frames.length, STACK_DEPTH); i++) {
      text.append(i == 0 ? "" : " < ").append(frames[i].getStackTraceElement());
    }
    return text.toString();
  }

  private static void field(StringBuilder line, String name, String value) {
    quote(line, name);
    line.append(':');
    quote(line, value.length() > LONGEST ? value.substring(0, LONGEST) + "…" : value);
    line.append(',');
  }

  private static void quote(StringBuilder line, String text) {
    line.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> line.append("\\\"");
        case '\\' -> line.append("\\\\");
        case '\n' -> line.append("\\n");
        default -> {
          // Line separators of Unicode and lone surrogates would break readers of lines.
          boolean breaksLines = c < 0x20 || c == 0x7f || c == 0x2028 || c == 0x2029;
          if (breaksLines || (Character.isSurrogate(c) && lone(text, i))) {
            line.append(String.format("\\u%04x", (int) c));
          } else {
            line.append(c);
          }
        }
      }
    }
    line.append('"');
  }

  private static boolean lone(String text, int at) {
    char c = text.charAt(at);
    return Character.isHighSurrogate(c)
        ? at + 1 == text.length() || !Character.isLowSurrogate(text.charAt(at + 1))
        : at == 0 || !Character.isHighSurrogate(text.charAt(at - 1));
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }
}
