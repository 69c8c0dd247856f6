// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Why [Cpu#run] returned. Numbers and not objects, because an exit may happen once per device access; what an exit
/// carries is in fields of the [Cpu].
public final class CpuExit {
    /// No reason to leave: the processor goes on. Never returned by [Cpu#run].
    public static final int NONE = 0;
    /// HLT or MWAIT was executed, and nothing is pending that may be taken.
    public static final int HALT = 1;
    /// [Requests#KICK] was requested (and is now cancelled).
    public static final int KICK = 2;
    /// A triple fault.
    public static final int SHUTDOWN = 3;
    /// An INIT left the processor waiting for a start-up IPI.
    public static final int WAIT_FOR_STARTUP = 4;
    /// IN from [Cpu#exitAddress], [Cpu#exitBytes] wide: answer with [Cpu#completeRead], then run again.
    public static final int PORT_READ = 5;
    /// OUT of [Cpu#exitValue]; run again to go on behind it.
    public static final int PORT_WRITE = 6;
    /// A load from guest-physical memory that nothing backs; as [#PORT_READ].
    public static final int MMIO_READ = 7;
    /// A store to guest-physical memory that nothing backs; as [#PORT_WRITE].
    public static final int MMIO_WRITE = 8;
    /// VMCALL or VMMCALL, already behind the processor; arguments and results are in the general registers.
    public static final int HYPERCALL = 9;
    /// A bug of the processor's, described by [Cpu#failure].
    public static final int INTERNAL_ERROR = 10;
    /// What a debugger outside waits for has happened: [Cpu#outsideDebug] tells.
    public static final int DEBUG = 11;
    /// The processor would take an interrupt now, and [InterruptController#acknowledge] asked to leave.
    public static final int INTERRUPT_WINDOW = 12;
    /// RDMSR of [Cpu#exitAddress] that the [MsrPolicy] has somebody outside answer, for reason [Cpu#exitBytes]: by
    /// [Cpu#completeRead] or [Cpu#refuse].
    public static final int MSR_READ = 13;
    /// WRMSR of [Cpu#exitValue] to [Cpu#exitAddress], for reason [Cpu#exitBytes]; as [#MSR_READ].
    public static final int MSR_WRITE = 14;
    /// A LOCKed access has crossed a cache line ([CpuGroup#busLocksLeave]); its instruction is done.
    public static final int BUS_LOCK = 15;
    /// How many there are.
    public static final int COUNT = 16;

    private static final String[] NAMES = {"NONE", "HALT", "KICK", "SHUTDOWN", "WAIT_FOR_STARTUP", "PORT_READ",
        "PORT_WRITE", "MMIO_READ", "MMIO_WRITE", "HYPERCALL", "INTERNAL_ERROR", "DEBUG", "INTERRUPT_WINDOW", "MSR_READ",
        "MSR_WRITE", "BUS_LOCK"};

    private CpuExit() { }

    /// Whether it is an access to a device, which has an address, a size and a value.
    public static boolean isAccess(int exit) {
        return exit >= PORT_READ && exit <= MMIO_WRITE;
    }

    /// The name of the constant, for messages.
    public static String name(int exit) {
        return NAMES[exit];
    }
}
