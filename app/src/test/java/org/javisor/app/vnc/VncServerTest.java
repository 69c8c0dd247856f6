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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
        server = VncServer.listen(machine, "127.0.0.1:0",
                new VncSecurity(password == null ? null : new VncPassword(password), null), _ -> { });
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

    private int updateBegins() throws IOException {
        assertEquals(0, in.readUnsignedByte());
        in.readUnsignedByte();
        return in.readUnsignedShort();
    }

    private void expectHeader(Area area, int encoding) throws IOException {
        assertEquals(area.x(), in.readUnsignedShort());
        assertEquals(area.y(), in.readUnsignedShort());
        assertEquals(area.width(), in.readUnsignedShort());
        assertEquals(area.height(), in.readUnsignedShort());
        assertEquals(encoding, in.readInt());
    }

    private void expectRectangle(int encoding) throws IOException {
        assertEquals(1, updateBegins());
        expectHeader(new Area(0, 0, WIDTH, HEIGHT), encoding);
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
        assertEquals(2, updateBegins());
        Inflater inflater = new Inflater();
        for (Area area : new Area(0, 0, WIDTH, HEIGHT).tiles(WIDTH, 256)) {
            expectHeader(area, 16);
            byte[] compressed = in.readNBytes(in.readInt());
            inflater.setInput(compressed);
            byte[] plain = new byte[1000];
            int length = inflater.inflate(plain);
            assertEquals(area.tiles(64, 64).size() * 4, length);
            for (int n = 0; n < length; n += 4) {
                assertEquals(1, plain[n], "a tile of one colour");
            }
        }
        inflater.end();
    }

    private void offer(int... encodings) throws IOException {
        out.write(new byte[] {2, 0});
        out.writeShort(encodings.length);
        for (int encoding : encodings) {
            out.writeInt(encoding);
        }
    }

    @Test
    void everyEncodingShowsTheScreen() throws IOException {
        start(null);
        begin();
        PictureDecoder decoder = new PictureDecoder(WIDTH, HEIGHT, PixelFormat.NATIVE);
        for (int encoding : new int[] {0, 5, 7, 16, 7, 5}) {
            Arrays.fill(decoder.pixels, -1);
            offer(9999, encoding, 0);
            requestAll();
            for (int n = updateBegins(); n > 0; n--) {
                Area area = new Area(in.readUnsignedShort(), in.readUnsignedShort(), in.readUnsignedShort(),
                        in.readUnsignedShort());
                assertEquals(encoding, in.readInt());
                decoder.rectangle(encoding, area, in);
            }
            assertArrayEquals(new int[WIDTH * HEIGHT], decoder.pixels);
        }
    }

    @Test
    void whatElseAClientShouldKnowComesWithThePicture() throws IOException {
        start(null);
        begin();
        offer(0, -239, -257, -258, -261);
        requestAll();
        assertEquals(5, updateBegins());
        expectHeader(new Area(2, 2, 5, 5), -239);
        in.skipNBytes(5 * 5 * 4 + 5);
        expectHeader(new Area(0, 0, 0, 0), -257);
        expectHeader(new Area(0, 0, 0, 0), -258);
        expectHeader(new Area(0, 0, 0, 0), -261);
        assertEquals(0, in.readUnsignedByte());
        expectHeader(new Area(0, 0, WIDTH, HEIGHT), 0);
        in.skipNBytes(WIDTH * HEIGHT * 4);
    }

    @Test
    void theSizeIsToldAndStaysTheGuests() throws IOException {
        start(null);
        begin();
        offer(0, -308, -223);
        requestAll();
        expectSize(0, 0);
        requestAll();
        expectRectangle(0);
        in.skipNBytes(WIDTH * HEIGHT * 4);
        out.write(new byte[] {(byte) 251, 0, 4, 0, 3, 0, 1, 0});
        out.write(new byte[16]);
        out.write(new byte[] {3, 1, 0, 0, 0, 0, 1, 0, 1, 0});
        expectSize(1, 1);
    }

    private void expectSize(int reason, int status) throws IOException {
        assertEquals(1, updateBegins());
        expectHeader(new Area(reason, status, WIDTH, HEIGHT), -308);
        assertEquals(1, in.readInt() >> 24);
        assertEquals(0, in.readLong());
        assertEquals(WIDTH, in.readUnsignedShort());
        assertEquals(HEIGHT, in.readUnsignedShort());
        assertEquals(0, in.readInt());
    }

    @Test
    void fencesComeBackAndPicturesKeepComing() throws IOException {
        start(null);
        begin();
        offer(0, -312, -313);
        assertEquals(List.of(), fence(0));
        // The format of a message behind a fence is that of pictures behind it.
        out.write(new byte[] {3, 1, 0, 0, 0, 0, 1, 0, 1, 0});
        assertEquals(150, in.readUnsignedByte());
        out.write(new byte[] {(byte) 248, 0, 0, 0, (byte) 0x80, 0, 0, 7, 3, 11, 22, 33});
        out.write(new byte[] {0, 0, 0, 0, 8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0});
        assertEquals(List.of(11, 22, 33), fence(7));
        requestAll();
        expectRectangle(0);
        in.skipNBytes(WIDTH * HEIGHT);
        out.write(new byte[] {(byte) 150, 1, 0, 0, 0, 0, 2, 0, 1, 0});
        out.write(new byte[] {(byte) 150, 0, 0, 0, 0, 0, 2, 0, 1, 0});
        assertEquals(150, in.readUnsignedByte());
    }

    private List<Integer> fence(int flags) throws IOException {
        if (flags == 0) {
            out.write(new byte[] {3, 1, 0, 0, 0, 0, 1, 0, 1, 0});
        }
        assertEquals(248, in.readUnsignedByte());
        in.skipNBytes(3);
        assertEquals(flags, in.readInt());
        List<Integer> content = new ArrayList<>();
        for (int n = in.readUnsignedByte(); n > 0; n--) {
            content.add(in.readUnsignedByte());
        }
        return content;
    }

    /// What the guest's keyboard says, `count` bytes of it.
    private List<Integer> typed(int count) throws InterruptedException {
        List<Integer> codes = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            codes.add(serial.poll(20, TimeUnit.SECONDS));
        }
        return codes;
    }

    private void symbol(int keysym, boolean down) throws IOException {
        out.write(new byte[] {4, (byte) (down ? 1 : 0), 0, 0});
        out.writeInt(keysym);
    }

    @Test
    void charactersOfOtherLayoutsAreTypedWithTheShiftTheyNeedHere() throws Exception {
        start(null);
        begin();
        symbol('A', true);
        symbol('A', false);
        assertEquals(List.of(0x2a, 0x1e, 0xaa, 0x9e), typed(4));
        // A German keyboard has the slash on Shift and 7.
        symbol(0xffe1, true);
        symbol('/', true);
        symbol('/', false);
        symbol(0xffe1, false);
        assertEquals(List.of(0x2a, 0xaa, 0x35, 0x2a, 0xb5, 0xaa), typed(6));
    }

    @Test
    void keysThatALeavingClientHoldsAreReleased() throws Exception {
        start(null);
        begin();
        symbol(0xffe3, true);
        assertEquals(List.of(0x1d), typed(1));
        socket.close();
        assertEquals(List.of(0x9d), typed(1));
        connect();
    }

    /// The server's side fills up, and nothing is kept for the client.
    @Test
    void aClientThatDoesNotReadIsClosed() throws Exception {
        start(null);
        begin();
        for (int n = 0; n < 40; n++) {
            requestAll();
            out.write(new byte[] {3, 1, 0, 0, 0, 0, 1, 0, 1, 0});
        }
        while (server.clients() > 0) {
            requestAllQuietly();
            server.checkTime(System.nanoTime() + TimeUnit.MINUTES.toNanos(2));
        }
        connect();
        begin();
    }

    private void requestAllQuietly() {
        try {
            requestAll();
        } catch (IOException _) {
            // Closed, as it should be.
            return;
        }
    }

    @Test
    void aClientThatDoesNotSayWhoItIsIsClosed() throws Exception {
        start(null);
        assertEquals('R', in.read());
        server.checkTime(System.nanoTime() + TimeUnit.SECONDS.toNanos(130));
        in.readAllBytes();
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
                () -> VncServer.listen(machine, "0.0.0.0:0", VncSecurity.NONE, _ -> { })).getMessage();
        assertTrue(message.contains("password"), message);
        assertThrows(ConfigurationException.class,
                () -> VncServer.listen(machine, "nonsense", VncSecurity.NONE, _ -> { }));
    }
}
