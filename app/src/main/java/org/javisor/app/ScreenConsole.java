// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.javisor.app.console.EscapeCommand;
import org.javisor.app.console.PersonsTerminal;
import org.javisor.app.console.TerminalView;
import org.javisor.app.input.KeyboardInput;
import org.javisor.app.input.Stroke;
import org.javisor.app.input.TerminalKeys;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineExit;

/// A guest's screen and keyboard in the person's terminal, and what escape keys do with a screen.
final class ScreenConsole {
    private ScreenConsole() { }

    /// Runs the guest, with its screen in the terminal.
    ///
    /// @param messages is told where to say things meanwhile, and null at the end
    static MachineExit run(Machine machine, PersonsTerminal terminal, Consumer<Consumer<String>> messages) {
        KeyboardInput keyboard = new KeyboardInput(machine);
        try (TerminalView view = new TerminalView(machine.screen(), PersonsTerminal.output())) {
            messages.accept(view::say);
            terminal.onResize(view::resized);
            terminal.startInput(bytes -> type(keyboard, bytes), machine::stop,
                    text -> view.say(String.join("; ", text.strip().split("\\s*\r\n\\s*"))),
                    commands(machine, view::say));
            return machine.run();
        } finally {
            messages.accept(null);
        }
    }

    private static void type(KeyboardInput keyboard, byte[] bytes) {
        try {
            for (Stroke stroke : TerminalKeys.read(bytes, bytes.length)) {
                keyboard.stroke(stroke);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Escape keys for a machine with a screen; none for one without.
    static List<EscapeCommand> commands(Machine machine, Consumer<String> say) {
        if (machine.screen() == null) {
            return List.of();
        }
        return List.of(
                new EscapeCommand('s', "write a picture of the guest's screen", () ->
                        say.accept(Screenshot.next(machine.screen(), Path.of("")))),
                new EscapeCommand('d', "press Ctrl, Alt and Delete", () ->
                        press(machine, Stroke.CTRL_ALT_DELETE)));
    }

    private static void press(Machine machine, Stroke stroke) {
        try {
            new KeyboardInput(machine).stroke(stroke);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
