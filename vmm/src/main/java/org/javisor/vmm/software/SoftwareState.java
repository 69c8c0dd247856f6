// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.Optional;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.ProcessorEvents;
import org.javisor.cpu.ProcessorEvents.Queued;
import org.javisor.cpu.Requests;
import org.javisor.vmm.MpState;
import org.javisor.vmm.SmiState;
import org.javisor.vmm.VcpuEvents;
import org.javisor.vmm.irq.ApicPage;
import org.javisor.vmm.irq.LapicState;
import org.javisor.vmm.irq.LocalApic;

/// What a software vCPU that does not run has beside its registers, as [VcpuEvents] and [MpState] tell of it.
final class SoftwareState {
    private final Cpu cpu;
    private final ProcessorEvents processor;
    /// Null in a machine without interrupt chips.
    private final InterruptWiring wiring;

    SoftwareState(Cpu cpu, InterruptWiring wiring) {
        this.cpu = cpu;
        this.processor = new ProcessorEvents(cpu);
        this.wiring = wiring;
    }

    /// Whether something is to be delivered before the next instruction.
    boolean isDelivering() {
        return processor.queued() != null || processor.shutsDown();
    }

    /// Whether it has left in the middle of an instruction.
    boolean amidInstruction() {
        return processor.amidInstruction();
    }

    boolean readyForInterrupt() {
        return processor.takesInterrupts() && (wiring == null || wiring.takesOwnersInterrupts());
    }

    /// @throws IllegalStateException if the machine's own chips interrupt its processors
    void checkOwnersInterrupts() {
        if (wiring != null && !wiring.isSplit()) {
            throw new IllegalStateException("the interrupt chips of this machine interrupt its processors");
        }
    }

    void injectInterrupt(int vector) {
        if (vector < 0 || vector > 255) {
            throw new IllegalArgumentException("no interrupt has vector " + vector);
        }
        checkOwnersInterrupts();
        if (!readyForInterrupt()) {
            throw new IllegalStateException("the processor takes no interrupts now");
        }
        processor.queue(new Queued(vector, false, false, 0));
    }

    LapicState lapic() {
        return ApicPage.read(apic());
    }

    void lapic(LapicState page) {
        ApicPage.write(apic(), page);
    }

    private LocalApic apic() {
        if (wiring == null) {
            throw new IllegalStateException("this machine has no interrupt chips");
        }
        return wiring.apic();
    }

    VcpuEvents events() {
        Queued queued = processor.queued();
        Optional<VcpuEvents.PendingException> exception = Optional.empty();
        Optional<Integer> interrupt = Optional.empty();
        if (queued != null && queued.exception()) {
            exception = Optional.of(new VcpuEvents.PendingException(queued.vector(),
                    queued.hasErrorCode() ? Optional.of(queued.errorCode()) : Optional.empty()));
        } else if (queued != null) {
            interrupt = Optional.of(queued.vector());
        }
        return new VcpuEvents(exception, interrupt, processor.shadow(), (cpu.requests() & Requests.NMI) != 0,
                processor.nmiBlocked(), processor.startupVector(), processor.shutsDown());
    }

    void events(VcpuEvents events) {
        Queued queued = events.interrupt().map(vector -> new Queued(vector, false, false, 0)).orElse(null);
        if (events.exception().isPresent()) {
            VcpuEvents.PendingException exception = events.exception().get();
            queued = new Queued(exception.vector(), true, exception.errorCode().isPresent(),
                    exception.errorCode().orElse(0));
        }
        processor.queue(queued);
        processor.shutsDown(events.tripleFault());
        processor.shadow(events.shadow());
        processor.nmiBlocked(events.nmiMasked());
        processor.startupVector(events.startupVector());
        cpu.cancel(Requests.NMI | Requests.STARTUP);
        if (wiring != null) {
            wiring.forgetNmis();
        }
        if (events.nmiPending()) {
            nmi();
        }
    }

    SmiState smi() {
        return new SmiState(cpu.inSystemManagement(), (cpu.requests() & Requests.SMI) != 0,
                processor.nmiBlockedBehindManagement(), cpu.smbase());
    }

    void smi(SmiState smi) {
        processor.systemManagement(smi.active(), smi.nmiBlocked(), smi.base());
        cpu.cancel(Requests.SMI);
        if (smi.pending()) {
            cpu.request(Requests.SMI);
        }
    }

    void nmi() {
        if (wiring == null) {
            cpu.request(Requests.NMI);
        } else {
            wiring.nmi();
        }
    }

    /// @return whether an INIT had come, and has been taken
    boolean acceptInit() {
        return processor.acceptInit();
    }

    /// @param halted whether it has executed HLT
    MpState mpState(boolean halted) {
        if (!processor.awaitsStartup()) {
            return halted ? MpState.HALTED : MpState.RUNNABLE;
        }
        if ((cpu.requests() & Requests.STARTUP) != 0) {
            return MpState.SIPI_RECEIVED;
        }
        return processor.initialized() ? MpState.INIT_RECEIVED : MpState.UNINITIALIZED;
    }

    void mpState(MpState state) {
        if (wiring == null && state != MpState.RUNNABLE) {
            throw new IllegalArgumentException("without interrupt chips a processor is never " + state);
        }
        boolean waits = state != MpState.RUNNABLE && state != MpState.HALTED;
        processor.awaitsStartup(waits);
        processor.initialized(state != MpState.UNINITIALIZED);
        if (state == MpState.SIPI_RECEIVED) {
            cpu.request(Requests.STARTUP);
        } else {
            cpu.cancel(Requests.STARTUP);
        }
    }
}
