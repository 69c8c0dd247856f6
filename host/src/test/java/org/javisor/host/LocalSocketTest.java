// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LocalSocketTest {
    @TempDir
    private Path directory;

    @Test
    void whatOneEndSendsTheOtherReceives() throws Exception {
        LocalSocket[] ends = LocalSocket.pair();
        try (LocalSocket one = ends[0]; LocalSocket other = ends[1]) {
            one.send(new byte[] {1, 2, 3});
            byte[] received = new byte[5];
            other.receive(received, 1, 3);

            assertArrayEquals(new byte[] {0, 1, 2, 3, 0}, received);
        }
    }

    @Test
    void aSocketThatIsHandedOverLivesOnAtTheOtherSide() throws Exception {
        LocalSocket[] ends = LocalSocket.pair();
        LocalSocket[] handed = LocalSocket.pair();
        try (LocalSocket one = ends[0]; LocalSocket other = ends[1]; LocalSocket mine = handed[0]) {
            one.send(new byte[] {7}, handed[1]);
            handed[1].close();
            // In flight it is open: the connection has not ended.
            mine.patience(Duration.ofMillis(50));
            assertThrows(SocketTimeoutException.class, () -> mine.receive(new byte[1], 0, 1));

            byte[] received = new byte[1];
            other.receive(received, 0, 1);
            assertArrayEquals(new byte[] {7}, received);
            // Who takes the bytes without the descriptor closes it.
            mine.patience(Duration.ofSeconds(30));
            assertThrows(EOFException.class, () -> mine.receive(new byte[1], 0, 1));
        }
    }

    @Test
    void theEndOfTheOtherSideIsAnErrorToBoth() throws Exception {
        LocalSocket[] ends = LocalSocket.pair();
        try (LocalSocket one = ends[0]) {
            ends[1].close();
            assertThrows(EOFException.class, () -> one.receive(new byte[1], 0, 1));
            assertThrows(IOException.class, () -> one.send(new byte[1]));
        }
    }

    @Test
    void shutdownEndsAWait() throws Exception {
        LocalSocket[] ends = LocalSocket.pair();
        try (LocalSocket one = ends[0]; LocalSocket _ = ends[1]) {
            Thread.ofVirtual().start(one::shutdown);
            assertThrows(EOFException.class, () -> one.receive(new byte[1], 0, 1));
            one.shutdown();
        }
    }

    @Test
    void nobodyListensWhereNothingIs() {
        assertThrows(IOException.class, () -> LocalSocket.connect(directory.resolve("nothing")));
        assertThrows(IOException.class, () -> LocalSocket.connect(Path.of("/" + "x".repeat(108))));
    }
}
