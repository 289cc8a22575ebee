package io.millpond.eni;

import io.millpond.eni.CallBudget.Action;
import io.millpond.eni.CallBudget.Urgency;
import io.millpond.eni.CloudFailure.Kind;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.Ec2ClientBuilder;
import software.amazon.awssdk.services.ec2.model.Ec2Response;

/**
 * One way to EC2 for every call: within the budget, logged, observed, failures told apart, tried
 * again with full jitter where the very same call may work moments later and doing it twice does no
 * harm. Thread-safe.
 */
final class Ec2Calls implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Ec2Calls.class);
  private static final int TRIES = 4;
  private static final long BASE_MILLIS = 300;
  private static final Duration LONGEST_QUEUE = Duration.ofSeconds(20);
  private static final Duration CONNECT = Duration.ofSeconds(5);

  /**
   * One thread of the process that interrupts calls that take too long; the SDK would start five
   * for each client. A closed client leaves it to the next.
   */
  private static final ScheduledExecutorService TIMEOUTS =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("ec2-timeouts").factory());

  private final Ec2Client client;
  private final CallBudget budget;
  private final CallObserver observer;
  private final Sleeper sleeper;

  Ec2Calls(Ec2Client client, CallBudget budget, CallObserver observer, Sleeper sleeper) {
    this.client = client;
    this.budget = budget;
    this.observer = observer;
    this.sleeper = sleeper;
  }

  /** The SDK's own retries are off: it does not know which of our calls may be repeated. */
  static Ec2Client client(CloudSettings settings, String region) {
    OneRequest.perCall();
    settings.metadata().ifPresent(Ec2Calls::credentialsFrom);
    Ec2ClientBuilder builder =
        Ec2Client.builder()
            .region(Region.of(region))
            .credentialsProvider(DefaultCredentialsProvider.builder().build())
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(CONNECT)
                    .socketTimeout(settings.callTimeout()))
            .overrideConfiguration(
                ClientOverrideConfiguration.builder()
                    .retryStrategy(DefaultRetryStrategy.doNotRetry())
                    .apiCallTimeout(settings.callTimeout())
                    .scheduledExecutorService(TIMEOUTS)
                    .build());
    settings.endpoint().ifPresent(builder::endpointOverride);
    return builder.build();
  }

  /** The SDK's chain asks the instance metadata for the role's credentials where this says. */
  private static void credentialsFrom(URI metadata) {
    System.setProperty(
        SdkSystemSetting.AWS_EC2_METADATA_SERVICE_ENDPOINT.property(), metadata.toString());
  }

  /** A call that may be repeated: it reads, or EC2 recognises it. */
  <T extends Ec2Response> T repeatable(
      Action action, Urgency urgency, String attempted, Function<Ec2Client, T> call)
      throws CloudException {
    return trying(action, urgency, attempted, call, Kind::passing);
  }

  /** A call that is made once; it is repeated only if it certainly did nothing. */
  <T extends Ec2Response> T single(
      Action action, Urgency urgency, String attempted, Function<Ec2Client, T> call)
      throws CloudException {
    return trying(
        action, urgency, attempted, call, kind -> kind.passing() && !kind.effectUnknown());
  }

  private <T extends Ec2Response> T trying(
      Action action,
      Urgency urgency,
      String attempted,
      Function<Ec2Client, T> call,
      Predicate<Kind> again)
      throws CloudException {
    for (int attempt = 1; ; attempt++) {
      awaitBudget(action, urgency, attempted);
      try {
        return once(action, attempted, call);
      } catch (CloudException e) {
        if (!again.test(e.failure().kind()) || attempt == TRIES) {
          throw e;
        }
      }
      long jitter = ThreadLocalRandom.current().nextLong(BASE_MILLIS << attempt);
      pause(Duration.ofMillis(1 + jitter), attempted);
    }
  }

  private <T extends Ec2Response> T once(
      Action action, String attempted, Function<Ec2Client, T> call) throws CloudException {
    long began = System.nanoTime();
    try {
      T answer = call.apply(client);
      String id = String.valueOf(answer.responseMetadata().requestId());
      ended(action, "ok", began, id);
      log.debug("EC2 {}: ok, request {}", attempted, id);
      return answer;
    } catch (SdkException e) {
      CloudFailure failure = Failures.of(attempted, action, e);
      ended(action, failure.code(), began, failure.requestId());
      if (failure.kind() == Kind.THROTTLED) {
        budget.drain(action);
      }
      log.info("EC2 {}", failure.reason());
      throw new CloudException(failure);
    }
  }

  private void ended(Action action, String outcome, long began, String requestId) {
    observer.ended(
        new CallObserver.Call(
            action.ec2Name(), outcome, Duration.ofNanos(System.nanoTime() - began), requestId));
  }

  private void awaitBudget(Action action, Urgency urgency, String attempted) throws CloudException {
    Duration waited = Duration.ZERO;
    for (Duration wait = budget.take(action, urgency);
        !wait.isZero();
        wait = budget.take(action, urgency)) {
      waited = waited.plus(wait);
      if (waited.compareTo(LONGEST_QUEUE) > 0) {
        throw new CloudException(
            CloudFailure.local(
                Kind.THROTTLED,
                attempted,
                "CallBudget",
                "this node's own budget of %s calls is used up; the next in %d s"
                    .formatted(action.ec2Name(), wait.toSeconds())));
      }
      pause(wait, attempted);
    }
  }

  /** Waits, with an interruption as a failure that a caller can answer with. */
  void pause(Duration time, String attempted) throws CloudException {
    try {
      sleeper.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CloudException(
          CloudFailure.local(Kind.UNREACHABLE, attempted, "Interrupted", "the daemon stops"));
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
