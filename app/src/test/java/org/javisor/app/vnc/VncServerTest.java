// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.Inflater;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineExit;
import org.javisor.memory.ConfigurationException;
import org.javisor.testkit.MicroGuest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The protocol, spoken by hand with a guest that sends what its keyboard says to its first serial port.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class VncServerTest {
    private static final int WIDTH = 640, HEIGHT = 400;

    private final BlockingQueue<Integer> serial = new LinkedBlockingQueue<>();
    private Machine machine;
    private VncServer server;
    private CompletableFuture<MachineExit> exit;
    private Socket socket;
    private DataInputStream in;
    private DataOutputStream out;

    /// Waits for a byte from the keyboard controller, and writes it to COM1.
    private static MicroGuest guest() {
        return new MicroGuest().bytes(0xe4, 0x64, 0xa8, 1, 0x74, 0xfa, 0xe4, 0x60)
                .bytes(0x66, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf1);
    }

    private void start(String password) throws IOException {
        machine = Machine.builder().memory(32 << 20).kernel("micro-guest", guest().elf()).display(new byte[0])
                .serial(0, (bytes, from, count) -> {
                    for (int n = 0; n < count; n++) {
                        serial.add(bytes[from + n] & 0xff);
                    }
                }).build();
        server = VncServer.listen(machine, "127.0.0.1:0", password, _ -> { });
        exit = CompletableFuture.supplyAsync(machine::run);
        connect();
    }

    private void connect() throws IOException {
        String[] address = server.address().split(":");
        socket = new Socket(address[0], Integer.parseInt(address[1]));
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
    }

    @AfterEach
    void close() throws Exception {
        socket.close();
        server.close();
        machine.stop();
        exit.join();
        machine.close();
    }

    /// To the point where a security type is chosen.
    private void greet(int type) throws IOException {
        assertEquals("RFB 003.008\n", new String(in.readNBytes(12), StandardCharsets.US_ASCII));
        out.write("RFB 003.008\n".getBytes(StandardCharsets.US_ASCII));
        assertEquals(1, in.readUnsignedByte());
        assertEquals(type, in.readUnsignedByte());
        out.write(type);
    }

    private void begin() throws IOException {
        greet(1);
        assertEquals(0, in.readInt());
        initialise();
    }

    private void initialise() throws IOException {
        out.write(1);
        assertEquals(WIDTH, in.readUnsignedShort());
        assertEquals(HEIGHT, in.readUnsignedShort());
        assertArrayEquals(PixelFormat.NATIVE.toBytes(), in.readNBytes(PixelFormat.BYTES));
        in.skipNBytes(in.readInt());
    }

    private void requestAll() throws IOException {
        out.write(new byte[] {3, 0, 0, 0, 0, 0});
        out.writeShort(WIDTH);
        out.writeShort(HEIGHT);
    }

    private void expectRectangle(int encoding) throws IOException {
        assertEquals(0, in.readUnsignedByte());
        in.readUnsignedByte();
        assertEquals(1, in.readUnsignedShort());
        assertEquals(0, in.readInt());
        assertEquals(WIDTH, in.readUnsignedShort());
        assertEquals(HEIGHT, in.readUnsignedShort());
        assertEquals(encoding, in.readInt());
    }

    @Test
    void aClientGetsTheWholeScreenRaw() throws IOException {
        start(null);
        begin();
        requestAll();
        expectRectangle(0);
        assertArrayEquals(new byte[WIDTH * HEIGHT * 4], in.readNBytes(WIDTH * HEIGHT * 4));
    }

    @Test
    void zrleSaysABlackScreenInATileEach() throws Exception {
        start(null);
        begin();
        out.write(new byte[] {2, 0, 0, 1, 0, 0, 0, 16});
        requestAll();
        expectRectangle(16);
        byte[] compressed = in.readNBytes(in.readInt());
        Inflater inflater = new Inflater();
        inflater.setInput(compressed);
        byte[] plain = new byte[1000];
        int length = inflater.inflate(plain);
        inflater.end();
        assertEquals(10 * 7 * 4, length);
        for (int n = 0; n < length; n += 4) {
            assertEquals(1, plain[n], "a tile of one colour");
        }
    }

    @Test
    void keysReachTheGuest() throws Exception {
        start(null);
        begin();
        out.write(new byte[] {4, 1, 0, 0, 0, 0, 0, 'a'});
        assertEquals(0x1e, serial.poll(20, TimeUnit.SECONDS));
        out.write(new byte[] {4, 0, 0, 0, 0, 0, 0, 'a'});
        assertEquals(0x9e, serial.poll(20, TimeUnit.SECONDS));
        // QEMU's message: the right arrow's scan code.
        out.write(new byte[] {(byte) 255, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, (byte) 0xcd});
        assertEquals(0xe0, serial.poll(20, TimeUnit.SECONDS));
        assertEquals(0x4d, serial.poll(20, TimeUnit.SECONDS));
    }

    @Test
    void thePasswordIsAskedFor() throws IOException {
        start("secret");
        greet(2);
        out.write(new VncPassword("secret").answer(in.readNBytes(VncPassword.CHALLENGE_BYTES)));
        assertEquals(0, in.readInt());
        initialise();
        socket.close();

        connect();
        greet(2);
        out.write(new VncPassword("guessed").answer(in.readNBytes(VncPassword.CHALLENGE_BYTES)));
        assertEquals(1, in.readInt());
    }

    /// Rubbish ends a connection, and nothing else.
    @Test
    void rubbishEndsItsConnectionAlone() throws IOException {
        start(null);
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("VncServerTest seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            begin();
            byte[] rubbish = new byte[2000];
            random.nextBytes(rubbish);
            try {
                out.write(rubbish);
                socket.shutdownOutput();
                while (in.read() >= 0) {
                    // Whatever it answers.
                }
            } catch (IOException _) {
                // Thrown out.
            }
            socket.close();
            connect();
        }
        begin();
        requestAll();
        expectRectangle(0);
    }

    @Test
    void withoutAPasswordOnlyTheLoopbackInterfaceIsPossible() throws IOException {
        start(null);
        String message = assertThrows(ConfigurationException.class,
                () -> VncServer.listen(machine, "0.0.0.0:0", null, _ -> { })).getMessage();
        assertTrue(message.contains("password"), message);
        assertThrows(ConfigurationException.class, () -> VncServer.listen(machine, "nonsense", null, _ -> { }));
    }
}
