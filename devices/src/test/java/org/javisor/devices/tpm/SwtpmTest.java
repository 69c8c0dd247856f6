// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.tpm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With a real `swtpm` where it is installed, and with processes that are none.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SwtpmTest {
    private static final byte[] STARTUP = HexFormat.of().parseHex("80010000000c000001440000");
    private static final byte[] GET_RANDOM = HexFormat.of().parseHex("80010000000c0000017b0010");
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final int BUFFER = 3968;

    @TempDir
    private Path directory;
    private Process process;

    private Path start() throws Exception {
        boolean installed = Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(path -> Files.isExecutable(Path.of(path, "swtpm")));
        assumeTrue(installed, "swtpm is not installed");
        Path socket = directory.resolve("control");
        process = new ProcessBuilder("swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + directory, "--ctrl",
                "type=unixio,path=" + socket, "--flags", "not-need-init").redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile()).start();
        while (!Files.exists(socket)) {
            assertTrue(process.isAlive(), () -> "swtpm has ended");
            Thread.onSpinWait();
        }
        return socket;
    }

    @AfterEach
    void end() throws Exception {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    private static int code(byte[] response) {
        return ByteBuffer.wrap(response).getInt(6);
    }

    @Test
    void commandsAreCarriedOutAndARestartForgetsTheStartup() throws Exception {
        try (Swtpm tpm = Swtpm.connect(start())) {
            tpm.powerOn(BUFFER);
            assertEquals(0x100, code(tpm.execute(GET_RANDOM)));
            assertEquals(0, code(tpm.execute(STARTUP)));
            byte[] random = tpm.execute(GET_RANDOM);
            assertEquals(28, random.length);
            assertEquals(0, code(random));
            assertEquals(false, tpm.established());
            tpm.cancel();

            tpm.powerOn(BUFFER);
            assertEquals(0x100, code(tpm.execute(GET_RANDOM)));
        }
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "swtpm ends when it is told to");
    }

    @Test
    void aProcessThatDiesMakesTheGuestsCommandsFail() throws Exception {
        try (Swtpm backend = Swtpm.connect(start())) {
            TpmCrb tpm = new TpmCrb(backend, 0xfed4_0000L, Runnable::run, _ -> { });
            process.destroyForcibly().waitFor();
            tpm.write(TpmCrb.LOC_CTRL, 4, 1);
            tpm.write(TpmCrb.CTRL_REQ, 4, 1);
            for (int n = 0; n < STARTUP.length; n++) {
                tpm.write(TpmCrb.BUFFER + n, 1, STARTUP[n]);
            }

            tpm.write(TpmCrb.CTRL_START, 4, 1);

            assertEquals(0, tpm.read(TpmCrb.CTRL_START, 4));
            assertEquals(0x101, Integer.reverseBytes((int) tpm.read(TpmCrb.BUFFER + 6, 4)));
            assertThrows(IOException.class, () -> backend.powerOn(BUFFER));
        }
    }

    @Test
    void nobodyThereIsSaidInALine() {
        ConfigurationException e = assertThrows(ConfigurationException.class,
                () -> Swtpm.connect(directory.resolve("nothing")));

        assertTrue(e.getMessage().contains("swtpm socket --tpm2"), e.getMessage());
    }

    /// Somebody who listens and says what `answers` has, four bytes at a time, and then nothing.
    private Path impostor(ServerSocketChannel server, byte[] answers) throws IOException {
        Path socket = directory.resolve("impostor");
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> {
            try (SocketChannel client = server.accept()) {
                client.write(ByteBuffer.wrap(answers));
                while (client.read(ByteBuffer.allocate(64)) > 0) {
                    // It listens, and that is all.
                }
            } catch (IOException _) {
                // The test is over.
                return;
            }
        });
        return socket;
    }

    @Test
    void whoDoesNotAnswerIsNotWaitedForForEver() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            Path socket = impostor(server, new byte[0]);

            assertThrows(ConfigurationException.class, () -> Swtpm.connect(socket, SHORT, SHORT));
        }
    }

    @Test
    void aCommandThatIsNotAnsweredIsAnErrorAndEverythingAfterItAtOnce() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            byte[] answers = HexFormat.of().parseHex("00000000" + "ffffffff" + "00000000");
            try (Swtpm tpm = Swtpm.connect(impostor(server, answers), SHORT, SHORT)) {
                assertThrows(IOException.class, () -> tpm.execute(GET_RANDOM));
                assertThrows(IOException.class, () -> tpm.execute(GET_RANDOM));
                assertThrows(IOException.class, tpm::cancel);
            }
        }
    }

    @Test
    void whoCanDoTooLittleIsRefused() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            Path socket = impostor(server, HexFormat.of().parseHex("00000000" + "00000003"));

            ConfigurationException e = assertThrows(ConfigurationException.class,
                    () -> Swtpm.connect(socket, SHORT, SHORT));
            assertTrue(e.getMessage().contains("it can do only 0x3"), e.getMessage());
        }
    }
}
