package io.millpond.node.pods;

import io.millpond.node.cloud.Cloud;
import io.millpond.pool.value.PoolName;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Asks EC2 whether a pool's first ENI can be made, on a thread of its own: it may take longer than
 * a pod can wait. All pods of a pool that come meanwhile share the answer. Safe for any thread.
 */
final class FirstEni {
  private final Function<PoolName, Cloud.Result<Cloud.Done>> check;
  private final Map<PoolName, CompletableFuture<Cloud.Result<Cloud.Done>>> asked =
      new ConcurrentHashMap<>();

  /**
   * Ready to ask.
   *
   * @param check may block
   */
  FirstEni(Function<PoolName, Cloud.Result<Cloud.Done>> check) {
    this.check = check;
  }

  /** The answer to come, to a question that is begun now or goes on. Never blocks. */
  CompletableFuture<Cloud.Result<Cloud.Done>> ask(PoolName pool) {
    return asked.computeIfAbsent(pool, this::begin);
  }

  private CompletableFuture<Cloud.Result<Cloud.Done>> begin(PoolName pool) {
    CompletableFuture<Cloud.Result<Cloud.Done>> answer = new CompletableFuture<>();
    Thread _ =
        Thread.ofPlatform()
            .daemon()
            .name("first-eni")
            .start(
                () -> {
                  try {
                    answer.complete(check.apply(pool));
                  } catch (RuntimeException | Error e) {
                    answer.completeExceptionally(e);
                  } finally {
                    asked.remove(pool);
                  }
                });
    return answer;
  }
}
