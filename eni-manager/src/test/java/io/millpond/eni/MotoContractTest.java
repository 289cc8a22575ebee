package io.millpond.eni;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The contract, with moto's server. */
@Tag("contract")
class MotoContractTest extends Ec2ContractTest {
  @RegisterExtension static final Emulator EMULATOR = new Emulator("moto", MotoContractTest::start);

  @Override
  TestCloud open() {
    return TestCloud.at(EMULATOR.endpoint());
  }

  private static Emulator.Running start(Path directory) throws IOException {
    int port = EmulatorProcess.freePort();
    return EmulatorProcess.start(
        "moto",
        port,
        List.of(
            directory.resolve("bin/moto_server").toString(),
            "-H",
            "127.0.0.1",
            "-p",
            String.valueOf(port)),
        Map.of());
  }
}
