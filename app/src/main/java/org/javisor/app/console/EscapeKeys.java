// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.console;

import java.util.List;
import java.util.function.Consumer;

/// Takes the keys meant for Javisor out of what a person types: Ctrl-A and a letter, as in QEMU and screen.
final class EscapeKeys {
    private static final int CTRL_A = 1;

    private final Runnable leave;
    private final Consumer<String> print;
    private final List<EscapeCommand> commands;
    private boolean escaped;

    /// @param leave called when the person wants to leave
    /// @param print    shows text to the person
    /// @param commands that there are beside those of every console
    EscapeKeys(Runnable leave, Consumer<String> print, List<EscapeCommand> commands) {
        this.leave = leave;
        this.print = print;
        this.commands = commands;
    }

    private boolean commanded(int key) {
        for (EscapeCommand command : commands) {
            if (Character.toLowerCase(key) == command.key()) {
                command.run().run();
                return true;
            }
        }
        return false;
    }

    private String help() {
        StringBuilder help = new StringBuilder("\r\nCtrl-A x  end the guest\r\nCtrl-A h  this help\r\n");
        commands.forEach(c -> help.append("Ctrl-A ").append(c.key()).append("  ").append(c.help()).append("\r\n"));
        return help.append("Ctrl-A Ctrl-A  send Ctrl-A to the guest\r\n").toString();
    }

    /// What of the first `count` bytes of `typed` is for the guest.
    byte[] filter(byte[] typed, int count) {
        byte[] forGuest = new byte[count + 1];
        int n = 0;
        for (int i = 0; i < count; i++) {
            if (!escaped) {
                if (typed[i] == CTRL_A) {
                    escaped = true;
                } else {
                    forGuest[n++] = typed[i];
                }
                continue;
            }
            escaped = false;
            if (commanded(typed[i])) {
                continue;
            }
            switch (typed[i]) {
                case 'x', 'X' -> {
                    print.accept("\r\n");
                    leave.run();
                }
                case 'h', 'H', '?' -> print.accept(help());
                case CTRL_A, 'a' -> forGuest[n++] = CTRL_A;
                // Not one of ours: the guest gets both, as if nothing were special about Ctrl-A.
                default -> {
                    forGuest[n++] = CTRL_A;
                    forGuest[n++] = typed[i];
                }
            }
        }
        return java.util.Arrays.copyOf(forGuest, n);
    }
}
