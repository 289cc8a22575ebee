package io.millpond.node.life;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.cloud.CloudAccess;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a standby tries on a thread of its own before it says that it is ready: whether the instance
 * metadata and EC2 answer it. A daemon whose settings or rights keep it from them does not take the
 * place of one that serves. It tries until it has succeeded once; what it learned is thrown away,
 * because it may stand by for days.
 */
final class Preflight implements AutoCloseable {
  private final CloudAccess access;
  private final Thread thread =
      Thread.ofPlatform().daemon().name("preflight").unstarted(this::tryUntilPassed);
  private volatile String trouble = "it has not been tried yet whether EC2 answers";
  private volatile boolean passed;

  private Preflight(CloudAccess access) {
    this.access = access;
  }

  /** Begins to try. */
  static Preflight begin(CloudAccess access) {
    Preflight preflight = new Preflight(access);
    preflight.thread.start();
    return preflight;
  }

  private void tryUntilPassed() {
    try {
      while (true) {
        Cloud.@Nullable Failure<?> failure = failure();
        if (failure == null) {
          passed = true;
          return;
        }
        trouble = failure.reason();
        Duration pause = failure.retryAfter();
        Thread.sleep(pause);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Cloud.@Nullable Failure<?> failure() {
    return switch (access.open()) {
      case Cloud.Failure<CloudAccess.Opened> failure -> failure;
      case Cloud.Success<CloudAccess.Opened>(CloudAccess.Opened opened) -> {
        Cloud cloud = opened.cloud();
        try {
          yield cloud.ask(Cloud.Urgency.WARM_UP) instanceof Cloud.Failure<?> failure
              ? failure
              : null;
        } finally {
          cloud.close();
        }
      }
    };
  }

  /** Whether they have answered. */
  boolean passed() {
    return passed;
  }

  /** Why not. */
  String trouble() {
    return trouble;
  }

  /** Tries no more. */
  @Override
  public void close() {
    thread.interrupt();
  }
}
