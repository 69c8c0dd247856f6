// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.CODE0;
import static org.javisor.cpu.SystemGuest.CODE3;
import static org.javisor.cpu.SystemGuest.DATA0;
import static org.javisor.cpu.SystemGuest.DATA3;
import static org.javisor.cpu.SystemGuest.FREE;
import static org.javisor.cpu.SystemGuest.STACK;
import static org.javisor.cpu.SystemGuest.STACK0;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Far JMP, CALL and RET, direct and through gates.
@Timeout(60)
class FarTransferTest {
    private static final String TARGET = "00000200";
    private static final int TARGET_AT = 0x20000;

    @Test
    void aDirectCallPushesSelectorAndOffset() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.code("9a" + TARGET + "0800").code(TARGET_AT, "f4");
            guest.runToVector();
            assertEquals(TARGET_AT + 1, guest.cpu.rip());
            assertEquals(CODE + 7, guest.stackItem(0, 4));
            assertEquals(CODE0, guest.stackItem(1, 4));
        }
    }

    @Test
    void retfComesBackAndDropsParameters() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            // push 1; push 2; call far; hlt -- retf 8
            guest.code("6a01 6a02 9a" + TARGET + "0800 f4").code(TARGET_AT, "ca0800");
            guest.runToVector();
            assertEquals(CODE + 12, guest.cpu.rip());
            assertEquals(STACK, guest.cpu.reg64(CpuLayout.RSP));
        }
    }

    @Test
    void usersMayNotJumpToInnerCode() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.asUser().code("ea" + TARGET + "0b00");
            assertEquals(GuestFault.GP, guest.runToVector());
            assertEquals(CODE0, guest.stackItem(0, 4));
        }
    }

    @Test
    void conformingCodeKeepsTheLevelOfItsCaller() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.descriptor(FREE, 0, 0xfffff, 0x9e, 0xc);
            guest.asUser().code("ea" + TARGET + "8000").code(TARGET_AT, "0f0b");
            assertEquals(GuestFault.UD, guest.runToVector());
            assertEquals(FREE | 3, guest.stackItem(1, 4));
            assertEquals(0x9f, guest.accessByte(FREE));
        }
    }

    @Test
    void aJumpBeyondTheLimitIsAProtectionFault() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.descriptor(FREE, 0, 0xffff, SystemGuest.CODE_ACCESS, 4);
            guest.code("ea" + TARGET + "8000");
            assertEquals(GuestFault.GP, guest.runToVector());
            assertEquals(0, guest.stackItem(0, 4));
        }
    }

    @Test
    void anAbsentSegmentIsNotPresent() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.descriptor(FREE, 0, 0xfffff, 0x1b, 0xc);
            guest.code("ea" + TARGET + "8000");
            assertEquals(GuestFault.NP, guest.runToVector());
            assertEquals(FREE, guest.stackItem(0, 4));
        }
    }

    @Test
    void aCallGateSwitchesStacksAndCopiesParameters() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.callGate(FREE, CODE0, TARGET_AT, 0xec, 2);
            guest.asUser().code("6a11 6a22 9a 00000000 8300").code(TARGET_AT, "f4");
            guest.runToVector();
            assertEquals(0, guest.cpu.cpl);
            assertEquals(DATA0, guest.selector(SS));
            assertEquals(STACK0 - 24, guest.cpu.reg64(CpuLayout.RSP));
            long[] expected = {CODE + 11, CODE3, 0x22, 0x11, STACK - 8, DATA3};
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], guest.stackItem(i, 4), "item " + i);
            }
        }
    }

    @Test
    void retfGoesBackOutThroughACallGateAndClearsInnerSegments() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.callGate(FREE, CODE0, TARGET_AT, 0xec, 2);
            guest.asUser().code("6a11 6a22 9a 00000000 8300 0f0b").code(TARGET_AT, "ca0800");
            guest.runToVector();
            assertEquals(CODE + 11, guest.stackItem(0, 4));
            assertEquals(STACK, guest.stackItem(3, 4));
            assertEquals(DATA3, guest.stackItem(4, 4));
            assertEquals(0, guest.selector(DS));
        }
    }

    @Test
    void a16BitGatePushesWords() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.callGate(FREE, CODE0, 0x8000, 0xe4, 1);
            guest.asUser().code("666a77 9a 00000000 8300").code(0x8000, "f4");
            guest.runToVector();
            assertEquals(STACK0 - 10, guest.cpu.reg64(CpuLayout.RSP));
            assertEquals(0x77, guest.stackItem(2, 2));
        }
    }

    @Test
    void aGateOfAnInnerLevelMayNotBeUsed() {
        try (SystemGuest guest = SystemGuest.inProtectedMode()) {
            guest.callGate(FREE, CODE0, TARGET_AT, 0x8c, 0);
            guest.asUser().code("9a 00000000 8300");
            assertEquals(GuestFault.GP, guest.runToVector());
            assertEquals(FREE, guest.stackItem(0, 4));
        }
    }

    @Test
    void aGateIn64BitModeSwitchesStacksAndMakesSsNull() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.callGate(FREE, CODE0, TARGET_AT, 0xec, 0);
            guest.memory.storeInt(0x40000, 0);
            guest.memory.storeShort(0x40004, (short) (FREE | 3));
            // call far [0x40000]
            guest.asUser().code("ff1c2500000400").code(TARGET_AT, "f4");
            guest.runToVector();
            assertEquals(0, guest.selector(SS));
            assertEquals(STACK0 - 32, guest.cpu.reg64(CpuLayout.RSP));
            assertEquals(CODE + 7, guest.stackItem(0, 8));
            assertEquals(CODE3, guest.stackItem(1, 8));
            assertEquals(STACK, guest.stackItem(2, 8));
            assertEquals(DATA3, guest.stackItem(3, 8));
        }
    }

    @Test
    void a32BitGateIn64BitModeMustLeadToCodeOf64BitMode() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.descriptor(0xa0, 0, 0xfffff, SystemGuest.CODE_ACCESS, 0xc);
            guest.callGate(FREE, 0xa0, TARGET_AT, 0x8c, 0);
            guest.memory.storeInt(0x40000, 0);
            guest.memory.storeShort(0x40004, (short) FREE);
            guest.code("ff1c2500000400");
            assertEquals(GuestFault.GP, guest.runToVector());
            assertEquals(0xa0, guest.stackItem(0, 8));
        }
    }

    @Test
    void realModeJumpsLoadTheParagraph() {
        try (SystemGuest guest = SystemGuest.inRealMode()) {
            guest.code("ea 0500 0020").code(0x20005, "f4");
            guest.run();
            assertEquals(0x2000, guest.selector(CS));
            assertEquals(6, guest.cpu.rip());
        }
    }

    @Test
    void protectedModeIsEnteredByAFarJump() {
        try (SystemGuest guest = SystemGuest.inRealMode()) {
            guest.descriptor(CODE0, 0, 0xfffff, SystemGuest.CODE_ACCESS, 0xc);
            guest.cpu.tables.gdtBase = SystemGuest.GDT;
            // mov eax, cr0; or al, 1; mov cr0, eax; jmp dword 8:0x20000
            guest.code("0f20c0 0c01 0f22c0 66ea 00000200 0800").code(TARGET_AT, "b878563412 f4");
            guest.run();
            assertEquals(0x1234_5678, guest.cpu.reg64(CpuLayout.RAX));
            assertEquals(ExecutionMode.PROTECTED, guest.cpu.mode);
            assertEquals(32, guest.cpu.codeBits);
        }
    }
}
