// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Registers.CpuidAnswer;
import org.javisor.vmm.Registers.Paging;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What registers take follows from what CPUID tells, and CPUID from what registers hold.
@Timeout(60)
class RegisterRulesConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int OSXSAVE = 1 << 27;
    private static final long CR4_OSXSAVE = 1 << 18;
    private static final int EBX = 1, ECX = 2, PKE = 22, PAT = 0x277;

    /// A bit of CR4, and that of CPUID without which it cannot be set.
    private record ControlBit(int bit, int leaf, int register, int feature) {
        boolean offeredTo(Registers registers) {
            CpuidAnswer answer = registers.cpuid(leaf, 0);
            return ((register == EBX ? answer.ebx() : answer.ecx()) >>> feature & 1) != 0;
        }
    }

    private static final ControlBit[] CONTROL_BITS = {
        new ControlBit(11, 7, ECX, 2), new ControlBit(13, 1, ECX, 5), new ControlBit(14, 1, ECX, 6),
        new ControlBit(16, 7, EBX, 0), new ControlBit(18, 1, ECX, 26), new ControlBit(20, 7, EBX, 7),
        new ControlBit(21, 7, EBX, 20), new ControlBit(22, 7, ECX, 3), new ControlBit(24, 7, ECX, 31)};

    private static boolean takes(Runnable write) {
        try {
            write.run();
            return true;
        } catch (InvalidRegisterException e) {
            return false;
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void controlBitsNeedTheirFeatures(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            Registers registers = guest.vcpu.registers();
            Paging before = registers.paging();
            for (ControlBit each : CONTROL_BITS) {
                if (each.bit() == PKE && !Engines.isProcessor(engine)) {
                    // One that emulates takes it in any case.
                    continue;
                }
                boolean offered = each.offeredTo(registers);
                Paging wanted = new Paging(before.cr0(), before.cr3(), before.cr4() | 1L << each.bit(), before.efer());
                assertEquals(offered, takes(() -> registers.paging(wanted)), "CR4 bit " + each.bit());
                assertEquals(offered ? wanted : before, registers.paging());
                registers.paging(before);
            }
            for (int bit : new int[] {15, 19, 29, 30, 31, 33, 63}) {
                assertFalse(takes(() -> registers.paging(
                        new Paging(before.cr0(), before.cr3(), before.cr4() | 1L << bit, before.efer()))),
                        "CR4 bit " + bit);
            }
            for (int bit : new int[] {1, 9, 16, 63}) {
                assertFalse(takes(() -> registers.paging(
                        new Paging(before.cr0(), before.cr3(), before.cr4(), before.efer() | 1L << bit))),
                        "EFER bit " + bit);
            }
            assertEquals(before, registers.paging());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void cpuidTellsThatXsaveIsEnabled(String engine) {
        try (Guest guest = new Guest(engine, """
                66b801000000  mov eax, 1
                0fa2          cpuid
                f4            hlt
                """)) {
            Registers registers = guest.vcpu.registers();
            Paging before = registers.paging();
            for (boolean on : new boolean[] {true, false}) {
                registers.paging(new Paging(before.cr0(), before.cr3(), on ? before.cr4() | CR4_OSXSAVE : before.cr4(),
                        before.efer()));
                assertEquals(on ? OSXSAVE : 0, registers.cpuid(1, 0).ecx() & OSXSAVE);
                registers.rip(Guest.CODE);
                assertEquals(VmExit.Halt.INSTANCE, guest.run());
                assertEquals(on ? OSXSAVE : 0, registers.general(Registers.RCX) & OSXSAVE, "to the guest");
            }
        }
    }

    /// Components 0 to 9: x87, SSE, AVX, two of MPX, three of AVX-512, what is not enabled here, PKRU.
    private static boolean fitTogether(int components) {
        boolean vectors = (components & 4) == 0 || (components & 2) != 0;
        boolean bounds = (components & 0x18) == 0 || (components & 0x18) == 0x18;
        boolean wide = (components & 0xe0) == 0 || (components & 0xe6) == 0xe6;
        return (components & 1) != 0 && vectors && bounds && wide;
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void componentsAreEnabledTogetherAsTheyBelong(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            Registers registers = guest.vcpu.registers();
            long supported = Integer.toUnsignedLong(registers.cpuid(0xd, 0).eax());
            int taken = 0;
            for (int components = 0; components < 1 << 10; components++) {
                int wanted = components;
                boolean possible = fitTogether(wanted) && (wanted & ~supported) == 0;
                assertEquals(possible, takes(() -> registers.xcr0(wanted)), "0x" + Integer.toHexString(wanted));
                taken += possible ? 1 : 0;
            }
            assertTrue(taken >= 2, "some are taken");
            for (int bit = 10; bit < 64; bit++) {
                long wanted = 1 | 1L << bit;
                assertEquals((wanted & ~supported) == 0 && bit > 18, takes(() -> registers.xcr0(wanted)), "bit " + bit);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void supervisorsStateIsEnabledAsFarAsCpuidTellsOfIt(String engine) {
        int xss = 0xda0, xsaves = 1 << 3;
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            Registers registers = guest.vcpu.registers();
            CpuidAnswer answer = registers.cpuid(0xd, 1);
            boolean there = Arrays.stream(registers.msrIndices()).anyMatch(index -> index == xss);
            long supported = there && (answer.eax() & xsaves) != 0
                    ? (long) answer.edx() << 32 | Integer.toUnsignedLong(answer.ecx()) : 0;
            for (int bit = 0; bit < 64; bit++) {
                long wanted = 1L << bit;
                assertEquals((supported & wanted) != 0, takes(() -> registers.msr(xss, wanted)), "bit " + bit);
            }
        }
    }

    /// A register, what it takes, and what it does not.
    private record Values(int index, long good, long bad) { }

    private static final long NOT_CANONICAL = 1L << 63 | 1;
    private static final Values[] VALUES = {
        new Values(PAT, 0x0007_0406_0007_0106L, 0x0007_0406_0007_0206L), new Values(PAT, 0, 8L << 56),
        new Values(0x2ff, 0xc06, 0xc02), new Values(0x2ff, 6, 1L << 32), new Values(0x200, 6, 7),
        new Values(0x250, 0x0606_0606_0606_0606L, 0x0606_0606_0606_0602L),
        new Values(0xc000_0100, -1L << 47, NOT_CANONICAL), new Values(0xc000_0101, 1L << 46, NOT_CANONICAL),
        new Values(0xc000_0102, 0x7fff_ffff_ffffL, NOT_CANONICAL), new Values(0xc000_0082, 5, NOT_CANONICAL),
        new Values(0xc000_0083, -1, NOT_CANONICAL)};

    @ParameterizedTest
    @MethodSource(ENGINES)
    void registersTakeWhatTheyCanHold(String engine) {
        try (RegisterGuest guest = new RegisterGuest(engine, VmConfig.pc(1))) {
            Registers registers = guest.guest.vcpu.registers();
            for (Values each : VALUES) {
                if (each.index() == PAT && !Engines.isProcessor(engine)) {
                    // One that emulates looks at no memory types.
                    continue;
                }
                String name = String.format("register 0x%x", each.index());
                registers.msr(each.index(), each.good());
                assertEquals(each.good(), guest.read(each.index()).orElseThrow(), name);
                assertThrows(InvalidRegisterException.class, () -> registers.msr(each.index(), each.bad()), name);
                assertFalse(guest.write(each.index(), each.bad()), name);
                assertEquals(each.good(), registers.msr(each.index()), name);
                assertTrue(guest.write(each.index(), 0), name);
                assertTrue(guest.write(each.index(), each.good()), name);
                assertEquals(each.good(), registers.msr(each.index()), name);
            }
        }
    }
}
