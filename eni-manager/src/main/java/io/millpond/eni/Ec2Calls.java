package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.Ec2ClientBuilder;

/**
 * One way to EC2 for every call: within the budget, logged, failures told apart, tried again with
 * jitter where the very same call may work moments later and doing it twice does no harm.
 */
final class Ec2Calls implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Ec2Calls.class);
  private static final int TRIES = 4;
  private static final long BASE_MILLIS = 300;
  private static final Duration LONGEST_QUEUE = Duration.ofSeconds(20);

  private final Ec2Client client;
  private final CallBudget budget;

  Ec2Calls(Ec2Client client, CallBudget budget) {
    this.client = client;
    this.budget = budget;
  }

  /** The SDK's own retries are off: it does not know which of our calls may be repeated. */
  static Ec2Client client(CloudSettings settings, String region) {
    Ec2ClientBuilder builder =
        Ec2Client.builder()
            .region(Region.of(region))
            .credentialsProvider(DefaultCredentialsProvider.builder().build())
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(Duration.ofSeconds(5))
                    .socketTimeout(settings.callTimeout()))
            .overrideConfiguration(
                ClientOverrideConfiguration.builder()
                    .retryStrategy(DefaultRetryStrategy.doNotRetry())
                    .apiCallTimeout(settings.callTimeout())
                    .build());
    settings.endpoint().ifPresent(builder::endpointOverride);
    return builder.build();
  }

  /** A call that may be repeated: it reads, or EC2 recognises it. */
  <T> T repeatable(Action action, Urgency urgency, String attempted, Function<Ec2Client, T> call)
      throws CloudException {
    for (int attempt = 1; ; attempt++) {
      try {
        return once(action, urgency, attempted, call);
      } catch (CloudException e) {
        if (!e.failure().kind().passing() || attempt == TRIES) {
          throw e;
        }
        pause(ThreadLocalRandom.current().nextLong(BASE_MILLIS << attempt));
      }
    }
  }

  /** A call that is made once; only a throttled one, which did nothing, is repeated. */
  <T> T single(Action action, Urgency urgency, String attempted, Function<Ec2Client, T> call)
      throws CloudException {
    for (int attempt = 1; ; attempt++) {
      try {
        return once(action, urgency, attempted, call);
      } catch (CloudException e) {
        if (e.failure().kind() != CloudFailure.Kind.THROTTLED || attempt == TRIES) {
          throw e;
        }
        pause(ThreadLocalRandom.current().nextLong(BASE_MILLIS << attempt));
      }
    }
  }

  private <T> T once(Action action, Urgency urgency, String attempted, Function<Ec2Client, T> call)
      throws CloudException {
    awaitBudget(action, urgency, attempted);
    long began = System.nanoTime();
    try {
      T answer = call.apply(client);
      log.debug("EC2 {}: ok, {} ms", attempted, (System.nanoTime() - began) / 1_000_000);
      return answer;
    } catch (SdkException e) {
      CloudFailure failure = Failures.of(attempted, e);
      if (failure.kind() == CloudFailure.Kind.THROTTLED) {
        budget.drain(action);
      }
      log.info("EC2 {} after {} ms", failure.reason(), (System.nanoTime() - began) / 1_000_000);
      throw new CloudException(failure);
    }
  }

  private void awaitBudget(Action action, Urgency urgency, String attempted) throws CloudException {
    long end = System.nanoTime() + LONGEST_QUEUE.toNanos();
    for (Duration wait = budget.take(action, urgency);
        !wait.isZero();
        wait = budget.take(action, urgency)) {
      if (System.nanoTime() + wait.toNanos() > end) {
        throw new CloudException(
            new CloudFailure(
                CloudFailure.Kind.THROTTLED,
                attempted,
                "CallBudget",
                "this node's own budget of EC2 calls is used up; more in "
                    + wait.toSeconds()
                    + " s"));
      }
      pause(wait.toMillis());
    }
  }

  static void pause(long millis) throws CloudException {
    try {
      Thread.sleep(Math.max(1, millis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CloudException(
          new CloudFailure(
              CloudFailure.Kind.UNREACHABLE, "waiting for EC2", "Interrupted", "the daemon stops"));
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
