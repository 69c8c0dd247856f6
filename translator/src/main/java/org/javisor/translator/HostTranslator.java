// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.IntStream;
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
    /// More than any translation takes, exits included.
    private static final int MAX_BYTES = 512 << 10;

    private final CodeMemory memory;
    private final HostFeatures host = new HostFeatures();
    private final Assembler asm = new Assembler();
    private final Map<Translation, Code> codes = new HashMap<>();
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
        int[] translated = IntStream.range(0, translation.pieces())
                .map(piece -> BlockCompiler.supported(translation, piece, host)).toArray();
        long origin = memory.room(MAX_BYTES);
        if (translated[0] == 0) {
            translation.complete(0, new int[translated.length], new int[0], new int[0]);
        }
        if (translated[0] == 0 || origin == 0) {
            return false;
        }
        asm.reset();
        Emission emission = new Emission(asm, translation, logged, origin, memory);
        new RegionCompiler(emission, host, translated, counted).compile();
        int[] targets = emission.targets();
        if (targets.length > MAX_INDEX || asm.length() > MAX_BYTES) {
            return false;
        }
        long entry = memory.place(asm);
        codes.put(translation, new Code(translation, entry, asm.length(), emission.links()));
        translation.complete(entry, translated, targets, emission.callers());
        if (perfMap != null) {
            perfMap.add(entry, asm.length(), "guest_" + Long.toHexString(translation.rip()) + "+"
                    + translation.length());
        }
        return true;
    }

    @Override
    public long enter(long state, long entry) {
        return memory.enter(state, entry);
    }

    @Override
    public synchronized void link(Translation from, int index, Translation to) {
        Code source = codes.get(from);
        Code target = codes.get(to);
        if (source != null && target != null) {
            source.link(index, target);
            linked++;
        }
    }

    @Override
    public synchronized void unlink(Translation translation) {
        Code code = codes.remove(translation);
        if (code != null) {
            dropped++;
            code.unlink();
        }
    }

    @Override
    public synchronized String describe(Translation translation) {
        Code code = codes.get(translation);
        return code == null ? "none" : HexFormat.of().formatHex(HostMemory.segment(code.entry(), code.length())
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
