package io.millpond.linux.datapath;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.IpAddress;
import java.util.Optional;

/**
 * How a detach ended.
 *
 * @param address that the attachment had, if the kernel still knew
 * @param at the moment of release, which the address's pool route now remembers
 * @param problem what could not be removed; empty when all is gone
 */
public record DetachOutcome(Optional<IpAddress> address, BootTime at, Optional<String> problem) {}
