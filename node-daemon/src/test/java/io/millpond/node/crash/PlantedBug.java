package io.millpond.node.crash;

import io.millpond.eni.CloudEnis;
import io.millpond.node.cloud.Cloud;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.pods.Caller;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
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
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.DefaultAwsResponseMetadata;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.TagSpecification;

/** Bugs between a daemon and its ports that the crash tests must find. */
enum PlantedBug implements CrashWorld.Bugs {
  /** What was created and never attached is not looked for. */
  NOTHING_IS_TIDIED(
      Scenario.GROWTH, "EC2: AttachNetworkInterface", "is owed: .*attached to nothing") {
    @Override
    public Cloud cloud(Cloud cloud) {
      Cloud.Tidied nothing = new Cloud.Tidied(List.of(), Optional.empty());
      return detoured(
          Cloud.class,
          cloud,
          "tidy",
          _ -> {
            Object _ = cloud.ask(Cloud.Urgency.WARM_UP); // the world waits for this look
            return new Cloud.Success<>(nothing);
          });
    }
  },
  /** An ENI is created without the tag by which the next start finds it. */
  INTENTS_ARE_NOT_TAGGED(
      Scenario.GROWTH, "EC2: AttachNetworkInterface", "is owed: .*attached to nothing") {
    @Override
    public Ec2Client ec2(Ec2Client ec2) {
      return new PassedOn(ec2) {
        @Override
        public CreateNetworkInterfaceResponse createNetworkInterface(
            CreateNetworkInterfaceRequest request) {
          return super.createNetworkInterface(withoutIntent(request));
        }
      };
    }
  },
  DETACHED_ENIS_ARE_NOT_DELETED(Scenario.RELEASE, "is owed: .*attached to nothing") {
    @Override
    public Ec2Client ec2(Ec2Client ec2) {
      return new PassedOn(ec2) {
        @Override
        public DeleteNetworkInterfaceResponse deleteNetworkInterface(
            DeleteNetworkInterfaceRequest request) {
          return (DeleteNetworkInterfaceResponse)
              DeleteNetworkInterfaceResponse.builder()
                  .responseMetadata(DefaultAwsResponseMetadata.create(Map.of()))
                  .build();
        }
      };
    }
  },
  /** A delete that failed is not made again. */
  FAILED_DELETES_ARE_NOT_OWED(Scenario.RELEASE, "is owed: .*attached to nothing") {
    @Override
    public Cloud cloud(Cloud cloud) {
      Cloud forgetful = detoured(Cloud.class, cloud, "owes", _ -> false);
      return changed(
          Cloud.class,
          forgetful,
          "release",
          answer ->
              answer instanceof Cloud.Success<?>
                  ? new Cloud.Success<>(new Cloud.Released(true))
                  : answer);
    }
  },
  /** With some addresses of an ENI those that pods have are given back. */
  ALL_ADDRESSES_ARE_UNASSIGNED(Scenario.RELEASE, "EC2 lost \\S+ under a pod") {
    @Override
    public Cloud cloud(Cloud cloud) {
      return detoured(
          Cloud.class,
          cloud,
          "unassign",
          call -> {
            EniId eni = (EniId) call.arguments().getFirst();
            return call.with(eni, addresses(cloud, eni));
          });
    }
  },
  /** The next start does not know the pods. */
  PODS_ARE_FORGOTTEN(Scenario.ADD, "the kernel's owners are the pool's") {
    @Override
    public HostNetwork host(HostNetwork host) {
      return seeing(
          host,
          view -> new KernelView(List.of(), view.interrupted(), view.poolRoutes(), view.enis()));
    }
  },
  /** What a crash left of an ADD stays. */
  INTERRUPTED_ADDS_STAY(Scenario.ADD, "bare Slave|an address with a slave is nobody else's") {
    @Override
    public HostNetwork host(HostNetwork host) {
      return detoured(HostNetwork.class, host, "undo", _ -> null);
    }
  },
  /** The next start does not know when an address was released. */
  RELEASES_ARE_FORGOTTEN(Scenario.DEL, "rest of \\S+ state=Free") {
    @Override
    public HostNetwork host(HostNetwork host) {
      return seeingRoutes(host, PlantedBug::ofOld);
    }
  },
  /** The route counts whole seconds; what came after the last whole one is not counted. */
  RELEASES_COUNT_FROM_THE_WHOLE_SECOND(Scenario.DEL, "rest of \\S+ state=Cooling") {
    @Override
    public HostNetwork host(HostNetwork host) {
      return seeingRoutes(host, PlantedBug::aSecondEarlier);
    }
  },
  /** An address whose route somebody deleted counts as one that nobody had. */
  MISSING_ROUTES_ARE_OLD(Scenario.START, "rest of \\S+ state=Free") {
    @Override
    public HostNetwork host(HostNetwork host) {
      return seeingRoutes(host, PlantedBug::withAll);
    }
  },
  /** What a start concludes is not on record for the next. */
  CONCLUSIONS_ARE_NOT_WRITTEN_DOWN(Scenario.START, "record of PoolAddress") {
    @Override
    public HostNetwork host(HostNetwork host) {
      return detoured(HostNetwork.class, host, "released", _ -> null);
    }
  },
  /** The pool routes of addresses that leave stay behind. */
  ROUTES_STAY(Scenario.RELEASE, "EC2 lost \\S+ while it had a pool route") {
    @Override
    public HostNetwork host(HostNetwork host) {
      return detoured(HostNetwork.class, host, "forget", _ -> null);
    }
  },
  /** An ADD that nobody wants any more is not taken down. */
  UNDOING_DOES_NOTHING(Scenario.ADD_OF_SOMEONE_WHO_HUNG_UP, "the kernel's owners are the pool's") {
    @Override
    public PodNetwork pods(PodNetwork pods, Supplier<BootTime> clock) {
      return detoured(PodNetwork.class, pods, "detach", _ -> gone(clock));
    }
  },
  /** Nor is one whose caller is gone. */
  HANGING_UP_IS_NOT_HEARD(
      Scenario.ADD_OF_SOMEONE_WHO_HUNG_UP, "the ADD of someone who does not take its answer") {
    @Override
    public Caller caller(Caller caller) {
      return Caller.PATIENT;
    }
  },
  /** An address that was seen on the network counts as unused when its ADD fails. */
  EXPOSED_ADDRESSES_DO_NOT_REST(Scenario.ADD, "rest of \\S+ state=Free") {
    @Override
    public PodNetwork pods(PodNetwork pods, Supplier<BootTime> clock) {
      return changed(
          PodNetwork.class,
          pods,
          "attach",
          answer ->
              answer instanceof PodNetwork.AttachFailed failed
                  ? new PodNetwork.AttachFailed(failed.detail(), false)
                  : answer);
    }
  },
  /** The address is free although something of its pod is left. */
  FAILED_DELS_SUCCEED(Scenario.DEL, "the kernel's owners are the pool's") {
    @Override
    public PodNetwork pods(PodNetwork pods, Supplier<BootTime> clock) {
      return changed(
          PodNetwork.class,
          pods,
          "detach",
          answer -> answer instanceof PodNetwork.DetachFailed ? gone(clock) : answer);
    }
  },
  /** DEL answers before anything of it is on record. */
  DELS_ARE_ANSWERED_FIRST(Scenario.DEL, "the kernel's owners are the pool's") {
    @Override
    public PodNetwork pods(PodNetwork pods, Supplier<BootTime> clock) {
      return detoured(
          PodNetwork.class,
          pods,
          "detach",
          call -> {
            Thread.ofPlatform().daemon().start(call::makeAlone);
            return gone(clock);
          });
    }
  },
  PODS_ARE_NOT_HEALED(Scenario.HEALING, "the pod is whole again") {
    @Override
    public PodNetwork pods(PodNetwork pods, Supplier<BootTime> clock) {
      return detoured(PodNetwork.class, pods, "heal", _ -> new PodNetwork.Healed(List.of()));
    }
  };

  /** Where it shows. */
  final Scenario scenario;

  /** The beginning of the names of the steps at whose faults it shows. */
  final String step;

  /** What the invariant that catches it says. */
  final Pattern caughtBy;

  PlantedBug(Scenario scenario, String caughtBy) {
    this(scenario, "", caughtBy);
  }

  PlantedBug(Scenario scenario, String step, String caughtBy) {
    this.scenario = scenario;
    this.step = step;
    this.caughtBy = Pattern.compile(caughtBy, Pattern.DOTALL);
  }

  /** Whether a run failed by what the bug violates, and not by anything else. */
  boolean explains(Throwable failure) {
    return Stream.<@Nullable Throwable>iterate(failure, Objects::nonNull, Throwable::getCause)
        .anyMatch(one -> caughtBy.matcher(String.valueOf(one.getMessage())).find());
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(5);
  }

  private static PodNetwork.Detached gone(Supplier<BootTime> clock) {
    return new PodNetwork.Detached(clock.get(), true);
  }

  private static CreateNetworkInterfaceRequest withoutIntent(
      CreateNetworkInterfaceRequest request) {
    return request.toBuilder()
        .tagSpecifications(
            request.tagSpecifications().stream().map(PlantedBug::withoutIntent).toList())
        .build();
  }

  private static TagSpecification withoutIntent(TagSpecification tags) {
    return tags.toBuilder()
        .tags(tags.tags().stream().filter(tag -> !tag.key().equals(CloudEnis.INTENT_TAG)).toList())
        .build();
  }

  private static Set<IpAddress> addresses(Cloud cloud, EniId eni) {
    return cloud.ask(Cloud.Urgency.RELEASE) instanceof Cloud.Success<Cloud.Inventory>(var found)
        ? found.enis().stream()
            .filter(seen -> seen.place().id().equals(eni))
            .findFirst()
            .map(Cloud.EniSeen::addresses)
            .orElse(Set.of())
        : Set.of();
  }

  private static Map<IpAddress, KernelView.RouteSays> ofOld(
      Map<IpAddress, KernelView.RouteSays> routes) {
    Map<IpAddress, KernelView.RouteSays> old = new HashMap<>(routes);
    old.replaceAll((_, _) -> new KernelView.ReleasedAt(BootTime.BOOT));
    return old;
  }

  private static Map<IpAddress, KernelView.RouteSays> aSecondEarlier(
      Map<IpAddress, KernelView.RouteSays> routes) {
    Map<IpAddress, KernelView.RouteSays> earlier = new HashMap<>(routes);
    earlier.replaceAll(
        (_, says) ->
            says instanceof KernelView.ReleasedAt(BootTime at) && at.seconds() > 0
                ? new KernelView.ReleasedAt(BootTime.ofSeconds(at.seconds() - 1))
                : says);
    return earlier;
  }

  /** And of every other address of the subnet. */
  private static Map<IpAddress, KernelView.RouteSays> withAll(
      Map<IpAddress, KernelView.RouteSays> routes) {
    Map<IpAddress, KernelView.RouteSays> all = new HashMap<>();
    for (int last = 1; last < 255; last++) {
      all.put(IpAddress.parse("10.0.1." + last), new KernelView.ReleasedAt(BootTime.BOOT));
    }
    all.putAll(routes);
    return all;
  }

  private static HostNetwork seeingRoutes(
      HostNetwork host, UnaryOperator<Map<IpAddress, KernelView.RouteSays>> change) {
    return seeing(
        host,
        view ->
            new KernelView(
                view.attachments(),
                view.interrupted(),
                change.apply(view.poolRoutes()),
                view.enis()));
  }

  private static HostNetwork seeing(HostNetwork host, UnaryOperator<KernelView> change) {
    return detoured(
        HostNetwork.class,
        host,
        "look",
        call -> change.apply((KernelView) Objects.requireNonNull(call.make())));
  }

  /** The port with another answer of one of its methods. */
  private static <T> T changed(
      Class<T> type, T port, String method, UnaryOperator<@Nullable Object> change) {
    return detoured(type, port, method, call -> change.apply(call.make()));
  }

  /** The port with another way for one of its methods. */
  private static <T> T detoured(Class<T> type, T port, String method, Detour detour) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, called, arguments) -> {
              Call call =
                  new Call(port, called, arguments == null ? List.of() : List.of(arguments));
              return called.getName().equals(method) ? detour.take(call) : call.make();
            }));
  }

  private interface Detour {
    @Nullable Object take(Call call) throws Throwable;
  }

  /** A call of the true port. */
  private record Call(Object port, Method method, List<Object> arguments) {
    @Nullable Object make() throws Throwable {
      return with(arguments.toArray());
    }

    @Nullable Object with(Object... others) throws Throwable {
      try {
        return method.invoke(port, others);
      } catch (InvocationTargetException e) {
        throw Objects.requireNonNull(e.getCause(), "what the port threw");
      }
    }

    /** Nobody waits for its end. */
    void makeAlone() {
      try {
        Object _ = make();
      } catch (Throwable e) {
        throw new AssertionError("a call that nobody waits for", e);
      }
    }
  }
}
