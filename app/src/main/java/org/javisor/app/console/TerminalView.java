// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.console;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.javisor.devices.vga.Screen;

/// The guest's screen in the person's terminal, in place of a serial console: text as text, pictures as coarse blocks.
///
/// It has the terminal's other screen, so that what was there before is there afterwards.
public final class TerminalView implements AutoCloseable {
    private static final String ENTER = "\033[?1049h", LEAVE = "\033[0m\033[?25h\033[?1049l";
    private static final int TEXT_MILLIS = 40, PICTURE_MILLIS = 100;
    /// How long a message stays.
    private static final long MESSAGE_NANOS = 4_000_000_000L;

    private final Screen screen;
    private final OutputStream out;
    private final TextPainter text = new TextPainter();
    private final BlockPainter blocks = new BlockPainter();
    private final Thread thread;

    // Guarded by this.
    private int rows = 24;
    private int columns = 80;
    private String message = "";
    private long messageUntil;
    private boolean showedText;
    private boolean closed;

    /// Starts to show.
    public TerminalView(Screen screen, OutputStream out) {
        this.screen = screen;
        this.out = out;
        send(ENTER);
        thread = Thread.ofPlatform().name("javisor-terminal-view").daemon().start(this::show);
    }

    /// The terminal has another size.
    public synchronized void resized(int newRows, int newColumns) {
        rows = newRows;
        columns = newColumns;
        forget();
    }

    /// Shows a line for a while, in place of the screen's last.
    public synchronized void say(String line) {
        message = line.strip();
        messageUntil = System.nanoTime() + MESSAGE_NANOS;
    }

    private void forget() {
        text.forget();
        blocks.forget();
    }

    private void show() {
        try {
            while (true) {
                synchronized (this) {
                    if (closed) {
                        return;
                    }
                    draw();
                    wait(showedText ? TEXT_MILLIS : PICTURE_MILLIS);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (UncheckedIOException _) {
            // The terminal is gone; whoever reads from it notices.
            return;
        }
    }

    private void draw() {
        boolean isText = screen.textMode();
        if (isText != showedText) {
            showedText = isText;
            forget();
        }
        if (!message.isEmpty()) {
            if (System.nanoTime() < messageUntil) {
                String fitting = message.substring(0, Math.min(message.length(), columns - 1));
                send("\033[0;7m\033[" + rows + ";1H\033[2K" + fitting + "\033[0m");
                return;
            }
            message = "";
            forget();
        }
        send(isText ? text.paint(screen.characters(), rows, columns)
                : blocks.paint(screen.frame(System.nanoTime()), rows, columns));
    }

    private void send(String bytes) {
        if (bytes.isEmpty()) {
            return;
        }
        try {
            out.write(bytes.getBytes(StandardCharsets.UTF_8));
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Gives the terminal's screen back.
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
            send(LEAVE);
        }
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
