package io.millpond.simulator.ec2;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds the access key id in a signed request. The signature itself is not verified. */
final class Credential {
  private static final Pattern HEADER =
      Pattern.compile("AWS4-HMAC-SHA256\\s+.*Credential=([A-Za-z0-9_]{1,128})/.*");

  private Credential() {}

  static Optional<String> of(@Nullable String authorization, Map<String, String> parameters) {
    if (authorization != null) {
      Matcher matcher = HEADER.matcher(authorization);
      if (matcher.matches()) {
        return Optional.of(matcher.group(1));
      }
    }
    String presigned = parameters.get("X-Amz-Credential");
    if (presigned != null) {
      return Optional.of(presigned.replaceFirst("/.*", ""));
    }
    return Optional.ofNullable(parameters.get("AWSAccessKeyId"));
  }
}
