package io.millpond.simulator.imds;

import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** Session tokens, each good for one instance and a time. Any thread may use it. */
final class Tokens {
  /** The longest time a token may live, in seconds. */
  static final int MAX_TTL = 21_600;

  private static final int MAX_TOKENS = 100_000;

  private final LongSupplier nanoTime;
  private final RandomGenerator random;
  private final Map<String, Token> tokens = new HashMap<>();

  private record Token(String instanceId, long expiresAt) {}

  Tokens(LongSupplier nanoTime, RandomGenerator random) {
    this.nanoTime = nanoTime;
    this.random = random;
  }

  /** A new token. */
  synchronized String issue(String instanceId, int ttlSeconds) {
    long now = nanoTime.getAsLong();
    if (tokens.size() >= MAX_TOKENS) {
      tokens.values().removeIf(token -> token.expiresAt - now <= 0);
    }
    byte[] bytes = new byte[40];
    random.nextBytes(bytes);
    String text = Base64.getUrlEncoder().encodeToString(bytes);
    tokens.put(text, new Token(instanceId, now + ttlSeconds * 1_000_000_000L));
    return text;
  }

  /** Seconds a token is still good for with an instance; 0: it is not. */
  synchronized long secondsLeft(String text, String instanceId) {
    Token token = tokens.get(text);
    if (token == null || !token.instanceId.equals(instanceId)) {
      return 0;
    }
    return Math.max(0, (token.expiresAt - nanoTime.getAsLong() + 999_999_999L) / 1_000_000_000L);
  }

  /** Every token is void from now on, as after a restart of the service. */
  synchronized void voidAll() {
    tokens.clear();
  }
}
