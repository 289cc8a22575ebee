package io.millpond.linux.datapath;

import io.millpond.pool.value.MacAddress;

/**
 * The link of an ENI in the node's namespace.
 *
 * @param index its number
 * @param mtu in octets
 */
public record EniLink(int index, String name, MacAddress mac, int mtu) {}
