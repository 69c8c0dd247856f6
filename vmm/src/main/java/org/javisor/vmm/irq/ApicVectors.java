// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.List;

/// The vectors that a local APIC holds: IRR, ISR and TMR, and the priorities that follow from them.
///
/// Anybody adds to IRR and TMR, which are atomic; everything else is changed by the processor's thread alone, and
/// volatile where senders look at it. Whoever adds to IRR looks at the priority afterwards, whoever lowers the priority
/// at IRR: one of them sees that the processor must be interrupted.
///
/// @sdm vol. 3A §11.8.4 "Interrupt Acceptance for Fixed Interrupts"
final class ApicVectors {
    /// Priorities are compared by class: the upper four bits.
    private static final int CLASS = 0xf0;

    private final VectorSet requested = new VectorSet();
    private final VectorSet inService = new VectorSet();
    private final VectorSet levelTriggered = new VectorSet();
    private volatile int taskPriority;
    private volatile int processorPriority;

    /// Requests a vector; any thread.
    ///
    /// @return whether it may interrupt the processor now
    boolean request(int vector, boolean level) {
        if (level) {
            levelTriggered.add(vector);
        } else if (levelTriggered.has(vector)) {
            levelTriggered.remove(vector);
        }
        requested.add(vector);
        return exceeds(vector);
    }

    private boolean exceeds(int vector) {
        return (vector & CLASS) > (processorPriority & CLASS);
    }

    boolean requests(int vector) {
        return requested.has(vector);
    }

    boolean isLevelTriggered(int vector) {
        return levelTriggered.has(vector);
    }

    /// Whether anything is requested, whatever its priority.
    boolean anyRequested() {
        return requested.highest() >= 0;
    }

    /// The vector that may interrupt the processor now, or -1.
    int deliverable() {
        int vector = requested.highest();
        return vector >= 0 && exceeds(vector) ? vector : -1;
    }

    /// The processor takes a vector.
    ///
    /// @param serves whether it is in service until it is ended
    void take(int vector, boolean serves) {
        requested.remove(vector);
        if (serves) {
            inService.add(vector);
        }
    }

    /// Ends the interrupt in service that has the highest priority.
    ///
    /// @return its vector, or -1 if there is none
    int end() {
        int vector = inService.highest();
        if (vector >= 0) {
            inService.remove(vector);
        }
        return vector;
    }

    // ---- priorities ----

    int taskPriority() {
        return taskPriority;
    }

    /// Sets TPR; the processor priority follows with [#derive].
    void taskPriority(int value) {
        taskPriority = value & 0xff;
    }

    int processorPriority() {
        return processorPriority;
    }

    /// Derives the processor priority from the task's and what is in service.
    ///
    /// @sdm vol. 3A §11.8.3.1 "Task and Processor Priorities"
    void derive() {
        int task = taskPriority;
        int served = Math.max(inService.highest(), 0) & CLASS;
        int priority = (task & CLASS) >= served ? task : served;
        if (priority != processorPriority) {
            processorPriority = priority;
        }
    }

    /// The arbitration priority, a formula of task priority, requests and services.
    ///
    /// @sdm vol. 3A §11.6.2.4 "Lowest Priority Delivery Mode"
    int arbitrationPriority() {
        int wanted = Math.max(requested.highest(), 0) & CLASS;
        int served = Math.max(inService.highest(), 0) & CLASS;
        return (taskPriority & CLASS) >= wanted && (taskPriority & CLASS) > served ? taskPriority
                : Math.max(Math.max(taskPriority & CLASS, wanted), served);
    }

    // ---- registers and state ----

    /// Word `index` of ISR, TMR or IRR.
    int word(int register, int index) {
        return of(register).word(index);
    }

    /// All of ISR, TMR or IRR.
    List<Integer> words(int register) {
        return of(register).words();
    }

    private VectorSet of(int register) {
        return switch (register) {
            case ApicLayout.ISR -> inService;
            case ApicLayout.TMR -> levelTriggered;
            default -> requested;
        };
    }

    void reset() {
        requested.clear();
        inService.clear();
        levelTriggered.clear();
        taskPriority = 0;
        processorPriority = 0;
    }

    /// Takes over what [#words] and [#taskPriority()] gave; the processor priority follows with [#derive].
    void restore(LocalApic.State saved) {
        requested.words(saved.requested());
        inService.words(saved.inService());
        levelTriggered.words(saved.levelTriggered());
        taskPriority(saved.taskPriority());
    }
}
