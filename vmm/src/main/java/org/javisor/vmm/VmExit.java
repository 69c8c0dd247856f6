// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.List;

/// Why [Vcpu#run] returned. What a bus device or an interrupt chip can answer never leaves the run loop.
public sealed interface VmExit {
    /// IN from a port that no device claims. Answer with [Vcpu#completeRead], then run again; without an answer the
    /// guest reads all-ones.
    ///
    /// @param bytes 1, 2 or 4
    record PortRead(int port, int bytes) implements VmExit { }

    /// OUT to a port that no device claims.
    ///
    /// @param bytes 1, 2 or 4
    /// @param value zero-extended
    record PortWrite(int port, int bytes, int value) implements VmExit {
        /// The lowest byte, as a stream takes it.
        public int data8() {
            return value & 0xff;
        }
    }

    /// A load from guest-physical memory that neither a slot nor a device backs; answered like [PortRead].
    ///
    /// @param bytes 1, 2, 4 or 8
    record MmioRead(long gpa, int bytes) implements VmExit { }

    /// A store to guest-physical memory that neither a slot nor a device backs.
    ///
    /// @param bytes 1, 2, 4 or 8
    /// @param value zero-extended
    record MmioWrite(long gpa, int bytes, long value) implements VmExit { }

    /// HLT, in a machine without interrupt chips; running again goes on behind it. With chips, [Vcpu#run] waits for the
    /// next interrupt itself.
    enum Halt implements VmExit { INSTANCE }

    /// VMCALL or VMMCALL, already executed: arguments and result are in the general registers.
    ///
    /// @param number RAX
    record Hypercall(long number) implements VmExit { }

    /// KVM's call by which a guest says how it wants a range of its pages mapped ([EnabledCaps#hypercallExits]). Answer
    /// with [Vcpu#completeRead], which gives what RAX becomes; without an answer that is 0, for success.
    ///
    /// @param gpa        of the first page
    /// @param pages      how many, at least 1; they do not pass the end of all addresses
    /// @param attributes as the guest gave them: page size in bits 3:0, bit 4 for encrypted pages
    record MapGpaRange(long gpa, long pages, long attributes) implements VmExit { }

    /// RDMSR that the machine's owner is to answer ([EnabledCaps#msrExits]): with [Vcpu#completeRead], or
    /// [Vcpu#refuse], which is what no answer means too.
    ///
    /// @param index of the register
    record MsrRead(int index, MsrExitReason reason) implements VmExit { }

    /// WRMSR; answered like [MsrRead], for which any value will do.
    record MsrWrite(int index, long value, MsrExitReason reason) implements VmExit { }

    /// The processor would take an interrupt now ([Vcpu#requestInterruptWindow]).
    enum InterruptWindow implements VmExit { INSTANCE }

    /// The guest has ended a level-triggered interrupt: for the I/O APIC of the machine's owner ([Irqchip#SPLIT]).
    ///
    /// @param vector of the interrupt
    record EndOfInterrupt(int vector) implements VmExit { }

    /// A LOCKed access has crossed a cache line, which holds up every processor of a real machine; its instruction is
    /// done ([EnabledCaps#busLockExits]).
    enum BusLock implements VmExit { INSTANCE }

    /// The vCPU's [org.javisor.memory.DirtyRing] has to be harvested and reset before it goes on.
    enum DirtyRingFull implements VmExit { INSTANCE }

    /// [Vcpu#kick] asked for it.
    enum Interrupted implements VmExit { INSTANCE }

    /// What [Vcpu#debug] asked to be told of.
    ///
    /// @param rip     offset in CS of the next instruction: the one with the breakpoint, or behind a step or access
    /// @param address linear, of the breakpoint or watchpoint; RIP for a step
    record Debug(long rip, GuestDebug.Event event, long address) implements VmExit { }

    /// The guest asks for something that concerns the machine as a whole, by an interface that the engine itself offers
    /// it. The vCPU can go on.
    ///
    /// @param data what comes with it, if anything
    record SystemEvent(Kind kind, List<Long> data) implements VmExit {
        public enum Kind { SHUTDOWN, RESET, CRASH, OTHER }

        public SystemEvent {
            data = List.copyOf(data);
        }
    }

    /// A triple fault; a PC answers with a reset.
    record Shutdown(long rip) implements VmExit { }

    /// The host's processor does not enter the guest with the state that the vCPU has (`KVM_EXIT_FAIL_ENTRY`). Software
    /// processors have no such states. The vCPU cannot go on as it is.
    ///
    /// @param reason  of the host's processor, as its manual lists them
    /// @param hostCpu the number of the host's processor, or -1 where the host's kernel does not tell
    record FailEntry(long rip, long reason, int hostCpu) implements VmExit { }

    /// A bug of the hypervisor's, never the guest's. The vCPU cannot go on.
    ///
    /// @param reason what went wrong, with the processor's state
    record InternalError(long rip, String reason) implements VmExit { }
}
