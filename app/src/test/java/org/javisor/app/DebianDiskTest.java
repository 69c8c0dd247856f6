// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.javisor.app.DebianRun.Setup;
import org.javisor.app.input.KeyboardInput;
import org.javisor.app.input.Stroke;
import org.javisor.app.input.TerminalKeys;
import org.javisor.app.vnc.VncAddress;
import org.javisor.app.vnc.VncSecurity;
import org.javisor.app.vnc.VncServer;
import org.javisor.app.vnc.VncViewer;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.DiskBus;
import org.javisor.machine.Machine;
import org.javisor.machine.layout.BoardModel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A Debian system on a disk starts from firmware, on every board and from every kind of disk: GRUB, kernel, systemd, a
/// login on the serial port and one on the screen, a clean end.
///
/// `-Djavisor.disks=REGEX` chooses among them, as in `Q35/NVME/.*`.
@Tag("slow")
@Timeout(value = 40, unit = TimeUnit.MINUTES)
class DebianDiskTest {
    private static final Stroke ALT_F2 = new Stroke(0x3c, false, false, true);
    private static final String[] BUTTONS = {"LEFT", "RIGHT", "MIDDLE", "SIDE", "EXTRA"};
    private static final int SECONDS = DebianRun.SECONDS;

    @TempDir
    private Path directory;

    static Stream<Setup> setups() {
        Pattern chosen = Pattern.compile(System.getProperty("javisor.disks", ".*"));
        List<Setup> setups = new ArrayList<>();
        for (BoardModel board : BoardModel.values()) {
            for (DiskBus bus : DiskBus.values()) {
                setups.add(new Setup(board, bus, "seabios"));
                setups.add(new Setup(board, bus, "ovmf"));
            }
        }
        return setups.stream().filter(setup -> chosen.matcher(setup.toString()).matches());
    }

    @ParameterizedTest
    @MethodSource("setups")
    void bootsToALoginAndEndsCleanly(Setup setup) throws Exception {
        DebianRun.run(setup, directory, (machine, serial) -> {
            typeOnTheScreensConsole(machine, serial);
            look(machine);
        });
    }

    /// Firmware has checked shim, shim GRUB, GRUB the kernel; that says so, and lets nobody change it.
    @Test
    void secureBootIsOn() throws Exception {
        Setup secure = new Setup(BoardModel.Q35, DiskBus.VIRTIO, "ovmf-secure");
        DebianRun.run(secure, Machine.builder().cpus(2), BoardConfig.DEFAULT, directory, (machine, serial) -> {
            SerialTalk.type(machine, "mokutil --sb-state; cat /sys/kernel/security/lockdown\r");
            serial.expect("SecureBoot enabled", SECONDS);
            serial.expect("none [integrity] confidentiality", SECONDS);
            SerialTalk.type(machine, "head -c 4 /dev/mem\r");
            serial.expect("Operation not permitted", SECONDS);
        });
    }

    /// Linux's own drivers say what they see of the PS/2 keyboard and mouse.
    @Test
    void linuxSeesKeysThatRepeatLedsAWheelAndFiveButtons() throws Exception {
        DebianRun.run(Setup.USUAL, directory, (machine, serial) -> {
            evtest(machine, serial, "0-event-kbd");
            machine.key(0x1e, false, true);
            serial.expect("(KEY_A), value 1", SECONDS);
            serial.expect("(KEY_A), value 2", SECONDS);
            machine.key(0x1e, false, false);
            serial.expect("(KEY_A), value 0", SECONDS);
            machine.key(0x46, true, true);
            serial.expect("(KEY_PAUSE), value 0", SECONDS);
            machine.key(0x37, true, true);
            serial.expect("(KEY_SYSRQ), value 1", SECONDS);
            machine.key(0x37, true, false);
            serial.expect("(KEY_SYSRQ), value 0", SECONDS);

            evtest(machine, serial, "1-event-mouse");
            machine.mouse(300, 20, 0, 0);
            serial.expect("(REL_X), value 255", SECONDS);
            serial.expect("(REL_Y), value -20", SECONDS);
            serial.expect("(REL_X), value 45", SECONDS);
            machine.mouse(0, 0, -1, 0);
            serial.expect("(REL_WHEEL), value 1", SECONDS);
            for (int button = 0; button < 5; button++) {
                machine.mouse(0, 0, 0, 1 << button);
                serial.expect("(BTN_" + BUTTONS[button] + "), value 1", SECONDS);
            }

            DebianRun.await(machine, serial, "pkill evtest; ! pgrep evtest");
            SerialTalk.type(machine, "for led in /sys/class/leds/*::capslock; do echo 1 > $led/brightness; done\r");
            DebianRun.await(machine, serial, "grep -q 1 /sys/class/leds/*::capslock/brightness");
            assertEquals(4, machine.keyboardLeds());
        });
    }

    private static void evtest(Machine machine, SerialTalk serial, String device) throws InterruptedException {
        SerialTalk.type(machine, "(evtest /dev/input/by-path/platform-i8042-serio-" + device + " &)\r");
        serial.expect("Testing ... (interrupt to exit)", SECONDS);
    }

    /// What is typed there comes back on the serial port, where a shell tells how far the login is.
    private static void typeOnTheScreensConsole(Machine machine, SerialTalk serial) throws InterruptedException {
        DebianRun.await(machine, serial, "systemctl is-active --quiet getty@tty2");
        KeyboardInput keyboard = new KeyboardInput(machine);
        keyboard.stroke(ALT_F2);
        // Until Linux has switched, keys go to the first one.
        DebianRun.await(machine, serial, "grep -q tty2 /sys/class/tty/tty0/active");
        type(keyboard, "root\r");
        DebianRun.await(machine, serial, "pgrep -t tty2 -x login");
        type(keyboard, "javisor\r");
        DebianRun.await(machine, serial, "pgrep -t tty2 -x bash");
        type(keyboard, "echo \"From $(tty), with {Shift}\" > /dev/ttyS0\r");
        serial.expect("From /dev/tty2, with {Shift}", SECONDS);
    }

    private static void type(KeyboardInput keyboard, String text) throws InterruptedException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (Stroke stroke : TerminalKeys.read(bytes, bytes.length)) {
            keyboard.stroke(stroke);
        }
    }

    private static void look(Machine machine) throws Exception {
        try (VncServer server = VncServer.listen(machine, "127.0.0.1:0", VncSecurity.NONE, _ -> { })) {
            InetSocketAddress address = VncAddress.ofServer(server.address());
            try (VncViewer viewer = VncViewer.connect(address, null, null)) {
                long lit = Arrays.stream(viewer.look().pixels()).filter(pixel -> pixel != 0).count();
                assertTrue(lit > 500, lit + " pixels of letters");
            }
        }
    }
}
