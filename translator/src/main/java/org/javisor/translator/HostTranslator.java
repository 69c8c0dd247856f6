// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.Translation;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.host.HostMemory;
import org.javisor.host.PerfMap;
import org.javisor.isa.Feature;

/// Translates blocks for the host's own processor and keeps their code.
///
/// All changes of code are made under this object's lock. Code that others may be executing is only ever changed in
/// aligned words: the distance of a jump, or the first instruction of a block.
final class HostTranslator implements BlockTranslator {
    /// More than any block of 64 instructions takes, exits included.
    private static final int MAX_BLOCK_BYTES = 64 << 10;
    private static final long JUMP_RELATIVE = 0xe9;
    private static final int JUMP_BYTES = 5;
    private static final long JUMP_MASK = (1L << 8 * JUMP_BYTES) - 1;
    /// Distance of the first exit, that at the entry, is found here: in the second instruction.
    private static final int ENTRY_EXIT_AT = 7;

    /// Code of one translation, for linking.
    private record Links(int[] jumps, int[] exits, int length) { }

    private final CodeMemory memory;
    private final HostFeatures host = new HostFeatures();
    private final Assembler asm = new Assembler();
    private final Map<Translation, Links> links = new HashMap<>();
    private final PerfMap perfMap;
    private long linked;
    private long dropped;

    HostTranslator(TranslatorConfig config) {
        memory = new CodeMemory(config.cacheBytes(), host.has(Feature.AVX));
        perfMap = config.perfMap();
        if (perfMap != null) {
            perfMap.add(memory.base(), memory.used(), "guest_enter_and_leave");
        }
    }

    @Override
    public synchronized boolean translate(Translation translation, boolean logged, boolean counted) {
        int count = BlockCompiler.supported(translation, host);
        long origin = memory.room(MAX_BLOCK_BYTES);
        if (count == 0) {
            translation.complete(0, 0, new int[0]);
        }
        if (count == 0 || origin == 0) {
            return false;
        }
        asm.reset();
        Emission emission = new Emission(asm, translation, logged, origin, memory);
        new BlockCompiler(emission, host).compile(count, counted);
        long entry = memory.place(asm);
        int[] jumps = emission.links();
        int[] exits = new int[jumps.length];
        for (int n = 0; n < jumps.length; n++) {
            exits[n] = HostMemory.loadInt(entry + jumps[n]);
        }
        links.put(translation, new Links(jumps, exits, asm.length()));
        translation.complete(entry, count, emission.targets());
        if (perfMap != null) {
            perfMap.add(entry, asm.length(), "guest_" + Long.toHexString(translation.rip()) + "+"
                    + (translation.end(count - 1) - translation.start()));
        }
        return true;
    }

    @Override
    public long enter(long state, long entry) {
        return memory.enter(state, entry);
    }

    @Override
    public synchronized void link(Translation from, int index, Translation to) {
        Links code = links.get(from);
        if (code == null || !links.containsKey(to)) {
            return;
        }
        long at = from.entry() + code.jumps[index];
        HostMemory.storeInt(at, (int) (to.entry() - at - 4));
        to.incoming().add(new long[] {at, code.exits[index]});
        linked++;
    }

    @Override
    public synchronized void unlink(Translation translation) {
        if (links.remove(translation) == null) {
            return;
        }
        dropped++;
        // The exit for requests serves those who are on their way.
        long entry = translation.entry();
        long exit = entry + ENTRY_EXIT_AT + 4 + HostMemory.loadInt(entry + ENTRY_EXIT_AT);
        long jump = JUMP_RELATIVE | (exit - entry - JUMP_BYTES & 0xffff_ffffL) << 8;
        HostMemory.storeLong(entry, HostMemory.loadLong(entry) & ~JUMP_MASK | jump);
        List<long[]> incoming = translation.incoming();
        for (long[] link : incoming) {
            HostMemory.storeInt(link[0], (int) link[1]);
        }
        incoming.clear();
    }

    @Override
    public synchronized String describe(Translation translation) {
        Links code = links.get(translation);
        return code == null ? "none" : HexFormat.of().formatHex(HostMemory.segment(translation.entry(), code.length)
                .toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public synchronized long bytes() {
        return memory.used();
    }

    @Override
    public synchronized long links() {
        return linked;
    }

    @Override
    public synchronized long dropped() {
        return dropped;
    }

    @Override
    public void close() {
        memory.close();
    }
}
