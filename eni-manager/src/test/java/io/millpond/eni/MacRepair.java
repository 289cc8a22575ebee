package io.millpond.eni;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/**
 * LocalStack forgets to write octets of MAC addresses in hexadecimal ({@code
 * 02:00:00:14802x:19502x:702x}), so that nobody could read any of its interfaces. While it runs,
 * the SDK sees them as they were meant. The SDK finds this class by its file {@code
 * execution.interceptors}.
 */
public final class MacRepair implements ExecutionInterceptor {
  private static final Pattern OCTET = Pattern.compile("(?<=:)(\\d{1,3})02x(?=[:<])");
  private static final AtomicBoolean on = new AtomicBoolean();
  private static final AtomicInteger mended = new AtomicInteger();

  static void begin() {
    mended.set(0);
    on.set(true);
  }

  /** How many octets were mended. */
  static int end() {
    on.set(false);
    return mended.get();
  }

  @Override
  public Optional<InputStream> modifyHttpResponseContent(
      Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
    if (!on.get()) {
      return context.responseBody();
    }
    return context.responseBody().map(MacRepair::mend);
  }

  private static InputStream mend(InputStream body) {
    try (body) {
      String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
      String whole =
          OCTET
              .matcher(text)
              .replaceAll(
                  octet -> {
                    mended.incrementAndGet();
                    return "%02x".formatted(Integer.parseInt(octet.group(1)));
                  });
      return new ByteArrayInputStream(whole.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
