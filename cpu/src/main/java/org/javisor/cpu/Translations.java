// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// The translations of a machine by number. Lookups take no lock.
final class Translations {
    private volatile Translation[] table = new Translation[1024];
    private int count;
    private long translated;
    private long nanos;

    Translation get(int number) {
        return table[number];
    }

    /// Translates a block, unless another processor has been faster.
    void translate(Block block, CpuGroup group) {
        Translation translation;
        synchronized (this) {
            if (block.translation != null) {
                return;
            }
            long start = System.nanoTime();
            translation = new Translation(count, block);
            if (group.translator.translate(translation, group.checked)) {
                add(translation);
                translated++;
            }
            nanos += System.nanoTime() - start;
            block.translation = translation;
        }
        VarHandle.fullFence();
        if (!block.valid && translation.entry() != 0) {
            group.translator.unlink(translation);
        }
    }

    private void add(Translation translation) {
        if (count == table.length) {
            table = Arrays.copyOf(table, 2 * count);
        }
        table[count++] = translation;
    }

    /// How many blocks were translated.
    synchronized long translated() {
        return translated;
    }

    /// How long that took.
    synchronized long nanos() {
        return nanos;
    }
}
