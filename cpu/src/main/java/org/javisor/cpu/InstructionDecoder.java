// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.javisor.host.HostMemory;
import org.javisor.isa.Decoder;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.memory.GuestMemory;

/// Makes blocks of [Insn]s from bytes: decodes them, chooses their handlers and precomputes what these need. Each
/// processor has its own.
final class InstructionDecoder {
    /// No block is made from more bytes.
    static final int MAX_BLOCK_BYTES = Block.MAX_INSTRUCTIONS * Decoder.MAX_BYTES;
    private static final int PAGE_BYTES = GuestMemory.PAGE_BYTES;

    /// Bits of a decode mode beside the code size (16, 32, 64).
    static final int EIGHTY_SIX_STYLE = 1;
    /// Code at CPL 0 that [#isTranslatable]: it is decoded as other code, but translated for CPL 0 alone.
    static final int SUPERVISOR = 2;
    /// 32-bit code where CS, SS, DS and ES are all of memory: so are its addresses, up to 4 GiB.
    static final int FLAT = 4;
    /// Code whose calls and returns look at a shadow stack; and whose indirect branches must lead to ENDBR.
    static final int SHADOWED = 8, TRACKED = 128, ENFORCED = SHADOWED | TRACKED;
    /// Code that counts what it executes for [PerformanceMonitor]: decoded as other code, and translated for that.
    static final int COUNTED = 256;
    private static final int CODE_BITS = 0x70;

    /// For all processors: a handler that is made twice is compiled twice, see [HandlerDispatch].
    private static final Bindings BINDINGS = new Bindings();
    private static final Handler UNDEFINED = (c, _) -> {
        throw c.ud();
    };
    private static final Handler TOO_LONG = (c, _) -> {
        throw c.gp(0);
    };

    private final Cpu cpu;
    private final Set<OpcodeRow> reported = new HashSet<>();
    private final byte[] bytes = new byte[PAGE_BYTES];
    private final MemorySegment bytesSegment = MemorySegment.ofArray(bytes);
    private final Insn[] insns = new Insn[Block.MAX_INSTRUCTIONS];

    /// Whether code that was decoded so may become host code.
    static boolean isTranslatable(int decodeMode) {
        return (decodeMode & (64 | FLAT)) != 0;
    }

    InstructionDecoder(Cpu cpu) {
        this.cpu = cpu;
    }

    /// The block at byte `start` of the page at `hva`.
    ///
    /// @return null if not even one instruction ends within the page
    Block decode(long hva, int start, int decodeMode, CodePage page) {
        int limit = Math.min(start + MAX_BLOCK_BYTES, PAGE_BYTES);
        MemorySegment.copy(HostMemory.segment(hva, PAGE_BYTES), start, bytesSegment, start, limit - start);
        int count = 0;
        int at = start;
        while (count < insns.length && at < limit) {
            Insn insn = decodeOne(bytes, at, limit, decodeMode);
            if (insn == null) {
                break;
            }
            at += insn.length;
            insn.end = (short) at;
            insns[count++] = insn;
            insn.ordinal = (short) count;
            if (insn.row.has(Attribute.ENDS_BLOCK)) {
                break;
            }
        }
        return count == 0 ? null : new Block(Arrays.copyOf(insns, count), start,
                Arrays.copyOfRange(bytes, start, at), decodeMode, page);
    }

    /// The block of the instruction at byte `start` of the page at `hva` that ends in the page at `tailHva`.
    ///
    /// @return null if there is none such
    Block decodeAcross(long hva, long tailHva, int start, int decodeMode, CodePage page, CodePage tail) {
        int within = PAGE_BYTES - start;
        byte[] code = new byte[Decoder.MAX_BYTES];
        for (int i = 0; i < code.length; i++) {
            code[i] = HostMemory.loadByte(i < within ? hva + start + i : tailHva + i - within);
        }
        Insn insn = decodeOne(code, 0, code.length, decodeMode);
        if (insn == null || insn.handler == TOO_LONG || insn.length <= within) {
            return null;
        }
        insn.end = (short) (start + insn.length);
        insn.ordinal = 1;
        return new Block(new Insn[] {insn}, start, Arrays.copyOf(code, insn.length), decodeMode, page, tail);
    }

    /// The instruction at `code[from]`, or null if it does not end before `limit`.
    Insn decodeOne(byte[] code, int from, int limit, int decodeMode) {
        Insn insn = new Insn();
        int length = Decoder.decode(code, from, limit, decodeMode & CODE_BITS, insn);
        if (length == Decoder.NEEDS_MORE) {
            return null;
        }
        if (length == Decoder.TOO_LONG) {
            insn.row = OpcodeRow.UNDEFINED;
            insn.length = Decoder.MAX_BYTES;
            insn.handler = TOO_LONG;
            insn.dispatch = SharedDispatch.of(TOO_LONG);
            return insn;
        }
        prepare(insn);
        if (insn.mnemonic() == Mnemonic.UD2 && cpu.environment.forcesEmulation()
                && (decodeMode & (ENFORCED | COUNTED)) == 0 && ForcedEmulation.isPrefix(code, from + length, limit)) {
            return ForcedEmulation.prefix(insn);
        }
        insn.handler = handler(insn, decodeMode);
        insn.dispatch = SharedDispatch.of(insn.handler);
        return insn;
    }

    private Handler handler(Insn insn, int decodeMode) {
        if (!cpu.cpuid.has(insn.row.feature())) {
            insn.row = OpcodeMaps.withoutFeature(insn.row);
        }
        OpcodeRow row = insn.row;
        boolean defined = row != OpcodeRow.UNDEFINED && cpu.cpuid.has(row.feature())
                && !(row.has(Attribute.PROTECTED_ONLY) && (decodeMode & EIGHTY_SIX_STYLE) != 0);
        if (!defined) {
            return UNDEFINED;
        }
        Handler enforced = (decodeMode & ENFORCED) == 0 ? null : ControlFlowEnforcement.handler(insn, decodeMode);
        Handler handler = enforced != null ? enforced : BINDINGS.select(insn);
        if (handler == null) {
            if (reported.add(row)) {
                cpu.environment.unimplemented(row.mnemonic() + " " + row);
            }
            return UNDEFINED;
        }
        return handler;
    }

    private static void prepare(Insn insn) {
        insn.at0 = at(insn.kind0, insn.reg0);
        insn.at1 = at(insn.kind1, insn.reg1);
        insn.at2 = at(insn.kind2, insn.reg2);
        insn.at3 = at(insn.kind3, insn.reg3);
        prepareSources(insn);
        insn.baseAt = (short) switch (insn.base) {
            case Instruction.RIP -> CpuLayout.RIP;
            case Instruction.ABSENT -> CpuLayout.ZERO;
            default -> CpuLayout.gpr(insn.base);
        };
        boolean noIndex = insn.index == Instruction.ABSENT || insn.indexBytes != 0;
        insn.indexAt = (short) (noIndex ? CpuLayout.ZERO : CpuLayout.gpr(insn.index));
        insn.addressMask = Cpu.mask(insn.addressBytes);
    }

    private static void prepareSources(Insn insn) {
        boolean vex = insn.vectorBytes != 0;
        boolean three = vex && insn.kind2 != Instruction.NONE;
        boolean thirdIsSource = three && insn.kind2 != Instruction.IMM;
        insn.atFirst = three ? insn.at1 : insn.at0;
        insn.atSource = thirdIsSource ? insn.at2 : insn.at1;
        insn.sourceInMemory = (thirdIsSource ? insn.kind2 : insn.kind1) == Instruction.MEM;
        insn.sourceBytes = thirdIsSource ? insn.bytes2 : insn.bytes1;
    }

    private static short at(int kind, int reg) {
        return (short) switch (kind) {
            case Instruction.GPR -> CpuLayout.gpr(reg);
            case Instruction.MMX -> CpuLayout.FPR + CpuLayout.FPR_STRIDE * (reg & 7);
            case Instruction.XMM, Instruction.YMM -> CpuLayout.XMM + CpuLayout.XMM_STRIDE * reg;
            default -> 0;
        };
    }
}
