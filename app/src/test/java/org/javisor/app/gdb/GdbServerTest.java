// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineExit;
import org.javisor.memory.ConfigurationException;
import org.javisor.testkit.MicroGuest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The protocol, spoken by hand with a guest of a few instructions, which starts at 0x100000 in 32-bit mode.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class GdbServerTest {
    private static final int PM1_CONTROL = 0x604, SLEEP_ENABLE = 0x2000;

    private Machine machine;
    private GdbServer server;
    private CompletableFuture<MachineExit> exit;
    private Socket socket;
    private DataInputStream in;

    /// NOP; INC EAX; MOV [0x200000], EAX; power off.
    private static MicroGuest guest() {
        return new MicroGuest().bytes(0x90, 0x40, 0xa3, 0, 0, 0x20, 0).out16(PM1_CONTROL, SLEEP_ENABLE).stop();
    }

    private void start(MicroGuest guest, int cpus) throws IOException {
        machine = Machine.builder().memory(32 << 20).cpus(cpus).kernel("micro-guest", guest.elf()).build();
        server = GdbServer.listen(machine, "0", true, _ -> { });
        exit = CompletableFuture.supplyAsync(() -> {
            try (GdbServer _ = server) {
                return machine.run();
            }
        });
        connect();
    }

    private void connect() throws IOException {
        String[] address = server.address().split(":");
        socket = new Socket(address[0], Integer.parseInt(address[1]));
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        in = new DataInputStream(socket.getInputStream());
    }

    @AfterEach
    void close() throws Exception {
        if (socket != null) {
            socket.close();
        }
        if (machine != null) {
            machine.stop();
            exit.join();
            machine.close();
        }
    }

    private void send(String data) throws IOException {
        byte[] bytes = data.getBytes(StandardCharsets.ISO_8859_1);
        int sum = 0;
        for (byte value : bytes) {
            sum += value;
        }
        socket.getOutputStream().write(("$" + data + String.format("#%02x", sum & 0xff))
                .getBytes(StandardCharsets.ISO_8859_1));
    }

    private String receive() throws IOException {
        int first = in.read();
        while (first == '+') {
            first = in.read();
        }
        assertEquals('$', first);
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (int value = in.read(); value != '#'; value = in.read()) {
            data.write(value == '}' ? in.read() ^ 0x20 : value);
        }
        in.readFully(new byte[2]);
        socket.getOutputStream().write('+');
        return data.toString(StandardCharsets.ISO_8859_1);
    }

    private String ask(String data) throws IOException {
        send(data);
        return receive();
    }

    @Test
    void aStoppedGuestShowsItsRegistersAndItsMemory() throws IOException {
        start(guest(), 1);

        assertTrue(ask("qSupported:swbreak+").contains("qXfer:features:read+"));
        assertTrue(ask("?").startsWith("T05thread:1;"));
        assertEquals("0000100000000000", ask("p10"));
        assertEquals("9040a300002000", ask("m100000,7"));
        assertEquals("E01", ask("mf0000000,4"));
        assertEquals("OK", ask("P0=8877665544332211"));
        assertTrue(ask("g").startsWith("8877665544332211"));
        assertTrue(ask("qXfer:features:read:target.xml:0,1000").contains("i386:x86-64"));
    }

    @Test
    void stepsAndBreakpointsStopTheGuestWhereTheyShould() throws IOException {
        start(guest(), 1);

        assertEquals("T05thread:1;", ask("s"));
        assertEquals("0100100000000000", ask("p10"));
        assertEquals("OK", ask("Z0,100002,1"));
        assertEquals("a3", ask("m100002,1"));
        assertEquals("T05thread:1;swbreak:;", ask("c"));
        assertEquals("0200100000000000", ask("p10"));
        assertEquals("OK", ask("z0,100002,1"));
        assertEquals("OK", ask("Z2,200000,4"));
        assertEquals("T05thread:1;watch:200000;", ask("vCont;c"));
        assertEquals("0700100000000000", ask("p10"));
        assertEquals("OK", ask("z2,200000,4"));
        assertEquals("W00", ask("vCont;c:1"));
        assertInstanceOf(MachineExit.PoweredOff.class, exit.join());
    }

    @Test
    void aBreakStopsAllProcessorsAndOneMayStepAlone() throws IOException {
        start(new MicroGuest().bytes(0x40, 0xeb, 0xfd), 2);
        send("c");

        socket.getOutputStream().write(3);

        assertEquals("T02thread:1;", receive());
        assertEquals("m1,2", ask("qfThreadInfo"));
        String before = ask("p10");
        assertEquals("T05thread:1;", ask("vCont;s:1"));
        assertTrue(!ask("p10").equals(before));
    }

    @Test
    void aClientThatDetachesLeavesTheGuestRunningAndAnotherMayCome() throws IOException {
        start(new MicroGuest().bytes(0x40, 0xeb, 0xfd), 1);
        ask("Z0,100000,1");
        assertEquals("OK", ask("D"));
        assertEquals(-1, in.read());

        connect();

        assertTrue(ask("?").startsWith("T05"));
        assertEquals("40", ask("m100000,1"));
    }

    @Test
    void monitorCommandsAnswer() throws IOException {
        start(guest(), 1);

        String text = new String(Hex.bytes(ask("qRcmd," + Hex.of("registers"))), StandardCharsets.UTF_8);
        assertTrue(text.contains("CR0 0x"), text);
        String gpa = new String(Hex.bytes(ask("qRcmd," + Hex.of("translate 0x100000"))), StandardCharsets.UTF_8);
        assertEquals("0x100000\n", gpa);
        assertFalse(ask("qRcmd," + Hex.of("info version")).startsWith("E"), "Linux's scripts want an answer");
    }

    @Test
    void theEndOfTheMachineIsTold() throws IOException {
        start(new MicroGuest().bytes(0x40, 0xeb, 0xfd), 1);
        ask("?");
        send("c");

        machine.stop();

        assertEquals("W00", receive());
    }

    /// Rubbish ends the connection or gets an error; the guest and the next client do not mind.
    @Test
    void rubbishHarmsNobody() throws IOException {
        start(new MicroGuest().bytes(0x40, 0xeb, 0xfd), 1);
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("GdbServerTest seed " + seed);
        Random random = new Random(seed);
        String commands = "?gGpPmMXZzHTqQv!";
        for (int round = 0; round < 200; round++) {
            byte[] rubbish = new byte[random.nextInt(40)];
            random.nextBytes(rubbish);
            String text = commands.charAt(random.nextInt(commands.length())) + (random.nextBoolean()
                    ? new String(rubbish, StandardCharsets.ISO_8859_1).replaceAll("[$#}]", "0")
                    : Long.toHexString(random.nextLong()) + "," + Integer.toHexString(random.nextInt()) + ":00");
            assertTrue(ask(text) != null);
        }
        socket.getOutputStream().write("no packet at all".getBytes(StandardCharsets.US_ASCII));
        while (in.read() >= 0) {
            // What was answered before.
        }

        connect();

        assertTrue(ask("?").startsWith("T05"));
    }

    @Test
    void aWrongAddressIsRefused() throws IOException {
        start(guest(), 1);
        assertThrows(ConfigurationException.class, () -> GdbServer.listen(machine, "nonsense", false, _ -> { }));
        assertThrows(ConfigurationException.class, () -> GdbServer.listen(machine, "127.0.0.1:70000", false, _ -> { }));
    }
}
