// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.fp.Float80Context;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;
import org.javisor.isa.Disassembler;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow.Attribute;

/// Runs host code, takes back what it did, has the interpreter execute as many instructions, and compares.
///
/// Translations are not linked here, so that each stops where it ends; and before that after a number of pieces which
/// is another each time. What other processors and devices write between the two would be a difference too: what
/// differs is tried a few times before it counts.
final class LockStep extends TranslatedBlocks {
    private static final int ATTEMPTS = 3;
    /// What is compared and restored: all registers but the call for attention, which belongs to everybody.
    private static final int END = CpuLayout.OPERAND;
    /// Pieces that may be executed at once.
    private static final int MAX_PIECES = 13;

    private final Mapping copies = Mapping.anonymous(Mapping.PAGE_BYTES);
    private final long before = copies.hva();
    private final long after = copies.hva() + Mapping.PAGE_BYTES / 2;
    private final long undo = state + CpuLayout.UNDO;
    private final long[] stored = new long[2 * CpuLayout.UNDO_ENTRIES];
    private long flagsAfter;
    private int runs;
    /// Bits of the x87 status word that may differ.
    private int statusIgnored;

    LockStep(Cpu cpu, RunLoop runLoop) {
        super(cpu, runLoop);
    }

    @Override
    void arrive(Block block, Translation translation) { }

    @Override
    void missed(Translation at, int index) {
        misses.take();
    }

    @Override
    void run(Translation translation) {
        String difference = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            copy(state, before);
            HostMemory.storeLong(state + CpuLayout.UNDO_AT, undo);
            HostMemory.storeInt(state + CpuLayout.PIECES_LEFT, 1 + runs++ % MAX_PIECES);
            long instructions = runLoop.instructions();
            long exit = enter(translation);
            take(exit);
            int executed = (int) (runLoop.instructions() - instructions);
            copy(state, after);
            flagsAfter = cpu.arithmeticFlags();
            int stores = takeBack();
            restore();
            // A string instruction would stop for a request, which host code had none of.
            HostMemory.storeInt(state + CpuLayout.REQUEST_MASK, 0);
            difference = interpret(translation, executed, exit, stores);
            cpu.attention.interruptibilityChanged();
            if (difference == null) {
                return;
            }
            if (stores != 0) {
                // What the interpreter stored stays: this block cannot be repeated.
                break;
            }
            restore();
            runLoop.count(-executed);
        }
        throw new IllegalStateException(difference + describe(translation));
    }

    private static void copy(long from, long to) {
        HostMemory.copy(from, to, CpuLayout.ATTENTION);
        HostMemory.copy(from + CpuLayout.MXCSR, to + CpuLayout.MXCSR, END - CpuLayout.MXCSR);
        HostMemory.storeInt(to + CpuLayout.SYSTEM_FLAGS, HostMemory.loadInt(from + CpuLayout.SYSTEM_FLAGS));
        HostMemory.copy(from + CpuLayout.FLAGS_RESULT, to + CpuLayout.FLAGS_RESULT, 16);
        HostMemory.copy(from + CpuLayout.KERNEL_GS_BASE, to + CpuLayout.KERNEL_GS_BASE,
                CpuLayout.SYSTEM_END - CpuLayout.KERNEL_GS_BASE);
    }

    private void restore() {
        copy(before, state);
        cpu.segments.followBases();
        cpu.modeChanged();
    }

    /// Notes what memory holds where the block stored, and puts back what it held before.
    ///
    /// @return how many stores there were
    private int takeBack() {
        int count = (int) ((HostMemory.loadLong(state + CpuLayout.UNDO_AT) - undo) / CpuLayout.UNDO_STRIDE);
        for (int i = 0; i < count; i++) {
            long entry = undo + (long) i * CpuLayout.UNDO_STRIDE;
            for (int at = 0; at < size(entry); at += 8) {
                stored[2 * i + at / 8] = HostMemory.load(hva(entry) + at, Math.min(8, size(entry)));
            }
        }
        for (int i = count - 1; i >= 0; i--) {
            long entry = undo + (long) i * CpuLayout.UNDO_STRIDE;
            for (int at = 0; at < size(entry); at += 8) {
                HostMemory.store(hva(entry) + at, Math.min(8, size(entry)), HostMemory.loadLong(entry + 16 + at));
            }
        }
        return count;
    }

    private static long hva(long entry) {
        return HostMemory.loadLong(entry);
    }

    private static int size(long entry) {
        return HostMemory.loadInt(entry + 8);
    }

    /// @return what is different, or null
    private String interpret(Translation translation, int count, long exit, int stores) {
        int undefined = 0;
        statusIgnored = 0;
        cpu.rip(cpu.pageRip + translation.start());
        int index = 0;
        for (int done = 0; done < count; done++) {
            index = done == 0 ? 0 : next(translation, index);
            if (index < 0) {
                return "leaves the translation after " + done + " instructions of " + count;
            }
            Insn insn = (Insn) translation.instruction(index);
            try {
                interpret(insn);
            } catch (GuestFault fault) {
                return "instruction " + index + " raises exception " + fault.vector;
            }
            undefined = definesFlags(insn) ? insn.row.undefinedFlags() : undefined | insn.row.undefinedFlags();
            statusIgnored |= comparesToFlags(insn.mnemonic()) ? Float80Context.C1 : 0;
        }
        if (BlockTranslator.kind(exit) == BlockTranslator.INTERPRET) {
            interpretPart((Insn) translation.instruction(BlockTranslator.index(exit)));
        }
        String difference = registerDifference(undefined);
        return difference != null ? difference : memoryDifference(stores);
    }

    /// The instruction at RIP, which was reached behind another one; -1 if it is no part of the translation.
    private int next(Translation translation, int index) {
        long offset = cpu.rip() - cpu.pageRip;
        int following = index + 1;
        if (following < translation.size() && translation.pieceOf(following) == translation.pieceOf(index)
                && translation.offset(following) == offset) {
            return following;
        }
        int piece = translation.pieceAt((int) offset);
        return piece < 0 || (int) offset != offset ? -1 : translation.first(piece);
    }

    /// Whether all flags are defined after an instruction but for those that it leaves undefined itself.
    private static boolean definesFlags(Insn insn) {
        return switch (insn.mnemonic()) {
            case ADD, SUB, CMP, NEG, XADD, CMPXCHG, AND, OR, XOR, TEST -> true;
            default -> false;
        };
    }

    private void interpret(Insn insn) {
        int systemFlags = cpu.systemFlags();
        do {
            cpu.rip(cpu.pageRip + insn.end);
            insn.handler.execute(cpu, insn);
            // A repeated string instruction may stop in between, with RF set.
        } while (insn.row.has(Attribute.STRING) && cpu.rip() == cpu.pageRip + insn.end - insn.length);
        if (insn.row.has(Attribute.STRING) && cpu.systemFlags() != systemFlags) {
            cpu.systemFlags(systemFlags);
            cpu.modeChanged();
        }
    }

    /// Does as many elements of a repeated string instruction as host code did before it left.
    private void interpretPart(Insn insn) {
        long left = HostMemory.loadLong(after + CpuLayout.gpr(CpuLayout.RCX));
        long done = cpu.reg64(CpuLayout.RCX) - left;
        if (!insn.row.has(Attribute.STRING) || !insn.has(Instruction.REP | Instruction.REPNE) || done == 0) {
            return;
        }
        cpu.reg64(CpuLayout.RCX, done);
        interpret(insn);
        cpu.reg64(CpuLayout.RCX, cpu.reg64(CpuLayout.RCX) + left);
        cpu.rip(cpu.pageRip + insn.end - insn.length);
    }

    private String registerDifference(int undefinedFlags) {
        if (((flagsAfter ^ cpu.arithmeticFlags()) & ~undefinedFlags) != 0) {
            return String.format("flags: translated %x, interpreted %x", flagsAfter, cpu.arithmeticFlags());
        }
        int systemFlags = HostMemory.loadInt(after + CpuLayout.SYSTEM_FLAGS);
        if (systemFlags != cpu.systemFlags()) {
            return String.format("system flags: translated %x, interpreted %x", systemFlags, cpu.systemFlags());
        }
        for (int at = 0; at < CpuLayout.SYSTEM_END; at = at + 8 == END ? CpuLayout.KERNEL_GS_BASE : at + 8) {
            long ours = comparable(after, at);
            long wanted = comparable(state, at);
            if (ours != wanted) {
                return String.format("offset %d: translated %x, interpreted %x", at, ours, wanted);
            }
        }
        return null;
    }

    /// What counts of the 8 bytes at an offset.
    private long comparable(long block, int at) {
        long value = HostMemory.loadLong(block + at);
        if (at < CpuLayout.RIP && cpu.codeBits != 64) {
            // The upper halves are undefined where they cannot be seen.
            return (int) value;
        }
        return switch (at) {
            case CpuLayout.ATTENTION -> value & -1L << 32;
            case CpuLayout.PAGE_RIP -> 0;
            case CpuLayout.FCW -> comparableX87(value);
            default -> value;
        };
    }

    /// Of FCW, FSW, FTW and FOP. Of a tag only "empty" counts.
    private long comparableX87(long words) {
        long tags = words >>> 32 & 0xffff;
        long empty = (tags & tags >>> 1 & 0x5555) * X87.EMPTY;
        return words & ~(0xffffL << 32) & ~((long) statusIgnored << 16) | empty << 32;
    }

    /// Comparisons that some processors clear C1 after, as the manual says, and others do not.
    private static boolean comparesToFlags(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case FCOMI, FCOMIP, FUCOMI, FUCOMIP -> true;
            default -> false;
        };
    }

    private String memoryDifference(int stores) {
        for (int i = 0; i < stores; i++) {
            long entry = undo + (long) i * CpuLayout.UNDO_STRIDE;
            for (int at = 0; at < size(entry); at += 8) {
                long wanted = HostMemory.load(hva(entry) + at, Math.min(8, size(entry)));
                if (stored[2 * i + at / 8] != wanted) {
                    return String.format("store %d of %d bytes: translated %x, interpreted %x", i, size(entry),
                            stored[2 * i + at / 8], wanted);
                }
            }
        }
        return null;
    }

    /// The guest's code, its registers before, and the host's code.
    private String describe(Translation translation) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < translation.size(); i++) {
            text.append(String.format("%n    %s %s", translation.translates(i) ? " " : "-",
                    Disassembler.print(translation.instruction(i), cpu.pageRip + translation.offset(i))));
        }
        for (int reg = 0; reg < 16; reg++) {
            text.append(String.format("%n    %2d before %016x translated %016x", reg,
                    HostMemory.loadLong(before + 8L * reg), HostMemory.loadLong(after + 8L * reg)));
        }
        return text.append(String.format("%n    host code at %x: ", translation.entry()))
                .append(translator.describe(translation)).toString();
    }
}
