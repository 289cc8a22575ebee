package io.millpond.node.crash;

import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;

/** EC2 as a daemon with a {@link Life} calls it: every call, whatever it is, is a step. */
final class MortalEc2 implements ExecutionInterceptor {
  private static final ExecutionAttribute<Life.Step> STEP = new ExecutionAttribute<>("step");
  private static final Life.Failing FAILING =
      new Life.Failing() {
        @Override
        public RuntimeException refused() {
          return Ec2Exception.builder()
              .statusCode(403)
              .awsErrorDetails(
                  AwsErrorDetails.builder()
                      .errorCode("UnauthorizedOperation")
                      .errorMessage("a fault")
                      .build())
              .message("a fault")
              .build();
        }

        @Override
        public RuntimeException lost() {
          return ApiCallTimeoutException.create(10_000);
        }
      };

  private final Life life;
  private final Runnable after;

  private MortalEc2(Life life, Runnable after) {
    this.life = life;
    this.after = after;
  }

  /**
   * The client.
   *
   * @param patience how long a call may take
   * @param after looks at the world after every call
   */
  static Ec2Client client(
      URI endpoint, String region, Duration patience, Life life, Runnable after) {
    return Ec2Client.builder()
        .endpointOverride(endpoint)
        .region(Region.of(region))
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDTEST", "secret")))
        .httpClientBuilder(UrlConnectionHttpClient.builder().socketTimeout(patience))
        .overrideConfiguration(
            ClientOverrideConfiguration.builder()
                .retryStrategy(DefaultRetryStrategy.doNotRetry())
                .apiCallTimeout(patience)
                .addExecutionInterceptor(new MortalEc2(life, after))
                .build())
        .build();
  }

  private static String name(SdkRequest request) {
    return "EC2: " + request.getClass().getSimpleName().replace("Request", "");
  }

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    attributes.putAttribute(STEP, life.begin(name(context.request()), FAILING));
  }

  @Override
  public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
    ended(attributes);
  }

  @Override
  public void onExecutionFailure(Context.FailedExecution context, ExecutionAttributes attributes) {
    if (attributes.getAttribute(STEP) != null) {
      ended(attributes);
    }
  }

  private void ended(ExecutionAttributes attributes) {
    Life.Step step = attributes.getAttribute(STEP);
    // What fails here fails the call, which ends once more.
    attributes.putAttribute(STEP, null);
    after.run();
    step.ended();
  }
}
