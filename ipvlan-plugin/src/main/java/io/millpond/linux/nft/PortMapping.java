package io.millpond.linux.nft;

import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;

/**
 * A host port and where it leads.
 *
 * @param pod the pod's address
 */
public record PortMapping(HostPort port, IpAddress pod) {}
