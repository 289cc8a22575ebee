/**
 * The node daemon: the one room that knows the CNI boundary, the Linux boundary, the AWS boundary
 * and the pool. It holds no policy of its own beyond wiring: what is decided about addresses is
 * decided by {@code io.millpond.pool}, what is done to the kernel by {@code io.millpond.linux},
 * what is asked of EC2 by {@code io.millpond.eni}.
 *
 * <p>This package has the programs: {@code millpondd} and {@code millpond-ctl}. What happens on an
 * ADD is found by following {@code cniserver.CniServer}, {@code cniserver.AddPod}, {@code
 * warm.WarmPool} and the port {@code kernel.PodNetwork}.
 */
@NullMarked
package io.millpond.node;

import org.jspecify.annotations.NullMarked;
