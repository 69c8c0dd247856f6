// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// The machine-check architecture: banks that report hardware errors. This processor has none by itself; its owner may
/// say that there is one.
///
/// @sdm vol. 3B chapter 16 "Machine-Check Architecture"
/// @kvm Documentation/virt/kvm/api.rst "KVM_X86_SET_MCE"
public final class MachineCheck {
    public static final int BANKS = 10;
    // Bits of MCi_STATUS.
    public static final long VALID = 1L << 63;
    private static final long OVERFLOW = 1L << 62, UNCORRECTED = 1L << 61, CORRUPT = 1L << 57,
            SIGNALLED = 1L << 56, ACTION_REQUIRED = 1L << 55;
    /// Of MCG_STATUS: a machine check is being handled.
    private static final long IN_PROGRESS = 1 << 2;
    private static final long STATUS_BITS = 7;
    /// IA32_MCG_CTL is there, and errors may be recoverable by software.
    private static final long CAPABILITIES = BANKS | 1 << 8 | 1 << 24;
    /// Errors that are no exception may interrupt: Intel's processors do that.
    private static final long HAS_INTERRUPT = 1 << 10;
    // Bits of MCi_CTL2.
    private static final long INTERRUPTS = 1 << 30, THRESHOLD = 0x7fff;
    private static final int REGISTERS = 4, CONTROL = 0, STATUS = 1, ADDRESS = 2, MISCELLANEOUS = 3;

    private final Cpu cpu;
    private long status;
    private long control = -1;
    /// CTL, STATUS, ADDR and MISC of each bank.
    private final long[] banks = new long[REGISTERS * BANKS];
    /// MCi_CTL2; none where there is no such interrupt.
    private final long[] interruptControl;

    MachineCheck(Cpu cpu) {
        this.cpu = cpu;
        this.interruptControl = new long[cpu.cpuid.vendor() == CpuVendor.INTEL ? BANKS : 0];
        enableBanks();
    }

    private void enableBanks() {
        for (int bank = 0; bank < BANKS; bank++) {
            banks[REGISTERS * bank + CONTROL] = -1;
        }
    }

    /// RESET: what the banks report stays, for who starts next.
    void reset() {
        status = 0;
        control = -1;
        Arrays.fill(interruptControl, 0);
        enableBanks();
    }

    // ---- registers ----

    void define(MsrTable table) {
        long capabilities = interruptControl.length == 0 ? CAPABILITIES : CAPABILITIES | HAS_INTERRUPT;
        table.define(Msrs.MCG_CAP, () -> capabilities, MsrTable.READ_ONLY);
        for (int n = 0; n < interruptControl.length; n++) {
            int bank = n;
            table.define(Msrs.MC0_CTL2 + n, () -> interruptControl[bank], value -> writeInterrupt(bank, value));
        }
        table.define(Msrs.MCG_STATUS, () -> status, this::writeStatus);
        table.define(Msrs.MCG_CTL, () -> control, this::writeControl);
        for (int n = 0; n < BANKS; n++) {
            int bank = REGISTERS * n;
            int first = Msrs.MC0_CTL + bank;
            table.define(first + CONTROL, () -> banks[bank], value -> writeBankControl(bank, value));
            for (int register = STATUS; register <= MISCELLANEOUS; register++) {
                int at = bank + register;
                boolean clearedOnly = register == STATUS;
                table.define(first + register, () -> banks[at], value -> writeBank(at, value, clearedOnly));
            }
            table.restoredBy(first + STATUS, value -> writeBank(bank + STATUS, value, false));
        }
    }

    private boolean writeStatus(long value) {
        if ((value & ~STATUS_BITS) != 0) {
            return false;
        }
        status = value;
        return true;
    }

    /// All ones or nothing.
    private boolean writeControl(long value) {
        if (value != 0 && value != -1) {
            return false;
        }
        control = value;
        return true;
    }

    /// All ones or nothing, but for the two bits that systems are known to clear in some banks.
    private boolean writeBankControl(int bank, long value) {
        if (value != 0 && (value | 1 << 10 | 1) != -1) {
            return false;
        }
        banks[bank] = value;
        return true;
    }

    private boolean writeInterrupt(int bank, long value) {
        if ((value & ~(INTERRUPTS | THRESHOLD)) != 0) {
            return false;
        }
        interruptControl[bank] = value;
        return true;
    }

    private boolean writeBank(int at, long value, boolean clearedOnly) {
        if (clearedOnly && value != 0) {
            return false;
        }
        banks[at] = value;
        return true;
    }

    // ---- errors ----

    /// Reports an error in a bank, and interrupts with #MC if it is uncorrected. While the processor does not run.
    ///
    /// An uncorrected error shuts the processor down if it handles one already, or if its system has not enabled
    /// machine checks; it goes unnoticed if the system has disabled reporting. A bank keeps the more serious of two
    /// errors, the later of two alike, and notes that there were two.
    ///
    /// @param bank          below [#BANKS]
    /// @param bankStatus    for MCi_STATUS; with [#VALID]
    /// @param globalStatus  for IA32_MCG_STATUS, if #MC is to come
    /// @param address       for MCi_ADDR
    /// @param miscellaneous for MCi_MISC
    public void report(int bank, long bankStatus, long globalStatus, long address, long miscellaneous) {
        int at = REGISTERS * bank;
        boolean uncorrected = (bankStatus & UNCORRECTED) != 0;
        boolean unsignalled = uncorrected && globalStatus == 0
                && (bankStatus & (CORRUPT | SIGNALLED | ACTION_REQUIRED)) == 0;
        if (!uncorrected || unsignalled) {
            log(at, bankStatus, address, miscellaneous);
            interrupt(bank);
            return;
        }
        if (control != -1 || banks[at + CONTROL] != -1) {
            return;
        }
        if ((status & IN_PROGRESS) != 0 || (cpu.cr4 & ControlBits.CR4_MCE) == 0) {
            cpu.exceptions.shutsDown(true);
            return;
        }
        store(at, bankStatus, address, miscellaneous);
        status = globalStatus & STATUS_BITS;
        cpu.exceptions.queue(GuestFault.MC, true, false, 0);
    }

    /// Who reports has counted: each report is as many errors as the system wants to be told of.
    ///
    /// @sdm vol. 3B §16.5 "Corrected Machine Check Error Interrupt"
    private void interrupt(int bank) {
        if (bank < interruptControl.length && (interruptControl[bank] & INTERRUPTS) != 0) {
            cpu.environment.interruptController().machineCheckInterrupt();
        }
    }

    private void log(int at, long bankStatus, long address, long miscellaneous) {
        long now = banks[at + STATUS];
        if ((now & VALID) != 0 && (now & UNCORRECTED) != 0) {
            banks[at + STATUS] |= OVERFLOW;
        } else {
            store(at, bankStatus, address, miscellaneous);
        }
    }

    private void store(int at, long bankStatus, long address, long miscellaneous) {
        long overflow = (banks[at + STATUS] & VALID) != 0 ? OVERFLOW : 0;
        banks[at + STATUS] = bankStatus | overflow;
        banks[at + ADDRESS] = address;
        banks[at + MISCELLANEOUS] = miscellaneous;
    }
}
