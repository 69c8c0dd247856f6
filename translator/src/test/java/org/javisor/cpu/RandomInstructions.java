// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.ABSENT;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.RIP;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.javisor.cpu.RandomProgram.Item;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.isa.OperandSpec;
import org.javisor.testkit.InstructionEncoder;
import org.javisor.testkit.InstructionForm;

/// Single instructions of every form whose effect is defined and repeatable, with memory operands that mostly exist.
final class RandomInstructions {
    /// Where they come from.
    enum Kind { INTEGER, STRING, VECTOR, VEX, MMX, X87, SYSTEM }

    private static final int ATTEMPTS = 400;
    private static final int CF = Flags.CF, ZF = Flags.ZF, SF = Flags.SF, OF = Flags.OF, PF = Flags.PF;

    private final Random random;
    private final InstructionEncoder encoder;
    private final InstructionDecoder decoder;
    private final int codeBits;
    private final Map<Kind, List<InstructionForm>> forms = new EnumMap<>(Kind.class);

    RandomInstructions(Random random, InstructionDecoder decoder, int codeBits) {
        this.codeBits = codeBits;
        this.random = random;
        this.encoder = new InstructionEncoder(random);
        this.decoder = decoder;
        for (Kind kind : Kind.values()) {
            forms.put(kind, new ArrayList<>());
        }
        for (OpcodeRow row : OpcodeMaps.rows()) {
            if (!row.has(codeBits == 64 ? Attribute.NOT_64 : Attribute.ONLY_64) && repeatable(row.mnemonic())) {
                List<InstructionForm> ofKind = forms.get(kind(row));
                InstructionForm.of(row, codeBits).stream().filter(RandomInstructions::defined).forEach(ofKind::add);
            }
        }
    }

    private static Kind kind(OpcodeRow row) {
        boolean vector = false;
        boolean mmx = false;
        for (OperandSpec spec : row.operands()) {
            switch (spec.place()) {
                case RM_XMM, REG_XMM, XMM0 -> vector = true;
                case RM_MMX, REG_MMX -> mmx = true;
                default -> { }
            }
        }
        return row.has(Attribute.PRIVILEGED) || isSystem(row.mnemonic()) ? Kind.SYSTEM : row.isVex() ? Kind.VEX
                : row.map() == OpcodeRow.X87 || row.mnemonic() == Mnemonic.FWAIT ? Kind.X87 : mmx ? Kind.MMX
                : vector ? Kind.VECTOR : row.has(Attribute.STRING) ? Kind.STRING : Kind.INTEGER;
    }

    /// Rare in programs, and often a fault.
    private static boolean isSystem(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case SYSCALL, INT1, INT3, UD0, UD1, UD2, CPUID, RDPID, XGETBV, SGDT, SIDT, SLDT, STR, SMSW, LAR, LSL, VERR,
                    VERW, RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE, LDMXCSR, STMXCSR, CLAC, STAC, CLI, STI, IN, OUT,
                    MOV_SEG, LFENCE, MFENCE, SFENCE, CLFLUSH, CLFLUSHOPT, CLWB, EMMS -> true;
            default -> false;
        };
    }

    /// What leads elsewhere has items of its own; the rest differs from time to time, from host to host, or changes
    /// what the tests' handlers rely on.
    private static boolean repeatable(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case RDTSC, RDTSCP, RDRAND, RDSEED, RDPMC, RCPPS, RCPSS, RSQRTPS, RSQRTSS, VRCPPS, VRCPSS, VRSQRTPS,
                    VRSQRTSS, F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS, FSINCOS -> false;
            case INT, IRET, CALL, CALL_FAR, JMP, JMP_FAR, RET, RET_FAR, LOOP, LOOPE, LOOPNE, JCXZ, SYSENTER, SYSEXIT,
                    SYSRET, RSM, VMCALL, VMMCALL, HLT, MONITOR, MWAIT, LDS, LES, LSS, LFS, LGS -> false;
            case MOV_CR, MOV_DR, LMSW, CLTS, LGDT, LIDT, LLDT, LTR, WRMSR, RDMSR, SWAPGS, XSETBV, INVLPG, INVPCID,
                    INVD, WBINVD, INS, OUTS, XSAVES, XRSTORS, RDPKRU, WRPKRU,
                    RDSSP, INCSSP, SAVEPREVSSP, RSTORSSP, WRSS, WRUSS, SETSSBSY, CLRSSBSY -> false;
            // Where the last x87 instruction was is not followed here; nor are condition codes that are undefined.
            case FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XSAVEC, XRSTOR, FNSAVE, FNSTENV, FNSTSW, FRSTOR, FLDENV,
                FSTPNCE -> false;
            default -> condition(mnemonic, Mnemonic.JO) < 0;
        };
    }

    private static int condition(Mnemonic mnemonic, Mnemonic first) {
        int condition = mnemonic.ordinal() - first.ordinal();
        return condition >= 0 && condition < 16 ? condition : -1;
    }

    private static boolean defined(InstructionForm form) {
        Mnemonic mnemonic = form.row().mnemonic();
        boolean doubleShift = mnemonic == Mnemonic.SHLD || mnemonic == Mnemonic.SHRD;
        boolean loadsSegment = form.row().operands().stream().anyMatch(spec -> switch (spec.place()) {
            case ES, SS, DS, FS, GS, REG_SEGMENT -> true;
            default -> false;
        }) && (mnemonic == Mnemonic.POP
                || mnemonic == Mnemonic.MOV_SEG && form.row().operands().getFirst() == OperandSpec.Sw);
        return !(doubleShift && form.bytes() == 2) && !loadsSegment;
    }

    /// An instruction of a kind.
    ///
    /// @param lastBase a register that memory may be addressed by as it is, or -1
    Placed of(Kind kind, int lastBase) {
        List<InstructionForm> choice = forms.get(kind);
        while (true) {
            Placed placed = encode(choice.get(random.nextInt(choice.size())), lastBase);
            if (placed != null) {
                return placed;
            }
        }
    }

    /// @param base the register that the item leaves an address in, or -1
    record Placed(Item item, int base) { }

    private Placed encode(InstructionForm form, int lastBase) {
        boolean same = form.memory() && lastBase >= 0 && random.nextInt(3) != 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int length = encoder.encode(form, 0, random.nextInt(0x4000), 0);
            OracleInputs.restrict(form, encoder.bytes(), length);
            byte[] code = Arrays.copyOf(encoder.bytes(), length);
            Insn insn = decoder.decodeOne(code, 0, length, codeBits);
            if (insn == null || insn.length != length) {
                continue;
            }
            if (!usesMemory(insn)) {
                return new Placed(item(code, insn, false), -1);
            }
            if (insn.base != RIP && insn.base != ABSENT && insn.index == ABSENT) {
                boolean fits = !same || insn.base == lastBase;
                if (fits && shortenDisplacement(code, insn)) {
                    return new Placed(withAddress(code, insn, same), insn.base);
                }
            } else if (!same) {
                return new Placed(withAddress(code, insn, false), -1);
            }
        }
        return null;
    }

    private static boolean usesMemory(Insn insn) {
        return insn.kind0 == MEM || insn.kind1 == MEM || insn.kind2 == MEM;
    }

    /// Makes a displacement of four bytes a small one.
    private boolean shortenDisplacement(byte[] code, Insn insn) {
        if (Math.abs(insn.displacement) < 256) {
            return true;
        }
        int wanted = random.nextInt(4) == 0 ? random.nextInt(0x3000) - 0x1800 : random.nextInt(256) - 128;
        for (int at = 2; at + 4 <= code.length; at++) {
            if (intAt(code, at) == (int) insn.displacement) {
                for (int n = 0; n < 4; n++) {
                    code[at + n] = (byte) (wanted >> 8 * n);
                }
                Insn again = decoder.decodeOne(code, 0, code.length, codeBits);
                return again != null && again.displacement == wanted && again.row == insn.row;
            }
        }
        return false;
    }

    private static int intAt(byte[] code, int at) {
        return code[at] & 0xff | (code[at + 1] & 0xff) << 8 | (code[at + 2] & 0xff) << 16 | code[at + 3] << 24;
    }

    /// Often with registers loaded before, such that the address is one of the data's.
    private Item withAddress(byte[] code, Insn insn, boolean asItIs) {
        boolean string = insn.row.has(Attribute.STRING);
        if (asItIs || random.nextInt(8) == 0 || insn.base == RIP && !string) {
            return item(code, insn, true);
        }
        List<Integer> setUp = new ArrayList<>();
        if (string) {
            load(setUp, CpuLayout.RSI, target(1));
            load(setUp, CpuLayout.RDI, random.nextBoolean() ? target(1) : ProgramGuest.DATA + random.nextInt(64));
            load(setUp, CpuLayout.RCX, random.nextInt(6) == 0 ? random.nextInt(3000) : random.nextInt(20));
        } else {
            boolean indexed = insn.index != ABSENT && insn.indexBytes == 0;
            long index = indexed ? random.nextInt(64) - 8 : 0;
            if (indexed) {
                load(setUp, insn.index, index);
            }
            if (insn.base != ABSENT && insn.base != RIP) {
                long address = target(alignment(insn)) - insn.displacement - (index << insn.scaleShift);
                load(setUp, insn.base, address);
            }
        }
        byte[] all = new byte[setUp.size() + code.length];
        for (int n = 0; n < setUp.size(); n++) {
            all[n] = setUp.get(n).byteValue();
        }
        System.arraycopy(code, 0, all, setUp.size(), code.length);
        return item(all, insn, true);
    }

    private int alignment(Insn insn) {
        return random.nextInt(6) == 0 ? 1 : insn.row.has(Attribute.ALIGNED) || insn.bytes0 == 0 ? 32
                : random.nextBoolean() ? 8 : 1;
    }

    /// An address in the data; often where pages meet.
    private long target(int alignment) {
        long page = ProgramGuest.DATA + 4096L * random.nextInt(ProgramGuest.DATA_PAGES);
        long offset = switch (random.nextInt(4)) {
            case 0 -> 4096 - random.nextInt(40);
            case 1 -> random.nextInt(40) - 20;
            default -> random.nextInt(4096);
        };
        long address = random.nextInt(3) == 0 ? page + offset : ProgramGuest.DATA + 0x800 + random.nextInt(0x400);
        return address & -alignment;
    }

    /// MOV r32, imm32; but for negative values, r64.
    private void load(List<Integer> code, int reg, long value) {
        int rex = reg >> 3;
        if (codeBits == 32 || value == (value & 0xffff_ffffL)) {
            code.addAll(rex != 0 ? List.of(0x41, 0xb8 | reg & 7) : List.of(0xb8 | reg & 7));
        } else {
            code.addAll(List.of(0x48 | rex, 0xc7, 0xc0 | reg & 7));
        }
        for (int n = 0; n < 4; n++) {
            code.add((int) (value >> 8 * n) & 0xff);
        }
    }

    // ---- flags ----

    private static Item item(byte[] code, Insn insn, boolean mayFault) {
        int undefined = insn.row.undefinedFlags();
        int defined = mayFault ? 0 : definedFlags(insn.mnemonic());
        return new Item(code, undefined, defined, flagsRead(insn.mnemonic()), -1, 0);
    }

    private static int definedFlags(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case ADD, ADC, SUB, SBB, CMP, NEG, AND, OR, XOR, TEST, XADD, POPCNT -> Flags.ARITHMETIC;
            case INC, DEC -> Flags.ARITHMETIC & ~CF;
            default -> 0;
        };
    }

    /// What decides about condition `cc`.
    static int flagsOf(int cc) {
        return switch (cc >> 1) {
            case 0 -> OF;
            case 1 -> CF;
            case 2 -> ZF;
            case 3 -> CF | ZF;
            case 4 -> SF;
            case 5 -> PF;
            case 6 -> SF | OF;
            default -> SF | OF | ZF;
        };
    }

    private static int flagsRead(Mnemonic mnemonic) {
        int condition = Math.max(condition(mnemonic, Mnemonic.SETO), condition(mnemonic, Mnemonic.CMOVO));
        if (condition >= 0) {
            return flagsOf(condition);
        }
        return switch (mnemonic) {
            case ADC, SBB, RCL, RCR, CMC, ADCX -> CF;
            case ADOX -> OF;
            case FCMOVB, FCMOVNB, FCMOVE, FCMOVNE, FCMOVBE, FCMOVNBE, FCMOVU, FCMOVNU -> CF | ZF | PF;
            case LAHF, PUSHF, SYSCALL -> Flags.ARITHMETIC;
            case AAA, AAS, DAA, DAS -> Flags.AF | CF;
            case SALC -> CF;
            case INTO -> OF;
            default -> 0;
        };
    }
}
