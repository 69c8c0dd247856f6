// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.DATA;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// FXSAVE and the XSAVE family, on the area at [SystemGuest#DATA] that RBX points to.
@Timeout(60)
class ExtendedStateTest {
    private static final String FXSAVE = "0fae03", FXRSTOR = "0fae0b", XSAVE = "0fae23", XRSTOR = "0fae2b",
            XSAVEOPT = "0fae33", XSAVEC = "0fc723", XSAVES = "0fc72b", XRSTORS = "0fc71b", XGETBV = "0f01d0",
            XSETBV = "0f01d1";
    private static final int XMM_AT = DATA + 160, MXCSR_AT = DATA + 24, XSTATE_BV = DATA + 512,
            XCOMP_BV = DATA + 520;
    private static final long COMPACTED = 1L << 63;

    private final SystemGuest guest = SystemGuest.in64BitMode();
    private final Cpu cpu = guest.cpu;
    private final GuestMemory memory = guest.memory;

    @BeforeEach
    void enable() {
        cpu.cr4 |= ControlBits.CR4_OSXSAVE;
        cpu.modeChanged();
        cpu.system.xcr0 = 3;
        cpu.reg64(CpuLayout.RBX, DATA);
        LegacyRegion.initializeX87(cpu);
    }

    @AfterEach
    void close() {
        guest.close();
    }

    /// Executes one instruction with the components `mask` in EDX:EAX.
    private int run(String hex, long mask) {
        cpu.reg64(CpuLayout.RAX, mask & 0xffff_ffffL);
        cpu.reg64(CpuLayout.RDX, mask >>> 32);
        cpu.rip(CODE);
        return guest.code(hex + "f4").runToVector();
    }

    private void xmm(int n, long low) {
        HostMemory.storeLong(cpu.state + CpuLayout.XMM + CpuLayout.XMM_STRIDE * (long) n, low);
    }

    private long xmm(int n) {
        return HostMemory.loadLong(cpu.state + CpuLayout.XMM + CpuLayout.XMM_STRIDE * (long) n);
    }

    private void mxcsr(int value) {
        HostMemory.storeInt(cpu.state + CpuLayout.MXCSR, value);
    }

    private int mxcsr() {
        return HostMemory.loadInt(cpu.state + CpuLayout.MXCSR);
    }

    @Test
    void fxsaveWritesTheLegacyImageAndFxrstorReadsIt() {
        // fld1; fldpi
        assertEquals(-1, run("d9e8 d9eb", 0));
        xmm(15, 0x1122_3344_5566_7788L);
        mxcsr(0x1fa0);
        assertEquals(-1, run(FXSAVE, 0));
        assertEquals(0x037f, memory.loadShort(DATA));
        assertEquals(6 << 11, memory.loadShort(DATA + 2) & 0x3800);
        assertEquals(0xc0, memory.loadByte(DATA + 4) & 0xff);
        assertEquals(0xc90f_daa2_2168_c235L, memory.loadLong(DATA + 32));
        assertEquals(0x4000, memory.loadShort(DATA + 40));
        assertEquals(0x3fff, memory.loadShort(DATA + 56));
        assertEquals(0x1fa0, memory.loadInt(MXCSR_AT));
        assertEquals(0xffff, memory.loadInt(MXCSR_AT + 4));
        assertEquals(0x1122_3344_5566_7788L, memory.loadLong(XMM_AT + 15 * 16));

        run("dbe3", 0);
        xmm(15, 0);
        mxcsr(0x1f80);
        assertEquals(-1, run(FXRSTOR, 0));
        // fstp qword [rbx + 1024]
        assertEquals(-1, run("dd9b00040000", 0));
        assertEquals(Math.PI, Double.longBitsToDouble(memory.loadLong(DATA + 1024)));
        assertEquals(0x1122_3344_5566_7788L, xmm(15));
        assertEquals(0x1fa0, mxcsr());
    }

    @Test
    void fxrstorRefusesReservedBitsOfMxcsr() {
        run(FXSAVE, 0);
        memory.storeInt(MXCSR_AT, 0x1_0000);
        assertEquals(GuestFault.GP, run(FXRSTOR, 0));
    }

    @Test
    void areasMustBeAligned() {
        cpu.reg64(CpuLayout.RBX, DATA + 8);
        assertEquals(GuestFault.GP, run(FXSAVE, 0));
        cpu.reg64(CpuLayout.RBX, DATA + 16);
        assertEquals(-1, run(FXSAVE, 0));
        assertEquals(GuestFault.GP, run(XSAVE, 3));
    }

    @Test
    void tsAndOsxsaveDecideWhetherTheyExecute() {
        cpu.cr0 |= ControlBits.CR0_TS;
        assertEquals(GuestFault.NM, run(FXSAVE, 0));
        assertEquals(GuestFault.NM, run(XSAVE, 3));
        cpu.cr0 &= ~ControlBits.CR0_TS;
        cpu.cr4 &= ~ControlBits.CR4_OSXSAVE;
        assertEquals(GuestFault.UD, run(XSAVE, 3));
        assertEquals(GuestFault.UD, run(XGETBV, 0));
    }

    @Test
    void xsaveMergesItsComponentsIntoTheHeader() {
        xmm(0, 5);
        memory.storeLong(XSTATE_BV, 1L << 2 | 1);
        assertEquals(-1, run(XSAVE, 2));
        assertEquals(1L << 2 | 3, memory.loadLong(XSTATE_BV));
        assertEquals(-1, run(XSAVE, 1));
        assertEquals(1L << 2 | 2, memory.loadLong(XSTATE_BV));
    }

    @Test
    void xsaveoptLeavesComponentsInTheirInitialStateUnwritten() {
        memory.storeLong(XMM_AT, 0x77);
        assertEquals(-1, run(XSAVEOPT, 3));
        assertEquals(0x77, memory.loadLong(XMM_AT));
        assertEquals(0, memory.loadLong(XSTATE_BV));
        assertEquals(-1, run(XSAVE, 3));
        assertEquals(0, memory.loadLong(XMM_AT));
    }

    @Test
    void xrstorInitialisesWhatTheAreaDoesNotHold() {
        run(XSAVE, 3);
        memory.storeLong(XSTATE_BV, 0);
        memory.storeInt(MXCSR_AT, 0x1f00);
        xmm(3, 9);
        assertEquals(-1, run(XRSTOR, 3));
        assertEquals(0, xmm(3));
        // The standard form loads MXCSR whether the component is held or not.
        assertEquals(0x1f00, mxcsr());
    }

    @Test
    void xrstorRefusesComponentsThatAreNotEnabledAndBadHeaders() {
        run(XSAVE, 3);
        memory.storeLong(XSTATE_BV, 4);
        assertEquals(GuestFault.GP, run(XRSTOR, 3));
        memory.storeLong(XSTATE_BV, 3);
        memory.storeLong(XCOMP_BV, 1);
        assertEquals(GuestFault.GP, run(XRSTOR, 3));
        memory.storeLong(XCOMP_BV, COMPACTED | 4);
        assertEquals(GuestFault.GP, run(XRSTOR, 3));
    }

    @Test
    void xsavecWritesTheCompactedFormAndXrstorReadsIt() {
        xmm(1, 0x1234);
        mxcsr(0x1fc0);
        assertEquals(-1, run(XSAVEC, 3));
        assertEquals(2, memory.loadLong(XSTATE_BV));
        assertEquals(COMPACTED | 3, memory.loadLong(XCOMP_BV));
        xmm(1, 0);
        mxcsr(0x1f80);
        assertEquals(-1, run(XRSTOR, 3));
        assertEquals(0x1234, xmm(1));
        assertEquals(0x1fc0, mxcsr());
    }

    @Test
    void theCompactedFormInitialisesMxcsrToo() {
        memory.storeLong(XCOMP_BV, COMPACTED | 3);
        mxcsr(0x1fc0);
        assertEquals(-1, run(XRSTORS, 3));
        assertEquals(0x1f80, mxcsr());
    }

    @Test
    void xsavesAndXrstorsBelongToTheKernel() {
        assertEquals(-1, run(XSAVES, 3));
        assertEquals(COMPACTED | 3, memory.loadLong(XCOMP_BV));
        memory.storeLong(XCOMP_BV, 0);
        assertEquals(GuestFault.GP, run(XRSTORS, 3));
        guest.asUser();
        assertEquals(GuestFault.GP, run(XSAVES, 3));
    }

    @Test
    void xsetbvTakesWhatTheProcessorHasAndAlwaysX87() {
        cpu.reg64(CpuLayout.RCX, 0);
        assertEquals(-1, run(XSETBV, 1));
        assertEquals(1, cpu.system.xcr0);
        assertEquals(GuestFault.GP, run(XSETBV, 2));
        assertEquals(-1, run(XSETBV, 7));
        assertEquals(GuestFault.GP, run(XSETBV, 5));
        assertEquals(GuestFault.GP, run(XSETBV, 15));
        cpu.reg64(CpuLayout.RCX, 1);
        assertEquals(GuestFault.GP, run(XSETBV, 1));
    }

    @Test
    void xgetbvReadsXcr0AndWhatIsInUse() {
        cpu.reg64(CpuLayout.RCX, 0);
        assertEquals(-1, run(XGETBV, 0));
        assertEquals(3, cpu.reg64(CpuLayout.RAX));
        cpu.reg64(CpuLayout.RCX, 1);
        xmm(15, 1);
        assertEquals(-1, run(XGETBV, 0));
        assertEquals(2, cpu.reg64(CpuLayout.RAX));
    }

    @Test
    void aComponentsPlaceFollowsFromThoseBeforeIt() {
        assertEquals(576, XsaveLayout.standardBytes(3));
        assertEquals(576, XsaveLayout.compactedBytes(3));
        assertEquals(832, XsaveLayout.standardBytes(7));
        assertEquals(832, XsaveLayout.compactedBytes(4));
    }

    private long upper(int n) {
        return HostMemory.loadLong(cpu.state + CpuLayout.XMM + CpuLayout.XMM_STRIDE * (long) n + 24);
    }

    private void upper(int n, long value) {
        HostMemory.storeLong(cpu.state + CpuLayout.XMM + CpuLayout.XMM_STRIDE * (long) n + 24, value);
    }

    @Test
    void upperHalvesOfYmmRegistersAreAComponentOfTheirOwn() {
        cpu.system.xcr0 = 7;
        upper(15, 0x55);
        xmm(15, 0x44);
        assertEquals(-1, run(XSAVE, 7));
        assertEquals(6, memory.loadLong(XSTATE_BV));
        assertEquals(0x55, memory.loadLong(DATA + 576 + 15 * 16 + 8));

        upper(15, 1);
        xmm(15, 1);
        assertEquals(-1, run(XRSTOR, 4));
        assertEquals(0x55, upper(15));
        assertEquals(1, xmm(15));

        memory.storeLong(XSTATE_BV, 0);
        assertEquals(-1, run(XRSTOR, 4));
        assertEquals(0, upper(15));
    }

    @Test
    void upperHalvesOfYmmRegistersAreSavedCompactedAndOnlyIfInUse() {
        cpu.system.xcr0 = 7;
        upper(0, 0);
        memory.storeLong(DATA + 576 + 8, 0x77);
        assertEquals(-1, run(XSAVEC, 7));
        assertEquals(0, memory.loadLong(XSTATE_BV) & 4);
        assertEquals(COMPACTED | 7, memory.loadLong(XCOMP_BV));
        assertEquals(0x77, memory.loadLong(DATA + 576 + 8));

        upper(0, 0x99);
        assertEquals(-1, run(XSAVEC, 7));
        assertEquals(4, memory.loadLong(XSTATE_BV) & 4);
        upper(0, 0);
        assertEquals(-1, run(XRSTOR, 7));
        assertEquals(0x99, upper(0));
    }

    @Test
    void aProcessorWithoutAvxRefusesItsComponent() {
        CpuidModel model = CpuidModel.builder().without(CpuFeature.AVX).build();
        assertEquals(3, model.xcr0Supported() & 7);
    }

    @Test
    void theRightsOfProtectionKeysAreAComponent() {
        cpu.system.xcr0 = 0x207;
        cpu.keys.user(0x55);
        assertEquals(-1, run(XSAVE, 0x200));
        assertEquals(0x200, memory.loadLong(XSTATE_BV));
        assertEquals(0x55, memory.loadLong(DATA + 832));
        assertEquals(-1, run(XSAVEC, 0x204));
        assertEquals(0x55, memory.loadLong(DATA + 576 + 256));
        assertEquals(-1, run(XSAVEC, 0x200));
        assertEquals(0x55, memory.loadLong(DATA + 576));

        cpu.keys.user(0);
        assertEquals(-1, run(XRSTOR, 0x200));
        assertEquals(0x55, cpu.keys.user());
        memory.storeLong(XSTATE_BV, 0);
        assertEquals(-1, run(XRSTOR, 0x200));
        assertEquals(0, cpu.keys.user());
    }

    @Test
    void availabilityFollowsCr0AndCr4() {
        // movaps xmm0, xmm0; fld1; paddb mm0, mm0; fwait
        String sse = "0f28c0";
        String x87 = "d9e8";
        String mmx = "0ffcc0";
        cpu.cr0 |= ControlBits.CR0_TS;
        assertEquals(GuestFault.NM, run(sse, 0));
        assertEquals(GuestFault.NM, run(x87, 0));
        assertEquals(GuestFault.NM, run(mmx, 0));
        assertEquals(-1, run("9b", 0));
        cpu.cr0 |= ControlBits.CR0_MP;
        assertEquals(GuestFault.NM, run("9b", 0));
        cpu.cr0 = cpu.cr0 & ~(ControlBits.CR0_TS | ControlBits.CR0_MP) | ControlBits.CR0_EM;
        assertEquals(GuestFault.UD, run(sse, 0));
        assertEquals(GuestFault.NM, run(x87, 0));
        assertEquals(GuestFault.UD, run(mmx, 0));
        cpu.cr0 &= ~ControlBits.CR0_EM;
        cpu.cr4 &= ~ControlBits.CR4_OSFXSR;
        assertEquals(GuestFault.UD, run(sse, 0));
    }
}
