// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.javisor.app.vnc.VncSecurity;
import org.javisor.app.vnc.VncServer;
import org.javisor.devices.vga.Screen;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.machine.UsbConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's VNC clients show a Debian guest and type in it: in an X server without a screen, with `xdotool` as the
/// person.
@Tag("slow")
class RealViewerTest {
    private static final List<String> TOOLS = List.of("Xvfb", "xtigervncviewer", "xtightvncviewer", "xdotool",
            "import");
    /// How far right or down a USB tablet goes.
    private static final int TABLET = 0x7fff;
    private static final int PAUSE_MILLIS = 500, PATIENCE = 240;

    @TempDir
    private Path directory;
    private final List<Process> started = new ArrayList<>();
    private String display;

    @AfterEach
    void end() {
        started.reversed().forEach(Process::destroy);
    }

    private static boolean present(String tool) {
        return Stream.of(System.getenv("PATH").split(":")).anyMatch(d -> Files.isExecutable(Path.of(d, tool)));
    }

    private Process start(String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        if (display != null) {
            builder.environment().put("DISPLAY", display);
        }
        Process process = builder.start();
        started.add(process);
        return process;
    }

    /// What a command says, all of it.
    private String said(String... command) throws IOException, InterruptedException {
        Path out = directory.resolve("said");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile());
        builder.environment().put("DISPLAY", display);
        Process process = builder.start();
        assertTrue(process.waitFor(1, TimeUnit.MINUTES), String.join(" ", command));
        return Files.readString(out);
    }

    private void startScreen() throws IOException {
        ProcessBuilder builder = new ProcessBuilder("Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24");
        Process server = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        started.add(server);
        BufferedReader number = new BufferedReader(new InputStreamReader(server.getInputStream()));
        display = ":" + number.readLine();
    }

    /// Linux's drivers say what they see of the USB tablet and keyboard, while `xdotool` moves and types in the viewer.
    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void whatIsDoneInAViewerReachesUsbDevices() throws Exception {
        List<String> missing = TOOLS.stream().filter(tool -> !present(tool)).toList();
        Assumptions.assumeTrue(missing.isEmpty(), "not installed: " + missing);
        startScreen();
        MachineBuilder builder = Machine.builder().usb(new UsbConfig(true, true));
        DebianRun.run(DebianRun.Setup.USUAL, builder, BoardConfig.DEFAULT, directory, (machine, serial) -> {
            DebianRun.await(machine, serial, "systemctl is-active --quiet getty@tty2");
            try (VncServer server = VncServer.listen(machine, "127.0.0.1:0", VncSecurity.NONE, _ -> { })) {
                start("xtigervncviewer", "-SecurityTypes", "None", "-AutoSelect=0", "-NoJPEG=1",
                        "-PreferredEncoding=Tight", server.address().replace(":", "::"));
                awaitPicture(machine, "Javisor");
                Screen.Frame frame = machine.screen().frame(0);
                String window = said("xdotool", "getwindowfocus").strip();

                evtest(machine, serial, "USB Tablet");
                // Without a window manager the viewer sends where the pointer is with the next click.
                said("xdotool", "mousemove", "--window", window, "100", "300");
                said("xdotool", "click", "3");
                serial.expect("(BTN_RIGHT), value 1", DebianRun.SECONDS);
                serial.expect("(ABS_X), value " + 100 * TABLET / (frame.width() - 1), DebianRun.SECONDS);
                serial.expect("(ABS_Y), value " + 300 * TABLET / (frame.height() - 1), DebianRun.SECONDS);
                serial.expect("(BTN_RIGHT), value 0", DebianRun.SECONDS);
                said("xdotool", "click", "4");
                serial.expect("(REL_WHEEL), value 1", DebianRun.SECONDS);
                DebianRun.await(machine, serial, "pkill evtest; ! pgrep evtest");

                evtest(machine, serial, "USB Keyboard");
                said("xdotool", "key", "shift+q");
                serial.expect("(KEY_LEFTSHIFT), value 1", DebianRun.SECONDS);
                serial.expect("(KEY_Q), value 1", DebianRun.SECONDS);
                serial.expect("(KEY_Q), value 0", DebianRun.SECONDS);
                DebianRun.await(machine, serial, "pkill evtest; ! pgrep evtest");
            }
        });
    }

    private static void evtest(Machine machine, SerialTalk serial, String name) throws InterruptedException {
        SerialTalk.type(machine, "(evtest /dev/input/$(basename $(dirname $(dirname $(grep -l '" + name
                + "' /sys/class/input/event*/device/name)))) &)\r");
        serial.expect("Testing ... (interrupt to exit)", DebianRun.SECONDS);
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void viewersShowTheScreenAndType() throws Exception {
        List<String> missing = TOOLS.stream().filter(tool -> !present(tool)).toList();
        Assumptions.assumeTrue(missing.isEmpty(), "not installed: " + missing);
        startScreen();
        DebianRun.run(DebianRun.Setup.USUAL, directory, (machine, serial) -> {
            DebianRun.await(machine, serial, "systemctl is-active --quiet getty@tty2");
            try (VncServer server = VncServer.listen(machine, "127.0.0.1:0", VncSecurity.NONE, _ -> { })) {
                String address = server.address().replace(":", "::");
                Process tiger = start("xtigervncviewer", "-SecurityTypes", "None", "-AutoSelect=0", "-NoJPEG=1",
                        "-PreferredEncoding=Tight", address);
                awaitPicture(machine, "Javisor");
                logInOnTheSecondConsole(machine, serial);
                enter("echo \"TigerVNC: {$((6*7))}\" > /dev/ttyS0");
                serial.expect("TigerVNC: {42}", DebianRun.SECONDS);
                awaitPicture(machine, "Javisor");
                tiger.destroy();
                tiger.waitFor();

                start("xtightvncviewer", "-nojpeg", "-encodings", "hextile", address);
                awaitPicture(machine, "Javisor");
                enter("echo \"TightVNC: {$((6*7))}\" > /dev/ttyS0");
                serial.expect("TightVNC: {42}", DebianRun.SECONDS);
                awaitPicture(machine, "Javisor");
            }
        });
    }

    private void logInOnTheSecondConsole(Machine machine, SerialTalk serial) throws Exception {
        said("xdotool", "key", "alt+F2");
        DebianRun.await(machine, serial, "grep -q tty2 /sys/class/tty/tty0/active");
        enter("root");
        DebianRun.await(machine, serial, "pgrep -t tty2 -x login");
        enter("javisor");
        DebianRun.await(machine, serial, "pgrep -t tty2 -x bash");
    }

    private void enter(String line) throws IOException, InterruptedException {
        assertEquals("", said("xdotool", "type", "--delay", "50", line));
        assertEquals("", said("xdotool", "key", "Return"));
    }

    /// Waits until the viewer's window has the guest's picture, but for what blinks.
    private void awaitPicture(Machine machine, String title) throws Exception {
        int differing = -1;
        for (int n = 0; n < PATIENCE; n++) {
            String window = said("xdotool", "search", "--onlyvisible", "--name", title).strip();
            if (window.matches("\\d+(\n\\d+)*")) {
                String id = window.substring(window.lastIndexOf('\n') + 1);
                said("xdotool", "windowfocus", id);
                Path file = directory.resolve("window.png");
                said("import", "-window", id, file.toString());
                BufferedImage shown = Files.exists(file) ? ImageIO.read(file.toFile()) : null;
                differing = shown == null ? -1 : differing(machine.screen().frame(0), shown);
                if (differing >= 0 && differing < 300) {
                    return;
                }
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        throw new AssertionError("the viewer does not show the screen; pixels that differ: " + differing);
    }

    /// @return -1 for a window that is smaller
    private static int differing(Screen.Frame frame, BufferedImage shown) {
        if (shown.getWidth() < frame.width() || shown.getHeight() < frame.height()) {
            return -1;
        }
        int differing = 0;
        for (int y = 0; y < frame.height(); y++) {
            for (int x = 0; x < frame.width(); x++) {
                differing += (shown.getRGB(x, y) & 0xff_ffff) == frame.pixels()[y * frame.width() + x] ? 0 : 1;
            }
        }
        return differing;
    }
}
