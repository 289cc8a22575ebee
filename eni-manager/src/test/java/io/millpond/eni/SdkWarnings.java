package io.millpond.eni;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Fails a test in which the AWS SDK logged a warning: it could not make sense of an answer. */
final class SdkWarnings implements BeforeEachCallback, AfterEachCallback {
  private static final Logger SDK = (Logger) LoggerFactory.getLogger("software.amazon.awssdk");

  private final ListAppender<ILoggingEvent> seen = new ListAppender<>();

  @Override
  public void beforeEach(ExtensionContext context) {
    seen.list.clear();
    seen.start();
    SDK.addAppender(seen);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    SDK.detachAppender(seen);
    assertThat(seen.list).extracting(ILoggingEvent::getFormattedMessage).isEmpty();
  }
}
