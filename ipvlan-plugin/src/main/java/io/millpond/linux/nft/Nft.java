package io.millpond.linux.nft;

import io.millpond.linux.GracePeriods;
import java.io.IOException;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;

/**
 * Runs nf_tables commands in the network namespace of the calling thread. Each run is one
 * transaction: all of its commands take effect, or none.
 *
 * <p>libnftables rather than a codec of our own: the rules stay readable text, as an administrator
 * types and sees them, and adding a pod's takes 0.2 ms, a twentieth of starting {@code nft}. Its
 * one fault, that it ends the process when memory runs out, leaves a daemon that is made to be
 * killed at any moment.
 */
public final class Nft {
  /**
   * The functions of libnftables; public because jnr-ffi implements it from another class loader.
   */
  public interface Library {
    @SuppressWarnings("checkstyle:MethodName")
    Pointer nft_ctx_new(int flags);

    @SuppressWarnings("checkstyle:MethodName")
    void nft_ctx_free(Pointer context);

    @SuppressWarnings("checkstyle:MethodName")
    void nft_ctx_output_set_flags(Pointer context, int flags);

    @SuppressWarnings("checkstyle:MethodName")
    int nft_ctx_buffer_output(Pointer context);

    @SuppressWarnings("checkstyle:MethodName")
    int nft_ctx_buffer_error(Pointer context);

    @SuppressWarnings("checkstyle:MethodName")
    String nft_ctx_get_output_buffer(Pointer context);

    @SuppressWarnings("checkstyle:MethodName")
    String nft_ctx_get_error_buffer(Pointer context);

    @SuppressWarnings("checkstyle:MethodName")
    int nft_run_cmd_from_buffer(Pointer context, String commands);
  }

  private static final class Holder {
    static final Library LIBRARY = LibraryLoader.create(Library.class).load("libnftables.so.1");
  }

  /** {@code NFT_CTX_OUTPUT_HANDLE} (libnftables.h). */
  private static final int OUTPUT_HANDLE = 1 << 3;

  private Nft() {}

  /**
   * Runs the commands.
   *
   * @return what {@code list} commands print
   * @throws IOException with libnftables' own words if one is refused; then none took effect
   */
  public static String run(String commands) throws IOException {
    return run(commands, 0);
  }

  /**
   * As {@link #run}; every rule is printed with {@code # handle NUMBER} behind it, by which it can
   * be deleted.
   */
  static String runWithHandles(String commands) throws IOException {
    return run(commands, OUTPUT_HANDLE);
  }

  private static String run(String commands, int outputFlags) throws IOException {
    Library nft;
    Pointer context;
    try {
      nft = Holder.LIBRARY;
      context = nft.nft_ctx_new(0);
    } catch (LinkageError e) {
      throw new IOException(
          "libnftables.so.1 cannot be loaded: install libnftables1 and restart millpondd", e);
    }
    try {
      nft.nft_ctx_output_set_flags(context, outputFlags);
      if (nft.nft_ctx_buffer_output(context) != 0 || nft.nft_ctx_buffer_error(context) != 0) {
        throw new IOException("nf_tables: no memory for output");
      }
      if (nft.nft_run_cmd_from_buffer(context, commands) != 0) {
        throw new IOException(
            "nf_tables refused: "
                + nft.nft_ctx_get_error_buffer(context).lines().findFirst().orElse("?"));
      }
      return nft.nft_ctx_get_output_buffer(context);
    } finally {
      // Closes its socket, which while the kernel still has to free what was deleted waits for
      // that, with the namespace's rules locked (nf_tables_api.c, nft_rcv_nl_event); no link of the
      // namespace can go meanwhile. Until it is closed the namespace cannot die.
      GracePeriods.letPass(() -> nft.nft_ctx_free(context));
    }
  }
}
