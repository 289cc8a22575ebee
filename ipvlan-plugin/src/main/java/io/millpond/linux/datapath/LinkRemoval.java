package io.millpond.linux.datapath;

import io.millpond.linux.GracePeriods;
import io.millpond.linux.netlink.Message;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Rt;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;

/**
 * Deletes links and waits until they are gone, not until the kernel has freed their memory. A link
 * that is deleted is unlisted, with its name, addresses and routes; the request is acknowledged
 * only after further grace periods of RCU (net/core/dev.c, netdev_run_todo), tens of milliseconds
 * later, which another thread sits out.
 */
final class LinkRemoval {
  /** Between two looks; a look itself waits for the kernel's lock, which the deletion holds. */
  private static final long PAUSE_NANOS = 50_000;

  private LinkRemoval() {}

  /**
   * Returns when the link is gone, whoever deleted it.
   *
   * @param asks a socket in the link's namespace
   * @param deletes another one, which is closed
   * @param question looks for the link
   * @throws NetlinkException if the kernel refuses the deletion
   */
  static void run(NetlinkSocket asks, NetlinkSocket deletes, Message question, Message deletion)
      throws NetlinkException {
    CompletableFuture<NetlinkSocket.Outcome> deleted = new CompletableFuture<>();
    GracePeriods.sitOut(
        () -> {
          try (deletes) {
            deleted.complete(deletes.send(List.of(deletion)).getFirst());
          } catch (NetlinkException | RuntimeException e) {
            deleted.completeExceptionally(e);
          }
        });
    while (!deleted.isDone()) {
      if (asks.get(question).errno().equals(OptionalInt.of(Rt.ENODEV))) {
        return;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    try {
      deleted.join().orThrowUnless(Rt.ENODEV);
    } catch (CompletionException e) {
      if (e.getCause() instanceof NetlinkException refused) {
        throw refused;
      }
      throw e;
    }
  }
}
