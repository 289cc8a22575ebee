package io.millpond.node.testing;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.slf4j.LoggerFactory;

/** What a class logs until this is closed. */
public final class HeardLog implements AutoCloseable {
  private final ListAppender<ILoggingEvent> heard = new ListAppender<>();
  private final Logger logger;

  /** Listens from now on. */
  public HeardLog(Class<?> of) {
    logger = (Logger) LoggerFactory.getLogger(of);
    heard.start();
    logger.addAppender(heard);
  }

  /** What was logged since this was last asked, as {@code LEVEL message}. */
  public List<String> lines() {
    List<String> lines =
        heard.list.stream().map(one -> one.getLevel() + " " + one.getFormattedMessage()).toList();
    heard.list.clear();
    return lines;
  }

  @Override
  public void close() {
    logger.detachAppender(heard);
  }
}
