// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// Decoded instructions that are executed one after another: up to a branch, the end of the page, or
/// [#MAX_INSTRUCTIONS]; or a single one that ends in the next page. Shared by all processors; constant but for what
/// says otherwise.
final class Block {
    static final int MAX_INSTRUCTIONS = 64;
    /// How often a block is executed before its instructions are fused where that costs nothing, and before classes are
    /// made for the rest. A new class runs slowly until HotSpot has compiled it, which only much execution pays for.
    private static final int WARM = 16_384, HOT = 1_000_000;

    /// As decoded.
    private final Insn[] decoded;
    /// What to execute: [#decoded], later the same fused.
    Insn[] insns;
    /// Executions until there is something to fuse, or 0. Processors that count at once may lose some.
    int untilFusing = WARM;
    private boolean warm;

    /// Where in its page it starts, and the byte behind it, which may be in the next page.
    final int start, end;
    /// What the decoding depended on, see [Cpu#decodeMode].
    final int decodeMode;
    /// Null for a block that belongs to none, see [EdgeFetch].
    final CodePage page;
    /// The page of its last bytes if that is not [#page], else null.
    final CodePage tail;
    /// The bytes that it was decoded from, which may have changed since.
    final byte[] code;
    /// Cleared when the bytes it was decoded from change. Others notice between blocks, as the architecture allows for
    /// code that another processor modifies.
    boolean valid = true;
    private static final Translation[] NO_TRANSLATIONS = {};

    /// Its host code, or null until it has earned some.
    volatile Translation translation;
    /// The translations that it is part of: that one, and others that lead here. Replaced under the lock of
    /// [Translations].
    private volatile Translation[] partOf = NO_TRANSLATIONS;
    /// Of [HotCode], if there is one.
    long hash;
    /// How often it was interpreted, until it has earned host code. Negative after it has lost some.
    int interpreted;
    /// How often it has.
    int lost;
    /// Blocks of the same page and decode mode that followed this one: the last, and the last but one. Racy hints.
    Block next, other;

    Block(Insn[] insns, int start, byte[] code, int decodeMode, CodePage page) {
        this(insns, start, code, decodeMode, page, null);
    }

    Block(Insn[] insns, int start, byte[] code, int decodeMode, CodePage page, CodePage tail) {
        this.decoded = insns;
        this.insns = insns;
        this.start = start;
        this.end = start + code.length;
        this.code = code;
        this.decodeMode = decodeMode;
        this.page = page;
        this.tail = tail;
    }

    /// As another run would have decoded it, had the kernel been `distance` bytes further up: for a translation that is
    /// only looked at.
    Block moved(int distance) {
        Insn[] moved = new Insn[decoded.length];
        for (int n = 0; n < moved.length; n++) {
            moved[n] = KernelConstants.moved(decoded[n], code, decoded[n].end - start, distance);
        }
        Block block = new Block(moved, start, code, decodeMode, page, tail);
        block.interpreted = interpreted;
        return block;
    }

    /// Has nobody begin to execute it any more. Who adds to [#partOf] after it was read here must look at [#valid].
    void invalidate(CpuGroup group) {
        valid = false;
        VarHandle.fullFence();
        for (Translation code : partOf) {
            group.translations.drop(code, group);
        }
    }

    Translation[] partOf() {
        return partOf;
    }

    void join(Translation whole) {
        Translation[] more = Arrays.copyOf(partOf, partOf.length + 1);
        more[partOf.length] = whole;
        partOf = more;
    }

    void part(Translation whole) {
        Translation[] all = partOf;
        Translation[] rest = new Translation[all.length];
        int count = 0;
        for (Translation one : all) {
            if (one != whole) {
                rest[count++] = one;
            }
        }
        partOf = count == 0 ? NO_TRANSLATIONS : Arrays.copyOf(rest, count);
    }

    /// An instruction by its number in the block, from 0.
    Insn decoded(int n) {
        return decoded[n];
    }

    boolean overlaps(int from, int to) {
        return start < to && from < end;
    }

    /// Has instructions executed in fused sequences from now on.
    void fuse() {
        Insn[] fused = FusedDispatch.fuse(decoded, warm);
        VarHandle.releaseFence();
        insns = fused;
        untilFusing = warm ? 0 : HOT;
        warm = true;
    }
}
