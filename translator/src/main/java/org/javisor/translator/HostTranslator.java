// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CodeImage;
import org.javisor.cpu.KeptCode;
import org.javisor.cpu.Translation;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.host.CodeMapping;
import org.javisor.host.HostMemory;
import org.javisor.host.PerfMap;
import org.javisor.isa.Feature;

/// Translates blocks for the host's own processor and keeps their code.
///
/// All changes of code are made under this object's lock. Code that others may be executing is only ever changed in
/// aligned words: the distance of a jump, or the first instruction of a block.
final class HostTranslator implements BlockTranslator {
    private static final int SEGMENTS = 16;
    private static final int MIN_SEGMENT_BYTES = 96 << 10;
    private static final int[] NO_MARKS = {};

    private final CodeMemory memory;
    private final CodeRing ring;
    private final HostFeatures host;
    private final Map<Translation, Code> codes = new HashMap<>();
    private final TranslatorConfig config;
    private final PerfMap perfMap;
    /// Null if no host code is kept.
    private final KeptCode keptCode;
    private long restored;
    private long linked;
    private long dropped;

    HostTranslator(TranslatorConfig config, CodeMapping mapping, HostFeatures host) {
        this.host = host;
        memory = new CodeMemory(mapping, host.has(Feature.AVX), host.clock());
        long room = memory.end() - memory.free();
        ring = new CodeRing(memory.free(), memory.end(), Math.clamp(room / MIN_SEGMENT_BYTES, 2, SEGMENTS));
        this.config = config;
        perfMap = config.perfMap();
        keptCode = keptCode();
        if (perfMap != null) {
            perfMap.add(memory.base(), memory.free() - memory.base(), "guest_enter_and_leave");
        }
    }

    private KeptCode keptCode() {
        KeptCode kept = config.keptCode();
        long maker = kept == null ? 0 : Maker.identity(host, memory.free() - memory.base());
        if (kept != null) {
            kept.claim(maker);
        }
        return maker == 0 ? null : kept;
    }

    @Override
    public synchronized Outcome translate(Translation translation, boolean logged, boolean counted) {
        Outcome restoring = restore(translation);
        if (restoring != null) {
            return restoring;
        }
        HostDraft draft = draft(translation, logged, counted);
        if (draft == null) {
            translation.complete(0, new int[translation.pieces()], new int[0], new int[0]);
            return Outcome.IMPOSSIBLE;
        }
        return place(translation, draft);
    }

    @Override
    public HostDraft draft(Translation translation, boolean logged, boolean counted) {
        int[] translated = new int[translation.pieces()];
        for (int piece = 0; piece < translated.length; piece++) {
            translated[piece] = BlockCompiler.supported(translation, piece, host);
        }
        if (translated[0] == 0) {
            return null;
        }
        // What is checked alone may become more at any time: an image must not have more of it than the host code.
        CodeImage image = keptCode == null || !translation.isSteady() ? null : translation.image(logged, counted);
        HostDraft draft = HostDraft.of(compile(translation, translated, logged, counted), translated);
        if (draft.code().targets().length > MAX_INDEX || !ring.couldFit(draft.code().code().length)) {
            return null;
        }
        Relocatable kept = draft.code();
        if (image != null && image.moves()) {
            Emission stepped = compile(Relocatable.stepped(translation), translated, logged, counted);
            kept = kept.comparedWith(Relocatable.of(stepped, translated, 0));
        }
        return image == null || kept == null ? draft
                : draft.keeping(translation.headImage(logged, counted), image, kept);
    }

    /// As if the code were where the memory for code begins.
    private Emission compile(Translation translation, int[] translated, boolean logged, boolean counted) {
        Emission emission = new Emission(new Assembler(), translation, logged, memory.base(), memory);
        if (config.listed()) {
            emission.keepMarks();
        }
        if (counted) {
            emission.count(translated);
        }
        new RegionCompiler(emission, host, translated, counted).compile();
        return emission;
    }

    @Override
    public synchronized Outcome place(Translation translation, Draft made) {
        HostDraft draft = (HostDraft) made;
        Relocatable code = draft.code();
        if (!ring.fits(code.code().length) && !ring.advance()) {
            return Outcome.NO_ROOM;
        }
        place(translation, code.at(ring.next() - memory.base(), translation.number(), 0), code.links(), draft.marks());
        complete(translation, code);
        if (draft.image() != null) {
            keptCode.keep(draft.headImage(), draft.image(), translation.isSecond(), draft.kept().bytes());
        }
        return Outcome.DONE;
    }

    private void complete(Translation translation, Relocatable code) {
        translation.complete(codes.get(translation).entry(), code.translated(), code.targets(), code.callers());
    }

    private void place(Translation translation, byte[] bytes, int[] links, int[] marks) {
        long entry = ring.next();
        memory.place(bytes, entry);
        Code code = new Code(memory, translation, entry, bytes.length, links, marks);
        ring.add(code);
        codes.put(translation, code);
        if (perfMap != null) {
            perfMap.add(entry, bytes.length, "guest_" + Long.toHexString(translation.rip()) + "+"
                    + translation.length());
        }
    }

    // ---- what earlier runs made ----

    /// Places the host code that an earlier run made of the same.
    ///
    /// @return null if there is none
    private Outcome restore(Translation translation) {
        KeptCode.Entry kept = translation.kept();
        if (keptCode == null || kept == null || kept.distance() % Relocatable.STEP != 0 || config.listed()) {
            return null;
        }
        Relocatable made = Relocatable.of(kept.bytes(), kept.codeAt());
        if (!ring.couldFit(made.code().length)) {
            return null;
        }
        if (!ring.fits(made.code().length) && !ring.advance()) {
            return Outcome.NO_ROOM;
        }
        place(translation, made.moved(ring.next() - memory.base(), translation.number(), kept.distance()),
                made.links(), NO_MARKS);
        complete(translation, made);
        if (made.isSecond()) {
            translation.restoredSecond();
        }
        restored++;
        return Outcome.DONE;
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
    public synchronized Translation victim() {
        for (Code code = ring.victim(); code != null; code = ring.victim()) {
            if (codes.get(code.translation()) == code) {
                return code.translation();
            }
        }
        return null;
    }

    @Override
    public synchronized boolean isUnsettled() {
        return ring.isEmptied();
    }

    @Override
    public synchronized void settle() {
        if (ring.isEmptied()) {
            ring.settle();
        }
    }

    @Override
    public synchronized String describe(Translation translation) {
        Code code = codes.get(translation);
        return code == null ? "none" : HexFormat.of().formatHex(HostMemory.segment(code.entry(), code.length())
                .toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public synchronized String list(long from, long to) {
        Listing listing = new Listing();
        codes.values().stream().filter(code -> code.translation().rip() < to
                        && code.translation().rip() + code.translation().length() > from)
                .sorted(Comparator.comparingLong(code -> code.translation().rip())).forEach(code -> code.list(listing));
        return listing.toString();
    }

    @Override
    public synchronized long bytes() {
        return ring.used();
    }

    @Override
    public synchronized long restored() {
        return restored;
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
