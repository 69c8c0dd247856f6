// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SocketNetworkTest {
    @TempDir
    private Path directory;
    private final BlockingQueue<String> reports = new LinkedBlockingQueue<>();
    private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
    private volatile boolean full;

    private boolean receive(byte[] frame, int length) {
        return !full && received.add(Arrays.copyOf(frame, length));
    }

    private interface Peer {
        void talk(SocketNetwork network, DataInputStream in, DataOutputStream out) throws Exception;
    }

    private void with(Peer peer) throws Exception {
        Path path = directory.resolve("socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            try (SocketNetwork network = new SocketNetwork(path, reports::add); SocketChannel other = server.accept()) {
                network.connect(this::receive);
                peer.talk(network, new DataInputStream(Channels.newInputStream(other)),
                        new DataOutputStream(Channels.newOutputStream(other)));
            }
        }
    }

    @Test
    void framesGoBothWaysWithTheirLengthBeforeThem() throws Exception {
        with((network, in, out) -> {
            network.send(new byte[] {1, 2, 3, 4}, 3);
            assertEquals(3, in.readInt());
            assertArrayEquals(new byte[] {1, 2, 3}, in.readNBytes(3));

            out.writeInt(2);
            out.write(new byte[] {7, 8});
            assertArrayEquals(new byte[] {7, 8}, received.take());
        });
    }

    @Test
    void aFrameThatIsRefusedComesAgainWhenThereIsRoom() throws Exception {
        with((network, _, out) -> {
            full = true;
            out.writeInt(1);
            out.write(9);
            full = false;
            while (received.isEmpty()) {
                network.resume();
            }

            assertArrayEquals(new byte[] {9}, received.take());
        });
    }

    @Test
    void aPeerThatSendsRubbishIsLeft() throws Exception {
        with((_, _, out) -> {
            out.writeInt(-1);

            assertTrue(reports.take().contains("4294967295 bytes"));
        });
    }

    @Test
    void aPeerThatLeavesIsReported() throws Exception {
        with((network, in, _) -> {
            in.close();

            assertTrue(reports.take().contains("closed"));
            network.send(new byte[60], 60);
        });
    }

    @Test
    void whereNobodyListensIsTold() {
        Path nowhere = directory.resolve("nowhere");

        ConfigurationException e = assertThrows(ConfigurationException.class,
                () -> new SocketNetwork(nowhere, reports::add));
        assertTrue(e.getMessage().startsWith("network socket " + nowhere), e.getMessage());
    }
}
