// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.javisor.memory.Ram;
import org.javisor.vmm.GuestDebug.Event;
import org.javisor.vmm.GuestDebug.Kind;
import org.javisor.vmm.GuestDebug.Point;
import org.javisor.vmm.conformance.Engines;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// Steps, breakpoints and watchpoints of a debugger outside, in a processor without interrupt chips.
@ParameterizedClass
@MethodSource("org.javisor.vmm.conformance.Engines#all")
class GuestDebugTest {
    private final String engine;
    private final Hypervisor hypervisor;
    private final Vm vm;
    private final Ram ram = Ram.allocate(1 << 20);
    private Vcpu vcpu;

    GuestDebugTest(String engine) {
        this.engine = engine;
        this.hypervisor = Engines.open(engine);
        this.vm = hypervisor.createVm();
    }

    @AfterEach
    void close() {
        vm.close();
        hypervisor.close();
        ram.close();
    }

    private void load(String listing) {
        vm.memory().addSlot(0, 0, ram);
        vm.memory().store(0x1000, GuestCode.of(listing));
        vcpu = vm.createVcpu(0);
        vcpu.registers().realMode(0x1000);
    }

    private void ask(boolean step, Point... points) {
        vcpu.debug(new GuestDebug(step, true, List.of(points)));
    }

    private static VmExit debug(long rip, Event event, long address) {
        return new VmExit.Debug(rip, event, address);
    }

    @Test
    void eachStepIsOneInstruction() {
        Engines.assumeProcessor(engine);
        load("""
                40      inc ax
                e680    out 0x80, al
                40      inc ax
                f4      hlt
                """);
        ask(true);

        assertEquals(debug(0x1001, Event.STEP, 0x1001), vcpu.run());
        assertEquals(1, vcpu.registers().general(Registers.RAX));
        assertEquals(new VmExit.PortWrite(0x80, 1, 1), vcpu.run());
        assertEquals(debug(0x1003, Event.STEP, 0x1003), vcpu.run());
        assertEquals(debug(0x1004, Event.STEP, 0x1004), vcpu.run());

        vcpu.debug(GuestDebug.OFF);
        assertEquals(VmExit.Halt.INSTANCE, vcpu.run());
    }

    /// Only while it is stepped.
    @Test
    void anNmiWaitsUntilStepsThatHoldInterruptsAreOver() {
        Engines.assumeProcessor(engine);
        load("""
                40      inc ax
                40      inc ax
                f4      hlt
                """);
        vm.memory().storeInt(4 * 2, 0x1800);
        vm.memory().store(0x1800, GuestCode.of("e681 out 0x81, al"));
        vcpu.registers().general(Registers.RSP, 0x1000);
        vcpu.injectNmi();
        ask(true);

        assertEquals(debug(0x1001, Event.STEP, 0x1001), vcpu.run());
        assertEquals(debug(0x1002, Event.STEP, 0x1002), vcpu.run());
        vcpu.debug(GuestDebug.OFF);

        assertEquals(new VmExit.PortWrite(0x81, 1, 2), vcpu.run());
        assertEquals(0x1002, vm.memory().loadShort(vcpu.registers().general(Registers.RSP)));
    }

    @Test
    void aStepOverHltEndsBeforeItsWait() {
        Engines.assumeProcessor(engine);
        try (Vm pc = hypervisor.createVm(VmConfig.pc(1))) {
            pc.memory().addSlot(0, 0, ram);
            pc.memory().store(0x1000, GuestCode.of("""
                    f4      hlt
                    40      inc ax
                    """));
            vcpu = pc.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            ask(true);

            assertEquals(debug(0x1001, Event.STEP, 0x1001), vcpu.run());
            assertEquals(MpState.HALTED, vcpu.mpState());

            vcpu.injectNmi();
            pc.memory().storeInt(4 * 2, 0x1001);
            assertEquals(debug(0x1002, Event.STEP, 0x1002), vcpu.run(), "through the NMI's handler, which is there");
        }
    }

    @Test
    void ofAStepOverABareProcessorsHltTheHltIsTold() {
        Engines.assumeProcessor(engine);
        load("""
                f4      hlt
                40      inc ax
                """);
        ask(true);

        assertEquals(VmExit.Halt.INSTANCE, vcpu.run());
        assertEquals(debug(0x1002, Event.STEP, 0x1002), vcpu.run());
    }

    @Test
    void aBreakpointStopsBeforeItsInstructionAndCanBePassed() {
        load("""
                41      inc cx
                40      inc ax
                ebfc    jmp 0x1000
                """);
        Point point = new Point(Kind.EXECUTION, 0x1001, 1);
        for (int round = 1; round <= 3; round++) {
            ask(false, point);
            assertEquals(debug(0x1001, Event.BREAKPOINT, 0x1001), vcpu.run());
            assertEquals(round, vcpu.registers().general(Registers.RCX));
            assertEquals(round - 1, vcpu.registers().general(Registers.RAX));
            ask(true);
            assertEquals(debug(0x1002, Event.STEP, 0x1002), vcpu.run());
        }
    }

    @Test
    void onlyTheDebuggersInt3StopsTheOtherIsTheGuests() {
        Engines.assumeProcessor(engine);
        load("""
                90             nop
                """);
        // The guest's #BP handler is at 0x1100 and writes to a port.
        vm.memory().store(12, 2, 0x1100);
        vm.memory().store(0x1000, GuestCode.of("""
                bc0010         mov sp, 0x1000
                cc             int3
                cc             int3
                f4             hlt
                """));
        vm.memory().store(0x1100, GuestCode.of("""
                e680           out 0x80, al
                cf             iret
                """));
        ask(false, new Point(Kind.INT3, 0x1004, 1));

        assertEquals(new VmExit.PortWrite(0x80, 1, 0), vcpu.run());
        assertEquals(debug(0x1004, Event.INT3, 0x1004), vcpu.run());
    }

    @Test
    void aWatchpointStopsBehindTheAccessAndSeesOverlaps() {
        Engines.assumeProcessor(engine);
        load("""
                a10020         mov ax, [0x2000]
                a30120         mov [0x2001], ax
                a10420         mov ax, [0x2004]
                a30620         mov [0x2006], ax
                f4             hlt
                """);
        ask(false, new Point(Kind.WRITE, 0x2002, 2), new Point(Kind.READ, 0x2004, 4));

        assertEquals(debug(0x1006, Event.WRITE, 0x2002), vcpu.run());
        assertEquals(debug(0x1009, Event.READ, 0x2004), vcpu.run());
        assertEquals(VmExit.Halt.INSTANCE, vcpu.run());
    }

    @Test
    void aFaultThatIsSteppedLeadsToItsHandler() {
        Assumptions.assumeTrue(engine.equals("software"), "processors step from where the handler returns");
        load("""
                bc0010         mov sp, 0x1000
                0f0b           ud2
                """);
        vm.memory().store(6 * 4, 2, 0x1200);
        ask(true);

        vcpu.run();
        assertEquals(debug(0x1200, Event.STEP, 0x1200), vcpu.run());
    }

    @Test
    void theGuestsOwnBreakpointsKeepWorking() {
        load("""
                bc0010         mov sp, 0x1000
                66b806100000   mov eax, 0x100f
                90             nop
                90             nop
                f4             hlt
                """);
        vm.memory().store(4, 2, 0x1300);
        vm.memory().store(0x1300, GuestCode.of("e680 out 0x80, al"));
        vcpu.registers().debug(0, 0x100a);
        vcpu.registers().debug(7, 1);
        ask(false, new Point(Kind.EXECUTION, 0x1009, 1));

        assertEquals(debug(0x1009, Event.BREAKPOINT, 0x1009), vcpu.run());
        ask(false);
        assertEquals(new VmExit.PortWrite(0x80, 1, 6), vcpu.run());
    }

    @Test
    void pointsThatCannotBeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Point(Kind.EXECUTION, 0x1000, 2));
        assertThrows(IllegalArgumentException.class, () -> new Point(Kind.WRITE, 0x1001, 2));
        assertThrows(IllegalArgumentException.class, () -> new Point(Kind.WRITE, 0x1000, 3));
    }
}
