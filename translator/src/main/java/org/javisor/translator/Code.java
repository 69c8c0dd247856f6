// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.Translation;
import org.javisor.host.HostMemory;

/// Where the host code of a translation is, and the links from and to it. Under the lock of [HostTranslator].
final class Code {
    private static final long JUMP_RELATIVE = 0xe9;
    private static final int JUMP_BYTES = 5;
    private static final long JUMP_MASK = (1L << 8 * JUMP_BYTES) - 1;
    /// The distance of the first exit, that at the entry, is found here: in the second instruction.
    private static final int ENTRY_EXIT_AT = 7;

    private final CodeMemory memory;
    private final Translation translation;
    private final long entry;
    private final int length;
    /// By exit to a target: where the distance of the jump is, and what it is when it leads to the exit.
    private final int[] jumps;
    private final int[] exits;
    /// By exit to a target: what it is linked to, or null.
    private final Code[] targets;
    private final int[] marks;
    private final List<Code> incoming = new ArrayList<>(2);

    /// @param jumps by exit to a target: where the distance of the jump is in the code, or [Emission#UNLINKABLE]
    /// @param marks as of [Emission#marks]
    Code(CodeMemory memory, Translation translation, long entry, int length, int[] jumps, int[] marks) {
        this.memory = memory;
        this.translation = translation;
        this.entry = entry;
        this.length = length;
        this.jumps = jumps;
        this.marks = marks;
        exits = new int[jumps.length];
        targets = new Code[jumps.length];
        for (int n = 0; n < jumps.length; n++) {
            exits[n] = jumps[n] == Emission.UNLINKABLE ? 0 : HostMemory.loadInt(entry + jumps[n]);
        }
    }

    Translation translation() {
        return translation;
    }

    long entry() {
        return entry;
    }

    int length() {
        return length;
    }

    void list(Listing listing) {
        listing.add(translation, entry, length, marks);
    }

    /// Has exit `index` lead to `target`.
    void link(int index, Code target) {
        if (jumps[index] != Emission.UNLINKABLE && targets[index] != target) {
            release(index);
            long at = entry + jumps[index];
            targets[index] = target;
            target.incoming.add(this);
            memory.storeInt(at, (int) (target.entry - at - 4));
        }
    }

    private void release(int index) {
        Code target = targets[index];
        if (target != null) {
            targets[index] = null;
            target.incoming.remove(this);
            memory.storeInt(entry + jumps[index], exits[index]);
        }
    }

    /// Has nothing lead here, and nothing from here; who gets here nevertheless leaves at once.
    void unlink() {
        // The exit for requests serves those who are on their way.
        long exit = entry + ENTRY_EXIT_AT + 4 + HostMemory.loadInt(entry + ENTRY_EXIT_AT);
        long jump = JUMP_RELATIVE | (exit - entry - JUMP_BYTES & 0xffff_ffffL) << 8;
        memory.storeLong(entry, HostMemory.loadLong(entry) & ~JUMP_MASK | jump);
        for (Code source : List.copyOf(incoming)) {
            for (int n = 0; n < source.targets.length; n++) {
                if (source.targets[n] == this) {
                    source.release(n);
                }
            }
        }
        for (int n = 0; n < targets.length; n++) {
            release(n);
        }
    }
}
