// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.console;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// The two ends of the person's side of a serial console: standard input and output, raw and with escape keys when
/// both are a terminal, plain byte streams when not.
public final class PersonsTerminal implements AutoCloseable {
    /// Takes terminal sizes.
    @FunctionalInterface
    public interface Resize {
        void resized(int rows, int columns);
    }

    private static final OutputStream OUT = new FileOutputStream(FileDescriptor.out);

    /// Null when standard input or output is no terminal.
    private final Terminal terminal;
    private Attributes saved;

    private PersonsTerminal(Terminal terminal) {
        this.terminal = terminal;
    }

    /// @return the terminal, in raw mode from now until it is closed
    public static PersonsTerminal open() {
        if (System.console() == null || !System.console().isTerminal()) {
            return new PersonsTerminal(null);
        }
        try {
            Terminal terminal = TerminalBuilder.builder().system(true).nativeSignals(true).dumb(true).build();
            PersonsTerminal opened = new PersonsTerminal(terminal);
            opened.saved = terminal.getAttributes();
            terminal.setAttributes(raw(opened.saved));
            return opened;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot use this terminal: " + e.getMessage(), e);
        }
    }

    /// Every key goes to the guest, Ctrl-C too, and every byte of the guest to the screen as it is.
    private static Attributes raw(Attributes from) {
        Attributes raw = new Attributes(from);
        raw.setInputFlag(Attributes.InputFlag.ICRNL, false);
        raw.setInputFlag(Attributes.InputFlag.INLCR, false);
        raw.setInputFlag(Attributes.InputFlag.IGNCR, false);
        raw.setInputFlag(Attributes.InputFlag.IXON, false);
        raw.setInputFlag(Attributes.InputFlag.BRKINT, false);
        raw.setOutputFlag(Attributes.OutputFlag.OPOST, false);
        raw.setLocalFlag(Attributes.LocalFlag.ICANON, false);
        raw.setLocalFlag(Attributes.LocalFlag.ECHO, false);
        raw.setLocalFlag(Attributes.LocalFlag.ISIG, false);
        raw.setLocalFlag(Attributes.LocalFlag.IEXTEN, false);
        raw.setControlChar(Attributes.ControlChar.VMIN, 1);
        raw.setControlChar(Attributes.ControlChar.VTIME, 0);
        return raw;
    }

    public boolean interactive() {
        return terminal != null;
    }

    /// Where the guest's output goes, byte for byte.
    public static OutputStream output() {
        return OUT;
    }

    /// Starts to pass on what is typed, on a daemon thread.
    ///
    /// @param toGuest takes bytes, and blocks while the guest has no room for them
    /// @param leave   called when the person asks to leave
    /// @param print    shows the person what escape keys have to say
    /// @param commands of further escape keys
    public void startInput(Consumer<byte[]> toGuest, Runnable leave, Consumer<String> print,
            List<EscapeCommand> commands) {
        EscapeKeys keys = new EscapeKeys(leave, print, commands);
        Thread.ofPlatform().name("console input").daemon().start(() -> {
            byte[] buffer = new byte[1024];
            try (InputStream in = new FileInputStream(FileDescriptor.in)) {
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    toGuest.accept(interactive() ? keys.filter(buffer, n) : java.util.Arrays.copyOf(buffer, n));
                }
            } catch (IOException e) {
                print("javisor: standard input: " + e.getMessage() + "\r\n");
            }
        });
    }

    /// Tells `listener` the terminal's size now and whenever it changes.
    public void onResize(Resize listener) {
        if (terminal != null) {
            terminal.handle(Terminal.Signal.WINCH, _ -> tellSize(listener));
            tellSize(listener);
        }
    }

    private void tellSize(Resize listener) {
        Size size = terminal.getSize();
        if (size.getRows() > 0 && size.getColumns() > 0) {
            listener.resized(size.getRows(), size.getColumns());
        }
    }

    /// Shows text where the terminal's cursor is.
    public void print(String text) {
        try {
            OUT.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Gives the terminal back as it was.
    @Override
    public void close() {
        if (terminal != null) {
            terminal.setAttributes(saved);
            try {
                terminal.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
