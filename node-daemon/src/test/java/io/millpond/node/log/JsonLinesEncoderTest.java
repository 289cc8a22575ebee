package io.millpond.node.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;
import org.slf4j.event.KeyValuePair;

class JsonLinesEncoderTest {
  private final LoggingEvent event = new LoggingEvent();

  JsonLinesEncoderTest() {
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(new LogbackMDCAdapter());
    event.setLoggerContext(context);
    event.setLoggerName("io.millpond.node.Test");
    event.setLevel(Level.WARN);
    event.setInstant(Instant.parse("2026-01-02T03:04:05.678901Z"));
  }

  @Test
  void aLineHasTimeLevelMessageThenContextThenFieldsInThatOrder() {
    event.setMessage("hello");
    event.setMDCPropertyMap(Map.of("ip", "10.0.0.5", "req", "r1", "pod", "a/b", "other", "x"));
    event.setKeyValuePairs(List.of(new KeyValuePair("ms", 12)));
    assertThat(line())
        .isEqualTo(
            "{\"ts\":\"2026-01-02T03:04:05.678Z\",\"level\":\"warn\",\"msg\":\"hello\",\"req\":\"r1\",\"pod\":\"a/b\","
                + "\"ip\":\"10.0.0.5\",\"ms\":\"12\"}\n");
  }

  @Test
  void whateverTheMessageHoldsTheLineIsOneLineOfJsonWithThatMessage() {
    String hostile = "a\"b\\c\nd\r\t\u0000\u001b[31m\u2028\u007f é 😀 {}";
    event.setMessage(hostile);
    assertThat(line().strip())
        .doesNotContain("\n")
        .doesNotContain("\u2028")
        .doesNotContain("\u001b");
    assertThat(json().get("msg").textValue()).isEqualTo(hostile);
  }

  @Test
  void aLoneSurrogateStillMakesValidJson() {
    event.setMessage("x\ud800y");
    assertThat(json().get("msg").textValue()).isEqualTo("x\ud800y");
  }

  @Test
  void anExceptionIsSummedUpWithItsCauses() {
    event.setMessage("failed");
    event.setThrowableProxy(
        new ch.qos.logback.classic.spi.ThrowableProxy(
            new IllegalStateException("outer", new IOException("inner"))));
    assertThat(json().get("err").textValue())
        .isEqualTo("java.lang.IllegalStateException: outer; caused by java.io.IOException: inner");
    assertThat(json().get("stack").textValue()).contains("JsonLinesEncoderTest");
  }

  @Test
  void anEndlessMessageIsCut() {
    event.setMessage("x".repeat(100_000));
    assertThat(line().length()).isLessThan(5000);
  }

  @Test
  void contextsNestAndTheOuterOneComesBack() {
    try (LogContext outer = LogContext.with(LogContext.REQ, "1")) {
      assertThat(outer).isNotNull();
      try (LogContext inner =
          LogContext.with(Map.of(LogContext.IP, "10.0.0.1", LogContext.REQ, "2"))) {
        assertThat(inner).isNotNull();
        assertThat(MDC.getCopyOfContextMap()).isEqualTo(Map.of("req", "2", "ip", "10.0.0.1"));
      }
      assertThat(MDC.getCopyOfContextMap()).isEqualTo(Map.of("req", "1"));
    }
    assertThat(MDC.getCopyOfContextMap()).isNullOrEmpty();
  }

  private String line() {
    return new String(new JsonLinesEncoder().encode(event), UTF_8);
  }

  private JsonNode json() {
    try {
      return new ObjectMapper().readTree(line());
    } catch (IOException e) {
      throw new UncheckedIOException("not JSON: " + line(), e);
    }
  }
}
