package io.millpond.cni;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Optional;

/** A frame from the socket or a file of the spool: it is read or it is none, and it is bounded. */
public final class FrameTarget {
  private FrameTarget() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] octets) {
    CniFrame.Header header = CniFrame.readHeader(ByteBuffer.wrap(octets));
    if (header instanceof CniFrame.Header.Ours(int length)) {
      assertThat(length).isBetween(0, CniFrame.LIMIT - CniFrame.HEADER);
    }
    Optional<CniFrame> frame = CniFrame.read(ByteBuffer.wrap(octets));
    frame.ifPresent(FrameTarget::isReadAgain);
    frame.ifPresent(RequestTarget::isAnswered);
  }

  private static void isReadAgain(CniFrame frame) {
    assertThat(frame.requestName()).matches("[0-9A-Za-z._-]{0,64}");
    assertThat(CniFrame.read(ByteBuffer.wrap(frame.write()))).hasValue(frame);
  }
}
