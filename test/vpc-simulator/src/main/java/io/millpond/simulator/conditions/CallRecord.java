package io.millpond.simulator.conditions;

import java.time.Instant;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * One EC2 call.
 *
 * @param sequence 1, 2, 3, … in the order in which the calls ended
 * @param at when the call arrived
 * @param action as the caller named it; empty if it named none
 * @param caller the access key id; empty if the call was not signed
 * @param instanceId the instance whose access key or address it is; none if of no instance
 * @param outcome {@code ok} or the error code; {@code ok (late)}, {@code ok (lost)} and the like
 *     when the call took effect without the caller learning of it in time
 * @param millis from arrival to answer
 * @param parameters the call's parameters without action, version and signature, at most 100
 */
public record CallRecord(
    long sequence,
    Instant at,
    String requestId,
    String action,
    String caller,
    @Nullable String instanceId,
    String outcome,
    double millis,
    SortedMap<String, String> parameters) {}
