package io.millpond.simulator.imds;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.Ipv4;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON documents of IMDS. */
final class InstanceDocuments {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CREDENTIALS_LIVE = Duration.ofHours(6);

  private InstanceDocuments() {}

  /** {@code latest/dynamic/instance-identity/document}. */
  static String identity(Instance instance, Ipv4 address, String account, String region) {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("accountId", account);
    document.put("architecture", "x86_64");
    document.put("availabilityZone", instance.zone());
    document.put("billingProducts", null);
    document.put("devpayProductCodes", null);
    document.put("marketplaceProductCodes", null);
    document.put("imageId", "ami-0a00000000000001a");
    document.put("instanceId", instance.id());
    document.put("instanceType", instance.type());
    document.put("kernelId", null);
    document.put("pendingTime", text(instance.launchTime()));
    document.put("privateIp", address.toString());
    document.put("ramdiskId", null);
    document.put("region", region);
    document.put("version", "2017-09-30");
    return write(document);
  }

  /** {@code latest/meta-data/iam/security-credentials/ROLE}. */
  static String credentials(Instance instance, Instant now) {
    // Renewed on the hour, as the real ones are long before they expire.
    Instant updated = now.truncatedTo(ChronoUnit.HOURS);
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("Code", "Success");
    document.put("LastUpdated", text(updated));
    document.put("Type", "AWS-HMAC");
    document.put("AccessKeyId", instance.accessKeyId());
    document.put("SecretAccessKey", "simulated-secret-key-of-" + instance.id());
    document.put("Token", "simulated-session-token-of-" + instance.id());
    document.put("Expiration", text(updated.plus(CREDENTIALS_LIVE)));
    return write(document);
  }

  /** {@code latest/meta-data/iam/info}. */
  static String iamInfo(Instance instance, String account, String role) {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("Code", "Success");
    document.put("LastUpdated", text(instance.launchTime()));
    document.put("InstanceProfileArn", "arn:aws:iam::" + account + ":instance-profile/" + role);
    document.put("InstanceProfileId", "AIPA0000000000000NODE");
    return write(document);
  }

  private static String text(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String write(Map<String, @Nullable Object> document) {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(document);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
