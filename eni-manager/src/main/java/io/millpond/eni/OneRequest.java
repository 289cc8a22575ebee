package io.millpond.eni;

/**
 * Keeps the JDK's HTTP client from sending a POST again by itself when its answer is lost
 * (networking properties, {@code sun.net.http.retryPost}): it would assign addresses twice. Read
 * once, when the JDK's client is loaded, so every class here that opens a connection calls this
 * first. What the command line says stays.
 */
final class OneRequest {
  private static final String RETRY_POST = "sun.net.http.retryPost";

  private OneRequest() {}

  static void perCall() {
    if (System.getProperty(RETRY_POST) == null) {
      System.setProperty(RETRY_POST, "false");
    }
  }
}
