package io.millpond.node.cloud;

import io.millpond.node.kernel.EniPlace;
import io.millpond.pool.value.EniId;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The ENIs whose links are up, with what pods need to know of them. Safe for any thread. */
public final class EniPlaces {
  private final Map<EniId, EniPlace> known = new ConcurrentHashMap<>();

  /** From now on pods may be built on it. */
  public void add(EniPlace place) {
    known.put(place.id(), place);
  }

  /** It is about to go. */
  public void remove(EniId id) {
    known.remove(id);
  }

  /** The ENI, if its link is up. */
  public Optional<EniPlace> find(EniId id) {
    return Optional.ofNullable(known.get(id));
  }

  /** All of them. */
  public java.util.Collection<EniPlace> all() {
    return java.util.List.copyOf(known.values());
  }
}
