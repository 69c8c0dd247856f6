// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.javisor.host.Errno;
import org.javisor.host.HostDevice;
import org.javisor.host.HostMemory;
import org.javisor.host.Ioctl;
import org.javisor.host.Mapping;

/// A processor of KVM's, with the page that it shares: `struct kvm_run`.
///
/// One thread at a time makes requests: KVM holds a processor's lock while it runs, so a request from another thread
/// would wait for the end of the run. The shared page may be read and written by any thread.
public final class VcpuFd extends KvmFd {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final int MSR_HEADER_BYTES = 8, MSR_BYTES = 16;
    private static final int MAX_CPUID_ENTRIES = 256;
    private static final int DEVICE_ATTRIBUTE_BYTES = 24;
    /// KVM_DIRTY_LOG_PAGE_OFFSET.
    private static final int DIRTY_RING_PAGE = 64;

    private final Mapping shared;
    private final long run;
    private final VmFd machine;
    private final int ringPage;

    /// @param ringPage where in the shared pages the ring of gathered writes is; 0 if there is none
    VcpuFd(HostDevice device, VmFd machine, int sharedBytes, int ringPage) {
        super(device);
        this.machine = machine;
        this.ringPage = ringPage;
        this.shared = device.map(0, sharedBytes);
        this.run = shared.hva();
    }

    /// The shared page's address: [RunLayout] says what is where.
    public long run() {
        return run;
    }

    /// What the machine's is worth: processors themselves do not tell.
    @Override
    public int extension(KvmCapability capability) {
        return machine.extension(capability);
    }

    /// The address of the ring of gathered writes, which all processors of a machine share; 0 if there is none.
    public long coalescedRing() {
        return ringPage == 0 ? 0 : run + (long) ringPage * Mapping.PAGE_BYTES;
    }

    /// The ring in which KVM tells what the processor has written.
    ///
    /// @param bytes its size, as it was asked for when the machine was made
    public Mapping dirtyRing(long bytes) {
        return device.map((long) DIRTY_RING_PAGE * Mapping.PAGE_BYTES, bytes);
    }

    /// Runs the guest until it needs something, or a signal ends the run.
    ///
    /// @return the reason of [RunLayout]; [RunLayout#EXIT_INTR] for a signal or an immediate exit
    public int enter() {
        int result = device.tryCall(KvmCalls.KVM_RUN, 0);
        if (result == 0) {
            return HostMemory.loadInt(run + RunLayout.EXIT_REASON);
        }
        // EAGAIN: the processor waited for its start-up IPI and something woke it that was none.
        if (result == -Errno.EINTR.number || result == -Errno.EAGAIN.number) {
            return RunLayout.EXIT_INTR;
        }
        int reason = HostMemory.loadInt(run + RunLayout.EXIT_REASON);
        if (reason == RunLayout.EXIT_INTERNAL_ERROR) {
            return reason;
        }
        throw new KvmException(KvmCalls.KVM_RUN, device, -result);
    }

    /// Has the next [#enter] return at once, after what the guest waits for has been completed, or no longer does. Any
    /// thread.
    public void immediateExit(boolean whether) {
        HostMemory.storeByte(run + RunLayout.IMMEDIATE_EXIT, (byte) (whether ? 1 : 0));
    }

    /// Has the next [#enter] return as soon as the processor takes interrupts, or not for that.
    public void requestInterruptWindow(boolean whether) {
        HostMemory.storeByte(run + RunLayout.REQUEST_INTERRUPT_WINDOW, (byte) (whether ? 1 : 0));
    }

    /// Whether the processor took interrupts when it last left the guest.
    public boolean readyForInterrupt() {
        return HostMemory.loadByte(run + RunLayout.READY_FOR_INTERRUPT_INJECTION) != 0;
    }

    /// Fills a structure with a part of the state.
    public void get(Ioctl request, MemorySegment structure) {
        call(request, structure);
    }

    /// Sets a part of the state.
    public void set(Ioctl request, MemorySegment structure) {
        call(request, structure);
    }

    /// Says what the processor is; before it has run.
    public void cpuid(CpuidTable table) {
        with(CpuidTable.bytes(table.entries().size()), structure -> {
            table.write(structure);
            return call(KvmCalls.KVM_SET_CPUID2, structure);
        });
    }

    /// What CPUID answers now.
    public CpuidTable cpuid() {
        return with(CpuidTable.bytes(MAX_CPUID_ENTRIES), structure -> {
            structure.set(INT, 0, MAX_CPUID_ENTRIES);
            call(KvmCalls.KVM_GET_CPUID2, structure);
            return CpuidTable.read(structure);
        });
    }

    /// Reads model-specific registers, in the order of their numbers, up to the first that cannot be read.
    ///
    /// @return the values of those that could be read
    public long[] msrs(int... indices) {
        return with(MSR_HEADER_BYTES + (long) MSR_BYTES * indices.length, list -> {
            list.set(INT, 0, indices.length);
            for (int i = 0; i < indices.length; i++) {
                list.set(INT, MSR_HEADER_BYTES + (long) MSR_BYTES * i, indices[i]);
            }
            long[] values = new long[call(KvmCalls.KVM_GET_MSRS, list)];
            for (int i = 0; i < values.length; i++) {
                values[i] = list.get(LONG, MSR_HEADER_BYTES + (long) MSR_BYTES * i + 8);
            }
            return values;
        });
    }

    /// Writes one model-specific register.
    ///
    /// @return whether there is such a register and it takes the value
    public boolean msr(int index, long value) {
        return with(MSR_HEADER_BYTES + MSR_BYTES, list -> {
            list.set(INT, 0, 1);
            list.set(INT, MSR_HEADER_BYTES, index);
            list.set(LONG, MSR_HEADER_BYTES + 8, value);
            return call(KvmCalls.KVM_SET_MSRS, list) == 1;
        });
    }

    /// The guest-physical address of a linear one, or -1.
    public long translate(long gva) {
        return with(24, translation -> {
            translation.set(LONG, 0, gva);
            call(KvmCalls.KVM_TRANSLATE, translation);
            return translation.get(ValueLayout.JAVA_BYTE, 16) == 0 ? -1 : translation.get(LONG, 8);
        });
    }

    /// Gives the processor machine-check banks; before it runs.
    ///
    /// @param capabilities for IA32_MCG_CAP: how many in bits 7:0
    public void machineCheckBanks(long capabilities) {
        with(8, value -> {
            value.set(LONG, 0, capabilities);
            return call(KvmCalls.KVM_X86_SETUP_MCE, value);
        });
    }

    /// Reports a machine-check error in a bank.
    public void machineCheck(int bank, long status, long address, long miscellaneous, long globalStatus) {
        with(64, error -> {
            error.set(LONG, 0, status);
            error.set(LONG, 8, address);
            error.set(LONG, 16, miscellaneous);
            error.set(LONG, 24, globalStatus);
            error.set(ValueLayout.JAVA_BYTE, 32, (byte) bank);
            return call(KvmCalls.KVM_X86_SET_MCE, error);
        });
    }

    /// Signals a non-maskable interrupt.
    public void nmi() {
        call(KvmCalls.KVM_NMI, 0);
    }

    /// Signals a system management interrupt.
    public void smi() {
        call(KvmCalls.KVM_SMI, 0);
    }

    /// What CPUID can be made to answer to guests that know Hyper-V.
    public CpuidTable supportedHypervCpuid() {
        return with(CpuidTable.bytes(MAX_CPUID_ENTRIES), structure -> {
            structure.set(INT, 0, MAX_CPUID_ENTRIES);
            call(KvmCalls.KVM_GET_SUPPORTED_HV_CPUID, structure);
            return CpuidTable.read(structure);
        });
    }

    /// What the processor has of guests of its guest's; `struct kvm_nested_state`.
    public byte[] nestedState() {
        int most = extension(KvmCapability.NESTED_STATE);
        return with(most, structure -> {
            structure.set(INT, StateLayout.NESTED_SIZE, most);
            call(KvmCalls.KVM_GET_NESTED_STATE, structure);
            return structure.asSlice(0, structure.get(INT, StateLayout.NESTED_SIZE)).toArray(ValueLayout.JAVA_BYTE);
        });
    }

    /// @param state as of [#nestedState()], and as long as it says itself
    public void nestedState(byte[] state) {
        with(state.length, structure -> {
            structure.copyFrom(MemorySegment.ofArray(state));
            return call(KvmCalls.KVM_SET_NESTED_STATE, structure);
        });
    }

    /// Delivers an interrupt that chips outside KVM have, when the processor can take it.
    public void interrupt(int vector) {
        with(4, structure -> {
            structure.set(INT, 0, vector);
            return call(KvmCalls.KVM_INTERRUPT, structure);
        });
    }

    /// How fast its time stamp counter runs, in kHz.
    public int tscKhz() {
        return call(KvmCalls.KVM_GET_TSC_KHZ, 0);
    }

    public void tscKhz(int khz) {
        call(KvmCalls.KVM_SET_TSC_KHZ, khz);
    }

    /// Sets the flag of its KVM clock that the guest was stopped.
    ///
    /// @return false if the guest has not set one up
    public boolean guestStopped() {
        int result = device.tryCall(KvmCalls.KVM_KVMCLOCK_CTRL, 0);
        if (result < 0 && result != -Errno.EINVAL.number) {
            throw new KvmException(KvmCalls.KVM_KVMCLOCK_CTRL, device, -result);
        }
        return result == 0;
    }

    /// What is added to the host's time stamp counter to get this processor's.
    public long tscOffset() {
        return with(DEVICE_ATTRIBUTE_BYTES + Long.BYTES, attribute -> {
            call(KvmCalls.KVM_GET_DEVICE_ATTR, tscOffset(attribute));
            return attribute.get(LONG, DEVICE_ATTRIBUTE_BYTES);
        });
    }

    public void tscOffset(long offset) {
        with(DEVICE_ATTRIBUTE_BYTES + Long.BYTES, attribute -> {
            attribute.set(LONG, DEVICE_ATTRIBUTE_BYTES, offset);
            return call(KvmCalls.KVM_SET_DEVICE_ATTR, tscOffset(attribute));
        });
    }

    /// Group KVM_VCPU_TSC_CTRL and attribute KVM_VCPU_TSC_OFFSET are both 0; the value follows the structure.
    private static MemorySegment tscOffset(MemorySegment attribute) {
        attribute.set(LONG, 16, attribute.address() + DEVICE_ATTRIBUTE_BYTES);
        return attribute;
    }

    @Override
    public void close() {
        shared.close();
        super.close();
    }
}
