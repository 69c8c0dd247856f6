// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What a processor asks of the interrupt controller it is wired to. Called on the processor's own thread.
public interface InterruptController {
    /// Of [#acknowledge].
    int NONE = -1, LEAVE = -2;

    /// Takes the interrupt of highest priority: its vector, which is in service from now on; [#NONE] when there is none
    /// after all; [#LEAVE] to have [Cpu#run] return [CpuExit#INTERRUPT_WINDOW].
    int acknowledge();

    /// CR8: bits 7 to 4 of the task priority register.
    int taskPriority();

    void taskPriority(int cr8);

    /// Takes a non-maskable interrupt, whose request the processor has cancelled; the controller may make it again.
    ///
    /// @return false if there is none after all
    default boolean acknowledgeNmi() {
        return true;
    }

    /// A performance counter has overflowed.
    default void performanceInterrupt() { }

    /// A hardware error has been logged, whose interrupt the system wants.
    default void machineCheckInterrupt() { }

    /// The processor has taken an INIT.
    default void initialize() { }
}
