package io.millpond.simulator.ec2;

import java.util.function.Consumer;
import java.util.function.Supplier;

/** An action of the API. */
@FunctionalInterface
interface Action {
  /**
   * Reads and checks all parameters, without any effect.
   *
   * @throws io.millpond.simulator.account.AwsError if they are not right
   */
  Prepared read(Parameters call);

  /**
   * A call that has been read.
   *
   * @param unfiltered whether nothing bounds the answer: no id, no filter, no page size
   * @param effect does it, and gives what writes the answer's content
   */
  record Prepared(boolean unfiltered, Supplier<Consumer<Xml>> effect) {
    /** A call that changes something. */
    static Prepared change(Supplier<Consumer<Xml>> effect) {
      return new Prepared(false, effect);
    }

    /** A call that changes something and answers only {@code <return>true</return>}. */
    static Prepared quietly(Runnable effect) {
      return new Prepared(
          false,
          () -> {
            effect.run();
            return xml -> xml.text("return", true);
          });
    }
  }
}
