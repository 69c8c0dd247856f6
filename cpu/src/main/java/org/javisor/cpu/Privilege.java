// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Checks that many system instructions share.
final class Privilege {
    private Privilege() { }

    /// @throws GuestFault #GP(0) outside CPL 0, which virtual-8086 mode is always
    static void require(Cpu cpu) {
        if (cpu.cpl != 0) {
            throw cpu.gp(0);
        }
    }

    /// For SGDT, SIDT, SLDT, STR and SMSW.
    ///
    /// @throws GuestFault #GP(0) outside CPL 0 when CR4.UMIP is set
    static void requireUserModeInformation(Cpu cpu) {
        if ((cpu.cr4 & ControlBits.CR4_UMIP) != 0 && cpu.cpl != 0) {
            throw cpu.gp(0);
        }
    }

    static int iopl(Cpu cpu) {
        return (cpu.systemFlags() & Flags.IOPL) >> 12;
    }
}
