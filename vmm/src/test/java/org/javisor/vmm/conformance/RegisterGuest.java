// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import java.util.OptionalLong;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;

/// A guest that reads and writes model-specific registers when it is asked to, in real mode, and tells which accesses
/// were #GP.
final class RegisterGuest implements AutoCloseable {
    private static final int READ = 0x1100, WRITE = 0x1200, DONE = 0x80, FAULT = 0x81, GENERAL_PROTECTION = 13;

    final Guest guest;

    RegisterGuest(String engine, VmConfig config) {
        guest = new Guest(engine, config.withExitsOnUnclaimed(true), "f4 hlt")
                .handling(GENERAL_PROTECTION, 0x1800, "e681 out 0x81, al");
        guest.vm.memory().store(READ, Guest.code("0f32 rdmsr\ne680 out 0x80, al"));
        guest.vm.memory().store(WRITE, Guest.code("0f30 wrmsr\ne680 out 0x80, al"));
    }

    /// What the guest reads; empty if that is #GP.
    OptionalLong read(int index) {
        if (!passes(READ, index, 0)) {
            return OptionalLong.empty();
        }
        Registers registers = guest.vcpu.registers();
        return OptionalLong.of(
                registers.general(Registers.RDX) << 32 | registers.general(Registers.RAX) & 0xffff_ffffL);
    }

    /// Whether the guest may write `value`.
    boolean write(int index, long value) {
        return passes(WRITE, index, value);
    }

    private boolean passes(int code, int index, long value) {
        Registers registers = guest.vcpu.registers();
        registers.general(Registers.RCX, index);
        registers.general(Registers.RAX, value & 0xffff_ffffL);
        registers.general(Registers.RDX, value >>> 32);
        registers.general(Registers.RSP, Guest.CODE);
        registers.rip(code);
        int port = ((VmExit.PortWrite) guest.run()).port();
        if (port != DONE && port != FAULT) {
            throw new AssertionError("port " + port);
        }
        return port == DONE;
    }

    @Override
    public void close() {
        guest.close();
    }
}
