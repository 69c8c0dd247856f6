// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDX;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// Protection keys: a page's number, 0 to 15, and for each number whether data of such pages may be accessed and
/// written; PKRU says so for user pages, IA32_PKRS for the others.
///
/// What is permitted is in the TLB. A change of rights therefore drops the translations of the pages with those keys,
/// which the TLB knows.
///
/// @sdm vol. 3A §4.6.2 "Protection Keys"
final class ProtectionKeys {
    static final int ACCESS_DISABLED = 1, WRITE_DISABLED = 2;
    private static final int KEYS = 16, KEY_POSITION = 59;

    private final Cpu cpu;
    private int supervisor;

    ProtectionKeys(Cpu cpu) {
        this.cpu = cpu;
    }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.RDPKRU, ProtectionKeys::readUserRights)
                .bind(Mnemonic.WRPKRU, ProtectionKeys::writeUserRights);
    }

    /// The key in a page table entry.
    static int key(long leaf) {
        return (int) (leaf >>> KEY_POSITION) & KEYS - 1;
    }

    /// Whether pages have keys now.
    boolean enabled() {
        return (cpu.cr4 & (ControlBits.CR4_PKE | ControlBits.CR4_PKS)) != 0;
    }

    /// [#ACCESS_DISABLED] and [#WRITE_DISABLED], of pages with `key`.
    int rights(int key, boolean userPage) {
        boolean checked = (cpu.cr4 & (userPage ? ControlBits.CR4_PKE : ControlBits.CR4_PKS)) != 0;
        return checked ? (userPage ? user() : supervisor) >>> 2 * key & 3 : 0;
    }

    /// PKRU.
    int user() {
        return HostMemory.loadInt(cpu.state + CpuLayout.PKRU);
    }

    void user(int value) {
        int before = user();
        HostMemory.storeInt(cpu.state + CpuLayout.PKRU, value);
        forget(before ^ value);
    }

    /// IA32_PKRS.
    int supervisor() {
        return supervisor;
    }

    void supervisor(int value) {
        int before = supervisor;
        supervisor = value;
        forget(before ^ value);
    }

    /// @param changed two bits a key
    private void forget(int changed) {
        int keys = 0;
        for (int key = 0; key < KEYS; key++) {
            keys |= (changed >>> 2 * key & 3) != 0 ? 1 << key : 0;
        }
        if (keys != 0 && enabled()) {
            cpu.mmu.spaces.forgetKeys(keys);
        }
    }

    void reset() {
        HostMemory.storeInt(cpu.state + CpuLayout.PKRU, 0);
        supervisor = 0;
    }

    private static void require(Cpu cpu, boolean zeros) {
        if ((cpu.cr4 & ControlBits.CR4_PKE) == 0) {
            throw cpu.ud();
        }
        if (!zeros) {
            throw cpu.gp(0);
        }
    }

    private static void readUserRights(Cpu cpu, Insn insn) {
        require(cpu, cpu.reg32(RCX) == 0);
        cpu.reg32(RAX, cpu.keys.user());
        cpu.reg32(RDX, 0);
    }

    private static void writeUserRights(Cpu cpu, Insn insn) {
        require(cpu, cpu.reg32(RCX) == 0 && cpu.reg32(RDX) == 0);
        cpu.keys.user(cpu.reg32(RAX));
    }
}
