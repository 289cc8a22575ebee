package io.millpond.node.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.net.URI;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The one connection to the API server that all of the daemon shares: fabric8's HTTP client, with
 * the addresses, certificates and credentials of a {@link Config}. Its client of typed objects is
 * not made: that would load hundreds of classes. A request is not tried again by the client;
 * whoever made it does that, by {@link Backoff}. Safe for any thread.
 */
public final class Cluster implements AutoCloseable {
  /** Threads that have nothing to do end soon. */
  private static final long IDLE_SECONDS = 5;

  private final HttpClient http;
  private final URI address;
  private final String nodeName;
  private final ExecutorService threads;

  private Cluster(HttpClient http, URI address, String nodeName, ExecutorService threads) {
    this.http = http;
    this.address = address;
    this.nodeName = nodeName;
    this.threads = threads;
  }

  /**
   * A client; nothing is asked yet.
   *
   * @throws io.fabric8.kubernetes.client.KubernetesClientException if the certificates or keys of
   *     the configuration cannot be used
   */
  static Cluster open(Config config, String nodeName) {
    ExecutorService threads =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon().name("kubernetes-", 0).factory());
    return new Cluster(
        new Http(threads).newBuilder(config).build(),
        URI.create(config.getMasterUrl()),
        nodeName,
        threads);
  }

  /** The name of this machine's Node object; nobody has looked whether there is one. */
  public String nodeName() {
    return nodeName;
  }

  /** Where the API server is. */
  public URI address() {
    return address;
  }

  HttpClient http() {
    return http;
  }

  /** Ends every request and every thread of the client. */
  @Override
  public void close() {
    http.close();
    threads.shutdownNow();
  }

  private static final class Http extends JdkHttpClientFactory {
    private final ExecutorService threads;

    private Http(ExecutorService threads) {
      this.threads = threads;
    }

    @Override
    protected java.net.http.HttpClient.Builder createNewHttpClientBuilder() {
      return java.net.http.HttpClient.newBuilder().executor(threads);
    }
  }
}
