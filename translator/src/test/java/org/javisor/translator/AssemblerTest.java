// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the assembler writes, read by GNU objdump: every register in every place, every size, and every shape
/// of address.
class AssemblerTest {
    private static final String[] WIDE = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10",
        "r11", "r12", "r13", "r14", "r15"};
    private static final String[] DOUBLE = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d",
        "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
    private static final String[] WORD = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w",
        "r11w", "r12w", "r13w", "r14w", "r15w"};
    private static final String[] NARROW = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b",
        "r11b", "r12b", "r13b", "r14b", "r15b", "ah", "ch", "dh", "bh"};
    private static final int VPADDD = 0x66_01fe, VPSHUFB = 0x66_0200, VPBLENDD = 0x66_0302, ANDN = 0x02f2,
            RORX = 0xf2_03f0, VMOVUPS = 0x0110;
    private static final int ADD_BYTE = 0x00, MOVZX = 0x1b6, PXOR = 0x66_01ef, ROL_GROUP = 0xc1;

    private final Assembler asm = new Assembler();
    private final List<String> expected = new ArrayList<>();

    @TempDir
    private Path directory;

    @Test
    void objdumpReadsWhatWasMeant() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/objdump")), "objdump is not installed");
        registers();
        narrowRegisters();
        addresses();
        immediates();
        vexRegisters();
        vexAddresses();

        assertEquals(String.join("\n", expected), String.join("\n", disassemble()));
    }

    private void registers() {
        for (int reg = 0; reg < 16; reg++) {
            int rm = 15 - reg;
            asm.op(Assembler.ADD, 8, reg, rm);
            expected.add("add " + WIDE[rm] + "," + WIDE[reg]);
            asm.op(Assembler.LOAD, 4, reg, rm);
            expected.add("mov " + DOUBLE[reg] + "," + DOUBLE[rm]);
            asm.op(Assembler.CMP, 2, reg, rm);
            expected.add("cmp " + WORD[rm] + "," + WORD[reg]);
            asm.op(PXOR, 4, reg, rm);
            expected.add("pxor xmm" + reg + ",xmm" + rm);
            asm.opWithRegister(0x1c8, 8, false, reg);
            expected.add("bswap " + WIDE[reg]);
            asm.rotateRight(reg, rm, 7);
            expected.add("rorx " + DOUBLE[reg] + "," + DOUBLE[rm] + ",0x7");
        }
    }

    private void narrowRegisters() {
        for (int reg = 0; reg < 20; reg++) {
            boolean high = reg >= 16;
            asm.op(ADD_BYTE, 4, 3, reg, high ? 1 : 15);
            expected.add("add " + NARROW[high ? 1 : 15] + "," + NARROW[reg]);
            asm.op(MOVZX, 4, Assembler.NARROW_RM, 6, reg);
            expected.add("movzx esi," + NARROW[reg]);
            asm.opWithRegister(0xb0, 4, true, reg);
            asm.immediate(0x12, 1);
            expected.add("mov " + NARROW[reg] + ",0x12");
        }
    }

    private void addresses() {
        for (int base = 0; base < 16; base++) {
            for (int displacement : new int[] {0, 16, 0x1234}) {
                String end = displacement == 0 ? "" : "+0x" + Integer.toHexString(displacement);
                // Without an index objdump shows RSP and R12, and a needless displacement of RBP and R13, as they are.
                String zero = displacement == 0 && (base & 7) == 5 ? "+0x0" : end;
                asm.op(Assembler.LOAD, 8, 9, Address.of(base, displacement));
                expected.add("mov r9,QWORD PTR [" + WIDE[base] + zero + "]");
                int index = base == 11 ? 12 : 15 - base;
                if (index == Assembler.RSP) {
                    continue;
                }
                asm.op(Assembler.STORE, 4, 3, new Address(base, index, 2, displacement));
                expected.add("mov DWORD PTR [" + WIDE[base] + "+" + WIDE[index] + "*4" + zero + "],ebx");
            }
        }
        asm.op(Assembler.LEA, 8, 10, new Address(Address.NONE, 9, 3, 0x40));
        expected.add("lea r10,[r9*8+0x40]");
        asm.op(Assembler.LOAD, 4, 10, new Address(Address.NONE, Address.NONE, 0, 0x40));
        expected.add("mov r10d,DWORD PTR ds:0x40");
    }

    private void immediates() {
        asm.immediateOp(Assembler.AND_IMM, 8, Assembler.R14, -4096);
        expected.add("and r14,0xfffffffffffff000");
        asm.immediateOp(Assembler.CMP_IMM, 4, Address.of(13, 200), 5);
        expected.add("cmp DWORD PTR [r13+0xc8],0x5");
        asm.shift(Assembler.SHR_IMM, 8, Assembler.R15, 7);
        expected.add("shr r15,0x7");
        asm.op(ROL_GROUP, 2, 0, 3);
        asm.immediate(3, 1);
        expected.add("rol bx,0x3");
    }

    private void vexRegisters() {
        for (int reg = 0; reg < 16; reg++) {
            int second = reg ^ 9;
            int rm = 15 - reg;
            asm.vex(VPADDD, 0, reg, second, rm);
            expected.add("vpaddd xmm" + reg + ",xmm" + second + ",xmm" + rm);
            asm.vex(VPSHUFB, Assembler.VEX_L, reg, second, rm);
            expected.add("vpshufb ymm" + reg + ",ymm" + second + ",ymm" + rm);
            asm.vex(VPBLENDD, Assembler.VEX_L, reg, second, rm);
            asm.immediate(0x12, 1);
            expected.add("vpblendd ymm" + reg + ",ymm" + second + ",ymm" + rm + ",0x12");
            asm.vex(ANDN, Assembler.VEX_W, reg, second, rm);
            expected.add("andn " + WIDE[reg] + "," + WIDE[second] + "," + WIDE[rm]);
            asm.vex(RORX, 0, reg, 0, rm);
            asm.immediate(7, 1);
            expected.add("rorx " + DOUBLE[reg] + "," + DOUBLE[rm] + ",0x7");
        }
        asm.vexPlain(0x177, 0);
        expected.add("vzeroupper");
        asm.vexPlain(0x177, Assembler.VEX_L);
        expected.add("vzeroall");
    }

    private void vexAddresses() {
        for (int base = 0; base < 16; base++) {
            int index = base == 11 ? 12 : 15 - base;
            asm.vex(VMOVUPS, Assembler.VEX_L, index, 0, Address.of(base, 0x1234));
            expected.add("vmovups ymm" + index + ",YMMWORD PTR [" + WIDE[base] + "+0x1234]");
            if (index != Assembler.RSP) {
                asm.vex(VPADDD, 0, base, index, new Address(base, index, 2, 16));
                expected.add("vpaddd xmm" + base + ",xmm" + index + ",XMMWORD PTR [" + WIDE[base] + "+" + WIDE[index]
                        + "*4+0x10]");
            }
        }
    }

    private List<String> disassemble() throws IOException, InterruptedException {
        Path file = directory.resolve("code");
        Files.write(file, asm.bytes());
        Process objdump = new ProcessBuilder("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel",
                "--no-show-raw-insn", file.toString()).start();
        List<String> lines = new String(objdump.getInputStream().readAllBytes()).lines()
                .filter(line -> line.matches("\\s*[0-9a-f]+:\\s.*"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip().replaceAll("\\s+", " ")
                        .replaceAll("\\*1", "").replace(" *", " ").strip())
                .toList();
        assertEquals(0, objdump.waitFor());
        return lines;
    }
}
