// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import org.javisor.host.HostMemory;
import org.javisor.memory.IoBus;
import org.javisor.vmm.MsrExitReason;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.KvmHypercalls;

/// The access to ports or MMIO addresses that a processor of KVM's has stopped at: string instructions make many of one
/// exit. Devices on the machine's buses answer their part at once; the rest are exits, one after another.
///
/// KVM completes the instruction, and only then moves RIP, when the processor is entered next: until then the access is
/// *open*.
final class KvmAccess {
    private final IoBus ports;
    private final IoBus mmio;
    private final boolean exitsOnUnclaimed;
    private final long run;
    private IoBus bus;
    private boolean write;
    private long address;
    /// How far the address moves behind each unit.
    private boolean moves;
    /// How many bytes the largest unit has, how many bytes are left, and where they are in this process.
    private int unit;
    private int left;
    private long data;
    /// How many bytes [#answer] is to give; 0 if nothing is awaited.
    private int awaited;
    private boolean open;
    /// Whether what is open is an access to a model-specific register, which has to be answered.
    private boolean register;
    /// Whether it is a call, which has to be answered.
    private boolean call;

    KvmAccess(Vm vm, long run) {
        this.ports = vm.ports();
        this.mmio = vm.mmio();
        this.exitsOnUnclaimed = vm.config().exitsOnUnclaimed();
        this.run = run;
    }

    /// Takes what an exit for ports tells.
    void beginPorts() {
        bus = ports;
        write = HostMemory.loadByte(run + RunLayout.IO_DIRECTION) == RunLayout.IO_OUT;
        unit = HostMemory.loadByte(run + RunLayout.IO_SIZE) & 0xff;
        left = unit * HostMemory.loadInt(run + RunLayout.IO_COUNT);
        address = HostMemory.loadShort(run + RunLayout.IO_PORT) & 0xffff;
        moves = false;
        data = run + HostMemory.loadLong(run + RunLayout.IO_DATA_OFFSET);
        open = true;
    }

    /// Takes what an exit for MMIO tells.
    void beginMmio() {
        bus = mmio;
        write = HostMemory.loadByte(run + RunLayout.MMIO_IS_WRITE) != 0;
        left = HostMemory.loadInt(run + RunLayout.MMIO_BYTES);
        unit = Long.BYTES;
        address = HostMemory.loadLong(run + RunLayout.MMIO_ADDRESS);
        moves = true;
        data = run + RunLayout.MMIO_DATA;
        open = true;
    }

    /// Takes what an exit for a model-specific register tells; without an answer the access is refused.
    VmExit beginMsr(boolean writing) {
        open = true;
        register = true;
        HostMemory.storeByte(run + RunLayout.MSR_ERROR, (byte) 1);
        int index = HostMemory.loadInt(run + RunLayout.MSR_INDEX);
        MsrExitReason why = switch (HostMemory.loadInt(run + RunLayout.MSR_REASON)) {
            case RunLayout.MSR_UNKNOWN -> MsrExitReason.UNKNOWN;
            case RunLayout.MSR_FILTER -> MsrExitReason.FILTER;
            default -> MsrExitReason.INVALID;
        };
        return writing ? new VmExit.MsrWrite(index, HostMemory.loadLong(run + RunLayout.MSR_DATA), why)
                : new VmExit.MsrRead(index, why);
    }

    /// Takes what an exit for a call tells; without an answer it succeeds.
    VmExit beginCall() {
        long number = HostMemory.loadLong(run + RunLayout.HYPERCALL_NUMBER);
        if (number != KvmHypercalls.MAP_GPA_RANGE) {
            return new VmExit.Hypercall(number);
        }
        open = true;
        call = true;
        HostMemory.storeLong(run + RunLayout.HYPERCALL_RESULT, 0);
        long arguments = run + RunLayout.HYPERCALL_ARGUMENTS;
        return new VmExit.MapGpaRange(HostMemory.loadLong(arguments), HostMemory.loadLong(arguments + Long.BYTES),
                HostMemory.loadLong(arguments + 2 * Long.BYTES));
    }

    boolean isWrite() {
        return write;
    }

    /// Has devices answer until there is something that none claims.
    ///
    /// @return the exit for it, or null when all is answered
    VmExit goOn() {
        if (awaited != 0) {
            answer(-1);
        }
        while (left > 0) {
            int bytes = Math.min(unit, Integer.highestOneBit(left));
            if (exitsOnUnclaimed && bus.unclaimed(address, bytes)) {
                if (!write || !bus.tapped(address, bytes, HostMemory.load(data, bytes))) {
                    return exit(bytes);
                }
            } else if (write) {
                bus.write(address, bytes, HostMemory.load(data, bytes));
            } else {
                HostMemory.store(data, bytes, bus.read(address, bytes));
            }
            pass(bytes);
        }
        return null;
    }

    private VmExit exit(int bytes) {
        long at = address;
        if (!write) {
            awaited = bytes;
            return bus == ports ? new VmExit.PortRead((int) at, bytes) : new VmExit.MmioRead(at, bytes);
        }
        long value = HostMemory.load(data, bytes);
        pass(bytes);
        return bus == ports ? new VmExit.PortWrite((int) at, bytes, (int) value)
                : new VmExit.MmioWrite(at, bytes, value);
    }

    private void pass(int bytes) {
        data += bytes;
        left -= bytes;
        if (moves) {
            address += bytes;
        }
    }

    /// Gives what was read, if anything is awaited.
    void answer(long value) {
        if (call) {
            call = false;
            HostMemory.storeLong(run + RunLayout.HYPERCALL_RESULT, value);
        }
        if (register) {
            register = false;
            HostMemory.storeByte(run + RunLayout.MSR_ERROR, (byte) 0);
            HostMemory.storeLong(run + RunLayout.MSR_DATA, value);
        }
        if (awaited != 0) {
            HostMemory.store(data, awaited, value);
            pass(awaited);
            awaited = 0;
        }
    }

    /// Answers an access to a model-specific register by #GP(0).
    void refuse() {
        register = false;
    }

    /// Whether everything is answered that KVM still has to complete.
    boolean isToBeCompleted() {
        return open && left == 0 && !register && !call;
    }

    /// KVM has been entered.
    void completed() {
        open = false;
        register = false;
        call = false;
    }

    /// Forgets an access that will not be completed.
    void reset() {
        completed();
        awaited = 0;
        left = 0;
    }
}
