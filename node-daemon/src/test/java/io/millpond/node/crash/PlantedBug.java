package io.millpond.node.crash;

import io.millpond.node.cloud.Cloud;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Bugs between a daemon and its ports that the crash tests must find. */
enum PlantedBug implements CrashWorld.Bugs {
  /** What was created and never attached is not looked for. */
  NOTHING_IS_TIDIED(Scenario.GROWTH) {
    @Override
    public Cloud cloud(Cloud cloud) {
      return skipped(
          Cloud.class,
          cloud,
          "tidy",
          new Cloud.Success<>(new Cloud.Tidied(List.of(), Optional.empty())));
    }
  },
  /** The next start does not know the pods. */
  PODS_ARE_FORGOTTEN(Scenario.ADD) {
    @Override
    public HostNetwork host(HostNetwork host) {
      return changed(
          HostNetwork.class,
          host,
          "look",
          answer ->
              answer instanceof KernelView view
                  ? new KernelView(List.of(), view.interrupted(), view.poolRoutes())
                  : answer);
    }
  },
  /** What a crash left of an ADD stays. */
  INTERRUPTED_ADDS_STAY(Scenario.ADD) {
    @Override
    public HostNetwork host(HostNetwork host) {
      return skipped(HostNetwork.class, host, "undo", null);
    }
  },
  /** The next start does not know when an address was released. */
  RELEASES_ARE_FORGOTTEN(Scenario.DEL) {
    @Override
    public HostNetwork host(HostNetwork host) {
      return changed(
          HostNetwork.class,
          host,
          "look",
          answer ->
              answer instanceof KernelView view
                  ? new KernelView(view.attachments(), view.interrupted(), ofOld(view.poolRoutes()))
                  : answer);
    }
  },
  /** The pool routes of addresses that leave stay behind. */
  ROUTES_STAY(Scenario.RELEASE) {
    @Override
    public HostNetwork host(HostNetwork host) {
      return skipped(HostNetwork.class, host, "forget", null);
    }
  },
  /** An ADD that nobody wants any more is not taken down. */
  UNDOING_DOES_NOTHING(Scenario.ADD_OF_SOMEONE_WHO_HUNG_UP) {
    @Override
    public PodNetwork pods(PodNetwork pods) {
      return skipped(
          PodNetwork.class, pods, "detach", new PodNetwork.Detached(BootTime.BOOT, true));
    }
  };

  /** Where it shows. */
  final Scenario scenario;

  PlantedBug(Scenario scenario) {
    this.scenario = scenario;
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(5);
  }

  private static Map<IpAddress, KernelView.RouteSays> ofOld(
      Map<IpAddress, KernelView.RouteSays> routes) {
    Map<IpAddress, KernelView.RouteSays> old = new HashMap<>(routes);
    old.replaceAll((_, _) -> new KernelView.ReleasedAt(BootTime.BOOT));
    return old;
  }

  private static <T> T changed(
      Class<T> type, T port, String method, UnaryOperator<@Nullable Object> change) {
    return proxy(
        type,
        (called, arguments) -> {
          Object answer = called.invoke(port, arguments);
          return called.getName().equals(method) ? change.apply(answer) : answer;
        });
  }

  private static <T> T skipped(Class<T> type, T port, String method, @Nullable Object answer) {
    return proxy(
        type,
        (called, arguments) ->
            called.getName().equals(method) ? answer : called.invoke(port, arguments));
  }

  private interface Call {
    @Nullable Object make(Method called, Object[] arguments) throws ReflectiveOperationException;
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, called, arguments) -> {
              try {
                return call.make(called, arguments);
              } catch (InvocationTargetException e) {
                throw Objects.requireNonNull(e.getCause(), "what the port threw");
              }
            }));
  }
}
