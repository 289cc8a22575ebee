package io.millpond.simulator.account;

import java.util.Map;

/** EC2's rules for tags: at most 50, keys of 1 to 127 characters, values up to 255, none of AWS. */
final class TagRules {
  private static final int MAX_TAGS = 50;

  private TagRules() {}

  static void check(Map<String, String> tags) {
    if (tags.size() > MAX_TAGS) {
      throw new AwsError("TagLimitExceeded", "The maximum number of tags has been reached.");
    }
    tags.forEach(
        (key, value) -> {
          if (key.startsWith("aws:")) {
            throw AwsError.invalidValue(
                "Value ( "
                    + key
                    + " ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved"
                    + " for internal use");
          }
          if (key.isEmpty() || key.length() > 127 || value.length() > 255) {
            throw AwsError.invalidValue(
                "Tag key exceeds the maximum length of 127, is empty, or its value exceeds 255: "
                    + key);
          }
        });
  }
}
