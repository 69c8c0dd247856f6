// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.watch;

import java.util.function.Consumer;
import org.javisor.devices.EightBitDevice;
import org.javisor.memory.Chip;

/// QEMU's panic device: one byte. A read says what may be told, a write tells it.
///
/// It is at a port, or behind a BAR ([PvpanicFunction]).
///
/// @qemu docs/specs/pvpanic.rst
public final class Pvpanic implements EightBitDevice, Chip<Pvpanic.State> {
    public static final int PORT = 0x505;

    /// What a guest may tell.
    public enum Event {
        /// Its kernel panicked, and nothing more will come.
        PANICKED,
        /// Its kernel panicked, and a kernel that writes the crash down takes over.
        CRASH_LOADED,
        /// It wants to be switched off.
        SHUTDOWN
    }

    private static final Event[] EVENTS = Event.values();
    private static final int KNOWN = (1 << EVENTS.length) - 1;

    /// It remembers nothing.
    public record State() { }

    private final Consumer<Event> listener;

    /// @param listener is told each event, on the thread of the guest's access
    public Pvpanic(Consumer<Event> listener) {
        this.listener = listener;
    }

    @Override
    public int readByte(int offset) {
        return offset == 0 ? KNOWN : 0;
    }

    /// Several events at once are told in the order of their bits; those that do not exist are ignored.
    @Override
    public void writeByte(int offset, int value) {
        for (int bit = 0; bit < EVENTS.length && offset == 0; bit++) {
            if ((value >>> bit & 1) != 0) {
                listener.accept(EVENTS[bit]);
            }
        }
    }

    @Override
    public void reset() { }

    @Override
    public State save() {
        return new State();
    }

    @Override
    public void load(State state) { }
}
