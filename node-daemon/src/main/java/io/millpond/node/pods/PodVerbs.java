package io.millpond.node.pods;

import java.util.function.Function;

/**
 * What is done for pods, one for each verb.
 *
 * @param readiness whether pods of such a network can be attached now; answers without waiting for
 *     anything
 */
public record PodVerbs(
    AddPod add,
    DeletePod delete,
    CheckPod check,
    CollectGarbage collect,
    Function<PoolWish, Readiness> readiness) {}
