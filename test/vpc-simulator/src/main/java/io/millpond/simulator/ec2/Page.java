package io.millpond.simulator.ec2;

import io.millpond.simulator.account.AwsError;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * One page of an answer.
 *
 * @param nextToken none: this is the last page
 */
record Page<T>(List<T> items, Optional<String> nextToken) {
  /**
   * Which page a call wants.
   *
   * @param size none: all there is
   * @param after the last id of the page before; none: from the start
   * @param position where the page begins if that id is no longer there
   */
  record Wanted(Optional<Integer> size, Optional<String> after, int position) {
    /**
     * Reads {@code MaxResults} and {@code NextToken}.
     *
     * @throws AwsError InvalidParameterValue, InvalidNextToken
     */
    static Wanted read(Parameters call, int most) {
      Optional<Integer> size = call.integer("MaxResults");
      size.ifPresent(
          n -> {
            if (n < 5 || n > most) {
              throw new AwsError(
                  "InvalidParameterValue",
                  "Value ( "
                      + n
                      + " ) for parameter maxResults is invalid. Expecting a value between 5 and "
                      + most
                      + ".");
            }
          });
      Optional<String> token = call.text("NextToken");
      if (token.isEmpty()) {
        return new Wanted(size, Optional.empty(), 0);
      }
      try {
        String text =
            new String(Base64.getUrlDecoder().decode(token.get()), StandardCharsets.UTF_8);
        int colon = text.indexOf(':');
        return new Wanted(
            size,
            Optional.of(text.substring(colon + 1)),
            Integer.parseUnsignedInt(text.substring(0, Math.max(0, colon))));
      } catch (IllegalArgumentException e) {
        throw new AwsError("InvalidNextToken", "The specified NextToken is not valid.");
      }
    }
  }

  /** The wanted page of everything that matches. */
  static <T> Page<T> of(List<T> all, Wanted wanted, Function<T, String> id) {
    int start = Math.min(wanted.position(), all.size());
    if (wanted.after().isPresent()) {
      for (int i = 0; i < all.size(); i++) {
        if (id.apply(all.get(i)).equals(wanted.after().get())) {
          start = i + 1;
        }
      }
    }
    int end = (int) Math.min(all.size(), start + (long) wanted.size().orElse(Integer.MAX_VALUE));
    if (end == all.size()) {
      return new Page<>(all.subList(start, end), Optional.empty());
    }
    String token = end + ":" + id.apply(all.get(end - 1));
    return new Page<>(
        all.subList(start, end),
        Optional.of(
            Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(token.getBytes(StandardCharsets.UTF_8))));
  }
}
