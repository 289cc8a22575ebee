package io.millpond.simulator.account;

import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.Subnet;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Which addresses of a subnet are taken. Not thread-safe.
 *
 * <p>Addresses are given out in turn, not lowest first, so that one just freed is not at once given
 * out again.
 */
final class SubnetSpace {
  private static final int BLOCK = 16;

  private final Subnet subnet;
  private final BitSet taken;
  private int cursor;

  SubnetSpace(Subnet subnet) {
    this(subnet, new BitSet(), 0);
    int size = (int) subnet.cidr().size();
    taken.set(0, 4);
    taken.set(size - 1);
  }

  private SubnetSpace(Subnet subnet, BitSet taken, int cursor) {
    this.subnet = subnet;
    this.taken = taken;
    this.cursor = cursor;
  }

  /** A copy to try something on; it takes this one's place if all went well. */
  SubnetSpace copy() {
    return new SubnetSpace(subnet, (BitSet) taken.clone(), cursor);
  }

  int free() {
    return size() - taken.cardinality();
  }

  void release(Ipv4 address) {
    taken.clear(offset(address));
  }

  void release(Cidr block) {
    int first = offset(block.network());
    taken.clear(first, first + (int) block.size());
  }

  /** Takes the next free addresses. */
  List<Ipv4> take(int count) {
    if (count > free()) {
      throw new AwsError(
          "InsufficientFreeAddressesInSubnet",
          "The specified subnet does not have enough free addresses to satisfy the request.");
    }
    List<Ipv4> addresses = new ArrayList<>();
    while (addresses.size() < count) {
      int next = taken.nextClearBit(cursor);
      if (next >= size()) {
        cursor = 0;
        continue;
      }
      taken.set(next);
      cursor = next + 1;
      addresses.add(subnet.cidr().network().plus(next));
    }
    return addresses;
  }

  /** Takes a certain address. */
  void take(Ipv4 address) {
    if (!subnet.cidr().contains(address)) {
      throw AwsError.invalidValue("Address does not fall within the subnet's address range");
    }
    if (subnet.isReserved(address)) {
      throw AwsError.invalidValue("Address is in subnet's reserved address range");
    }
    if (taken.get(offset(address))) {
      throw new AwsError("InvalidIPAddress.InUse", "The specified address is already in use.");
    }
    taken.set(offset(address));
  }

  /** Takes /28 blocks that are wholly free and aligned. */
  List<Cidr> takeBlocks(int count) {
    List<Cidr> blocks = new ArrayList<>();
    for (int first = 0; first < size() && blocks.size() < count; first += BLOCK) {
      int used = taken.nextSetBit(first);
      if (used < 0 || used >= first + BLOCK) {
        taken.set(first, first + BLOCK);
        blocks.add(new Cidr(subnet.cidr().network().plus(first), 28));
      }
    }
    if (blocks.size() < count) {
      throw new AwsError(
          "InsufficientCidrBlocks",
          "The specified subnet does not have enough free cidr blocks to satisfy the request.");
    }
    return blocks;
  }

  /** Takes a certain /28 block. */
  void take(Cidr block) {
    if (block.length() != 28 || !subnet.cidr().contains(block)) {
      throw AwsError.invalidValue(
          "The prefix " + block + " is not a /28 within the subnet's range");
    }
    int first = offset(block.network());
    int used = taken.nextSetBit(first);
    if (used >= 0 && used < first + BLOCK) {
      throw new AwsError("InvalidIPAddress.InUse", "The specified prefix is already in use.");
    }
    taken.set(first, first + BLOCK);
  }

  private int size() {
    return (int) subnet.cidr().size();
  }

  private int offset(Ipv4 address) {
    return address.bits() - subnet.cidr().network().bits();
  }
}
