package io.millpond.pool.value;

import java.util.Comparator;

/**
 * Where an ENI is attached on an instance. EC2 attaches by (network card, device index); device 0
 * of card 0 is the primary ENI.
 *
 * @param card network card, 0 to 31 (most instance types have only card 0)
 * @param index device index, 0 to 127
 */
public record DeviceIndex(int card, int index) implements Comparable<DeviceIndex> {
  /** The place of the primary ENI. */
  public static final DeviceIndex PRIMARY = new DeviceIndex(0, 0);

  private static final Comparator<DeviceIndex> ORDER =
      Comparator.comparingInt(DeviceIndex::card).thenComparingInt(DeviceIndex::index);

  /**
   * @throws IllegalArgumentException if a number is out of range
   */
  public DeviceIndex {
    if (card < 0 || card > 31 || index < 0 || index > 127) {
      throw new IllegalArgumentException(
          "device index out of range: card " + card + ", index " + index);
    }
  }

  /** The device on card 0. */
  public static DeviceIndex of(int index) {
    return new DeviceIndex(0, index);
  }

  public boolean isPrimary() {
    return equals(PRIMARY);
  }

  @Override
  public int compareTo(DeviceIndex other) {
    return ORDER.compare(this, other);
  }

  /** {@code 1}, or {@code 1@card2} where the card is not 0. */
  @Override
  public String toString() {
    return card == 0 ? Integer.toString(index) : index + "@card" + card;
  }
}
