// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.IntStream;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Capability;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What guests are told of interfaces that hypervisors offer.
@Timeout(60)
class GuestInterfaceConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";

    /// Executes CPUID with EAX as it is.
    private static Guest asking(String engine, GuestInterface... offered) {
        VmConfig config = VmConfig.pc(1).withExitsOnUnclaimed(true).withInterfaces(Set.of(offered));
        try {
            return new Guest(engine, config, """
                    0fa2    cpuid
                    e680    out 0x80, al
                    """);
        } catch (ConfigurationException e) {
            return Assumptions.abort(e.getMessage());
        }
    }

    private static String signature(Guest guest, int leaf) {
        Registers registers = guest.vcpu.registers();
        registers.general(Registers.RAX, leaf);
        registers.general(Registers.RCX, 0);
        registers.rip(Guest.CODE);
        assertInstanceOf(VmExit.PortWrite.class, guest.run());
        ByteBuffer name = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        name.putInt((int) registers.general(Registers.RBX)).putInt((int) registers.general(Registers.RCX))
                .putInt((int) registers.general(Registers.RDX));
        return new String(name.array(), StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void kvmsInterfaceIsAnnounced(String engine) {
        try (Guest guest = asking(engine, GuestInterface.KVM)) {
            assertEquals("KVMKVMKVM\0\0\0", signature(guest, 0x4000_0000));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void hypervsInterfaceIsAnnouncedBeforeKvms(String engine) {
        try (Guest guest = asking(engine, GuestInterface.HYPERV, GuestInterface.KVM)) {
            assertEquals("Microsoft Hv", signature(guest, 0x4000_0000));
            assertEquals("KVMKVMKVM\0\0\0", signature(guest, 0x4000_0100));
        }
    }

    /// Leaves of any kind: basic ones, extended ones, a hypervisor's, and one that there is not.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void theGuestIsToldWhatItsOwnerReads(String engine) {
        try (Guest guest = asking(engine, GuestInterface.KVM)) {
            Registers registers = guest.vcpu.registers();
            int[] leaves = IntStream.of(0, 0x4000_0000, 0x7000_0000, 0x8000_0000)
                    .flatMap(first -> IntStream.range(first, first + 0x18)).toArray();
            for (int leaf : leaves) {
                signature(guest, leaf);
                assertEquals(new Registers.CpuidAnswer((int) registers.general(Registers.RAX),
                        (int) registers.general(Registers.RBX), (int) registers.general(Registers.RCX),
                        (int) registers.general(Registers.RDX)), registers.cpuid(leaf, 0), "leaf " + leaf);
            }
        }
    }

    /// A number that no call has, so that KVM answers itself; a guest may use the other maker's instruction.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void callsAreMadeByEitherInstruction(String engine) {
        Engines.assumeProcessor(engine);
        VmConfig config = VmConfig.pc(1).withExitsOnUnclaimed(true).withInterfaces(Set.of(GuestInterface.KVM));
        try (Guest guest = new Guest(engine, config, """
                66b834120000  mov eax, 0x1234
                0f01c1        vmcall
                66e780        out 0x80, eax
                66b834120000  mov eax, 0x1234
                0f01d9        vmmcall
                66e780        out 0x80, eax
                """)) {
            assertEquals(new VmExit.PortWrite(0x80, 4, -1000), guest.run());
            assertEquals(new VmExit.PortWrite(0x80, 4, -1000), guest.run());
        }
    }

    /// Waiting for a write to memory would keep a host's processor busy, or need all writes watched: no machine has it.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void monitorAndMwaitAreNotAnnouncedAndFault(String engine) {
        Engines.assumeProcessor(engine);
        String leafOne = """
                66b801000000  mov eax, 1
                0fa2          cpuid
                f4            hlt
                """;
        for (String instruction : new String[] {"0f01c8 monitor", "0f01c9 mwait"}) {
            try (Guest guest = new Guest(engine, leafOne + instruction + "\nf4 hlt").handling(6, 0x1800, """
                    e680          out 0x80, al
                    """)) {
                assertEquals(VmExit.Halt.INSTANCE, guest.run());
                assertEquals(0, guest.vcpu.registers().general(Registers.RCX) & 1 << 3);
                assertEquals(0x80, ((VmExit.PortWrite) guest.run()).port(), instruction);
                assertEquals(0x1009, guest.vm.memory().loadShort(guest.vcpu.registers().general(Registers.RSP)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void nestedStateIsTheEnginesOrRefused(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            if (Engines.has(engine, Capability.NESTED_STATE)) {
                guest.vcpu.nestedState(guest.vcpu.nestedState());
                assertThrows(IllegalArgumentException.class, () -> guest.vcpu.nestedState(new byte[1]));
            } else {
                assertThrows(UnsupportedOperationException.class, guest.vcpu::nestedState);
                assertThrows(UnsupportedOperationException.class, () -> guest.vcpu.nestedState(new byte[128]));
            }
        }
    }
}
