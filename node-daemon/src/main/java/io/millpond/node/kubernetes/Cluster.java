package io.millpond.node.kubernetes;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.net.URI;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The one connection to the API server that all of the daemon shares. Safe for any thread.
 *
 * <p>Unknown fields of objects are ignored, so that a class that implements {@code HasMetadata}
 * need have only those that are read. A request is not tried again by the client (whoever made it
 * does that, by {@link Backoff}) and ends after ten seconds.
 */
public final class Cluster implements AutoCloseable {
  /** Threads that have nothing to do end soon. */
  private static final long IDLE_SECONDS = 5;

  private final KubernetesClient client;
  private final String nodeName;
  private final ExecutorService threads;

  private Cluster(KubernetesClient client, String nodeName, ExecutorService threads) {
    this.client = client;
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
    KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(config)
            .withHttpClientFactory(new Http(threads))
            .withTaskExecutor(threads)
            .withKubernetesSerialization(
                // false: no search for the classes of all objects that Kubernetes has.
                new KubernetesSerialization(
                    JsonMapper.builder()
                        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                        .build(),
                    false))
            .build();
    return new Cluster(client, nodeName, threads);
  }

  /** fabric8's client; it must not be closed. */
  public KubernetesClient client() {
    return client;
  }

  /** The name of this machine's Node object; nobody has looked whether there is one. */
  public String nodeName() {
    return nodeName;
  }

  /** Where the API server is. */
  public URI address() {
    return URI.create(client.getConfiguration().getMasterUrl());
  }

  HttpClient http() {
    return client.getHttpClient();
  }

  /** Ends every request and every thread of the client. */
  @Override
  public void close() {
    client.close();
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
